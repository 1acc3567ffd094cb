"""Ways for a test to make AWS fail: the next calls, or all calls until some time, are answered with an error."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class NeverAnswered(ReadTimeoutError, TimeoutError):
    """An answer that does not come before the caller gives up.

    For a state it is moto's TimeoutError: the task's `TimeoutSeconds` pass, on the clock. For a function it is boto3's.
    """

    def __init__(self) -> None:
        super().__init__(endpoint_url="https://aws.example")


@dataclass(slots=True, eq=False)
class Fault:
    """Hits calls whose parameters `matches` accepts, `times` times, before the time `until`.

    `operation` is a service's, like `sns.Publish`, or a function by the name of its folder: its event is what it is
    passed then.
    """

    operation: str
    answer: Callable[[], Any]
    times: float = float("inf")
    until: float = float("inf")
    matches: Callable[[Mapping[str, Any]], bool] = lambda parameters: True
    hits: int = 0


class Faults:
    """The faults of a deployment. `when` is a fault's `times`, `until` and `matches`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._faults: list[Fault] = []
        self._now = now

    def fail(
        self,
        operation: str,
        code: str = "InternalFailure",
        *,
        message: str = "Made to fail by a test.",
        status: int = 500,
        **when: Any,
    ) -> Fault:
        """Calls of `operation` raise a ClientError with this code and HTTP status."""

        def answer() -> Any:
            metadata = {"HTTPStatusCode": status, "RequestId": str(uuid.uuid4()), "RetryAttempts": 0}
            response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
            raise ClientError(response, operation.partition(".")[2])

        return self.answer(operation, answer, **when)

    def answer(self, operation: str, answer: Callable[[], Any], **when: Any) -> Fault:
        """Calls of `operation` return what `answer` returns, or raise what it raises; functions return a `Response`."""
        fault = Fault(operation, answer, **when)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """All is well again."""
        self._faults.clear()

    def strike(self, operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        """The fault that hits this call; it counts as a hit."""
        for fault in self._faults:
            hit = fault.operation == operation and fault.hits < fault.times and self._now() < fault.until
            if hit and fault.matches(parameters):
                fault.hits += 1
                return fault
        return None
