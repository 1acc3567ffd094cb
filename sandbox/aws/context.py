"""The context object that Lambda passes to a handler beside the event."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """As the Python runtime of Lambda has it; `ends_at` is on the monotonic clock."""

    function_name: str
    aws_request_id: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    ends_at: float
    function_version: str = "$LATEST"
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.ends_at - time.monotonic()) * 1000))
