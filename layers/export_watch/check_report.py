"""What to log and count of a check: which lines, at which level, with which metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from logging import ERROR, INFO, WARNING
from typing import Any, assert_never

from export_watch.decision import Decision, End, Stuck, Wait
from export_watch.reason import REMEDY, remedy
from export_watch.schedule import Policy
from export_watch.watch import (
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    Refused,
    StatusSeen,
    Watch,
)

LOW_HEADROOM = 0.5
"""What is left of the rate limit is counted where it is less: a line for each check of a healthy watch costs more than
it says."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known before a check: the watch, its policy, and what the state machine caught.

    That is the error of a check that failed with all its retries since the last one that succeeded, and of a `stuck`
    that could not be published for an hour.
    """

    watch: Watch
    policy: Policy
    check_failure: str | None = None
    stuck_failure: str | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line at a level of `logging`, the metrics that belong to it by their names, and further keys."""

    level: int
    message: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)


def lines(before: Before, observation: Observation, decision: Decision, now: float) -> Iterator[LogLine]:
    """The lines about a check, made at `now` (unix seconds), of the watch as it was `before`."""
    if before.check_failure:
        yield LogLine(ERROR, f"the check before this one failed with all its retries: {before.check_failure}")
    if before.stuck_failure:
        message = f"`stuck` could not be published for an hour: {before.stuck_failure}"
        yield LogLine(ERROR, message, {"NotificationsFailed": 1})
    answered_at = before.watch.answered_at
    unanswered_seconds = None if answered_at is None else max(0.0, now - answered_at)
    is_long = unanswered_seconds is not None and unanswered_seconds >= _longest_silence(before)
    level, found, metrics = _found(observation, unanswered_for_long=is_long)
    follows = f"check again in {decision.wait_seconds} s" if isinstance(decision, Wait) else decision.outcome
    yield LogLine(level, f"{found}: {follows}", metrics, {"checks": decision.watch.checks})
    if not isinstance(decision, Wait):
        yield _outcome(decision, unanswered_seconds)


def _longest_silence(before: Before) -> float:
    """Seconds after which a watch without an answer is for a person to see to.

    An hour since the check that had to follow the last answer, or half of all the time that the watch has.
    """
    watch = before.watch
    return min(3600 + before.policy.max_wait_seconds, (watch.deadline_at - watch.started_at) / 2)


def _found(observation: Observation, *, unanswered_for_long: bool) -> tuple[int, str, dict[str, float]]:
    """Level, text and metrics of what a check found."""
    match observation:
        case StatusSeen(status=ExportStatus.UNKNOWN, export=export):
            level = WARNING
            text = (
                f"Emarsys does not document the status {str(export.status)[:60]!a}. "
                f"{REMEDY[ObstacleCode.UNEXPECTED_REPLY]} Then"
            )
        case StatusSeen(status=status, odd_fields=odd):
            level = WARNING if odd else INFO
            text = f"status {status}" + (
                f" (ignored, not of the documented kind: {', '.join(odd)})" if odd else ""
            )
        case Refused(refusal=refusal):
            level, text = INFO, f"refused as {refusal}"
        case Obstacle():
            return _obstacle(observation, unanswered_for_long=unanswered_for_long)
        case _:
            assert_never(observation)
    limit = observation.rate_limit
    metrics = {"RateLimitHeadroom": 100 * limit.share} if limit and limit.share < LOW_HEADROOM else {}
    return level, text, metrics


def _obstacle(obstacle: Obstacle, *, unanswered_for_long: bool) -> tuple[int, str, dict[str, float]]:
    name = "AwsUnavailable" if obstacle.aws_unavailable else obstacle.code.title().replace("_", "")
    metrics = {name: 1.0}
    if obstacle.needs_a_person:
        metrics["NeedsAttention"] = 1
    elif unanswered_for_long:
        metrics["LongUnanswered"] = 1
    level = ERROR if obstacle.needs_a_person or unanswered_for_long else WARNING
    return level, f"{obstacle.code}: {obstacle.detail}. {remedy(obstacle)} Then", metrics


def _outcome(decision: Stuck | End, unanswered_seconds: float | None) -> LogLine:
    """The outcome. A final status is seen so much later at most than it was there: since the last answer before it."""
    metrics = {f"Watches{decision.outcome.title()}": 1.0}
    if decision.outcome in (Outcome.DONE, Outcome.ERROR) and unanswered_seconds is not None:
        metrics["DetectionDelay"] = unanswered_seconds
    reason = decision.reason and decision.reason.code
    return LogLine(INFO, f"outcome {decision.outcome}", metrics, {"reason": reason})
