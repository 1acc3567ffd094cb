"""What an observation means for a watch: the rules of a watch, as one pure function.

A watch ends when Emarsys reports a final status, or at its deadline. Final are the statuses `done` and `error`, and a
refusal that was first seen at least a minute ago with no status since. After everything else it is checked again.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from export_watch import reason as reasons
from export_watch.location import File, effective_method, locate, named
from export_watch.reason import Reason
from export_watch.schedule import Policy, wait_seconds
from export_watch.watch import (
    DistributionMethod,
    ExportStatus,
    Observation,
    Obstacle,
    Outcome,
    Refused,
    StatusSeen,
    Watch,
)

CONFIRM_REFUSAL_SECONDS = 60
"""An export-created event may come before Emarsys shows the export, so a refusal counts once it lasted this long."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Publish nothing; check again after `wait_seconds`."""

    watch: Watch
    wait_seconds: int
    outcome: Literal["wait"] = "wait"


@dataclass(frozen=True, slots=True)
class Stuck:
    """Publish that the export is stuck; check again after `wait_seconds`."""

    watch: Watch
    reason: Reason
    file: File | None
    wait_seconds: int
    outcome: Literal[Outcome.STUCK] = Outcome.STUCK


@dataclass(frozen=True, slots=True)
class End:
    """Publish the outcome, which is terminal; the watch is over."""

    watch: Watch
    outcome: Outcome
    reason: Reason | None = None
    file: File | None = None
    wait_seconds: Literal[0] = 0


Decision = Wait | Stuck | End
"""What follows from a check. `watch` is what to remember of it."""


def decide(watch: Watch, observation: Observation, now: float, policy: Policy) -> Decision:
    """Decide what follows from one check of an export, made at `now` (unix seconds)."""
    watch = _remember(watch, observation, now)
    if final := _final(watch, observation, now, policy):
        return final
    # The check came first: a final status wins over a deadline that has passed.
    if now >= watch.deadline_at:
        watched_seconds = int(now) - watch.started_at
        return End(watch, Outcome.EXPIRED, reasons.expired(observation, watched_seconds))
    if isinstance(observation, StatusSeen) and (stuck := _stuck(watch, observation, now, policy)):
        return stuck
    if isinstance(observation, Obstacle):
        return Wait(watch, wait_seconds(watch, now, policy, observation.retry_after_seconds))
    return Wait(watch, wait_seconds(watch, now, policy, rate_limit=observation.rate_limit))


def _remember(watch: Watch, observation: Observation, now: float) -> Watch:
    checks = watch.checks + 1
    moment = math.ceil(now)  # up, so that what is counted from it is never counted short
    answered = int(now)
    match observation:
        case StatusSeen(status=status, export=export):
            # `ready_since` is never reset: an export that leaves `ready` and comes back gets no second hour.
            newly_ready = status is ExportStatus.READY and watch.ready_since is None
            ready_since = moment if newly_ready else watch.ready_since
            return replace(
                watch,
                checks=checks,
                export=export,
                ready_since=ready_since,
                refused_since={},
                answered_at=answered,
            )
        case Refused(refusal=refusal):
            since = {refusal: moment, **watch.refused_since}
            return replace(watch, checks=checks, refused_since=since, answered_at=answered)
        case Obstacle():
            return replace(watch, checks=checks)
        case _:
            assert_never(observation)


def _final(watch: Watch, observation: Observation, now: float, policy: Policy) -> End | None:
    match observation:
        case StatusSeen(status=ExportStatus.DONE, export=export):
            file = None
            if named(export.file_name):
                file = locate(export, _method(watch, observation, policy), observation.file_url)
            return End(watch, Outcome.DONE, file=file)
        case StatusSeen(status=ExportStatus.ERROR):
            return End(watch, Outcome.ERROR, reasons.export_failed())
        case Refused(refusal=refusal) if now - watch.refused_since[refusal] >= CONFIRM_REFUSAL_SECONDS:
            return End(watch, Outcome.REJECTED, reasons.rejected(refusal))
        case _:
            return None


def _stuck(watch: Watch, seen: StatusSeen, now: float, policy: Policy) -> Stuck | None:
    since = watch.ready_since
    if seen.status is not ExportStatus.READY or since is None or watch.stuck_told:
        return None
    if now - since < policy.stuck_after_seconds:
        return None
    watch = replace(watch, stuck_told=True)
    method = _method(watch, seen, policy)
    host, left_seconds = named(seen.export.ftp_host), watch.deadline_at - int(now)
    reason = reasons.stuck(method, host, int(now) - since, left_seconds)
    file = locate(seen.export, method, seen.file_url) if method is DistributionMethod.LOCAL else None
    return Stuck(watch, reason, file, wait_seconds(watch, now, policy, rate_limit=seen.rate_limit))


def _method(watch: Watch, seen: StatusSeen, policy: Policy) -> DistributionMethod:
    return effective_method(watch.distribution_method, seen.export, policy.default_distribution_method)
