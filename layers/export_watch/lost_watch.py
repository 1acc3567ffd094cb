"""AWS's event about a failed execution in, a lost watch out."""

import json
from dataclasses import dataclass

from export_watch import reason, state
from export_watch.errors import InvalidExecutionError
from export_watch.reason import Reason
from export_watch.watch import Watch


@dataclass(frozen=True, slots=True)
class LostWatch:
    """A watch as it began, and how its execution failed, at `failed_at` (unix seconds)."""

    watch: Watch
    execution_arn: str
    reason: Reason
    failed_at: float


def parse(body: str) -> LostWatch:
    """The lost watch of a Step Functions Execution Status Change event, given as the text of its JSON.

    Raises InvalidExecutionError: the event leaves the input out where it is long, and an execution may have been
    started by hand with an input that is no watch.
    """
    try:
        detail = json.loads(body)["detail"]
        execution_arn = str(detail["executionArn"])
        watch = state.load(json.loads(detail["input"])["watch"], execution_arn).watch
        return LostWatch(watch, execution_arn, reason.lost(detail["status"]), detail["stopDate"] / 1000)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidExecutionError(f"its event holds no watch: {error!r}") from error
