"""What an observation means for a watch: the rules of a watch, as one pure function.

Only Emarsys's final word or the deadline ends a watch. Final words are the statuses `done` and `error`, and
a refusal that was first seen at least a minute ago with no status since. All else means: look again later.
"""

import math
from dataclasses import dataclass, replace
from typing import Self, assert_never

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
"""An export may be announced before Emarsys shows it, so a refusal counts once it has lasted this long."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do after a look: `outcome` is what to tell subscribers, None for nothing.

    A terminal outcome ends the watch; otherwise the next look comes after `wait_seconds`.
    """

    watch: Watch
    outcome: Outcome | None = None
    reason: Reason | None = None
    file: File | None = None
    wait_seconds: int = 0

    @classmethod
    def wait(cls, watch: Watch, wait_seconds: int) -> Self:
        """Tell nothing; look again."""
        return cls(watch, wait_seconds=wait_seconds)

    @classmethod
    def tell_stuck(cls, watch: Watch, reason: Reason, file: File | None, wait_seconds: int) -> Self:
        """Tell that the export is stuck; look again."""
        return cls(watch, Outcome.STUCK, reason, file, wait_seconds)

    @classmethod
    def end(
        cls, watch: Watch, outcome: Outcome, reason: Reason | None = None, file: File | None = None
    ) -> Self:
        """Tell the outcome; the watch is over."""
        return cls(watch, outcome, reason, file)


def decide(watch: Watch, observation: Observation, now: float, policy: Policy) -> Decision:
    """Decide what follows from one look at an export, made at `now` (unix seconds)."""
    watch = _remember(watch, observation, now)
    if final := _final_word(watch, observation, now):
        return final
    # The look came first: a final word wins over a deadline that has passed.
    if now >= watch.deadline_at:
        watched_seconds = int(now) - watch.started_at
        return Decision.end(watch, Outcome.EXPIRED, reasons.expired(observation, watched_seconds))
    if isinstance(observation, StatusSeen) and _is_stuck(watch, observation, now, policy):
        return _tell_stuck(watch, observation, now, policy)
    if isinstance(observation, Obstacle):
        return Decision.wait(watch, wait_seconds(watch, now, policy, observation.retry_after_seconds))
    return Decision.wait(watch, wait_seconds(watch, now, policy, headroom=observation.headroom))


def _remember(watch: Watch, observation: Observation, now: float) -> Watch:
    checks = watch.checks + 1
    moment = math.ceil(now)  # up, so that what is counted from it is never counted short
    match observation:
        case StatusSeen(status=status, export=export):
            # `ready_since` is never reset: an export that leaves `ready` and comes back gets no second hour.
            newly_ready = status is ExportStatus.READY and watch.ready_since is None
            ready_since = moment if newly_ready else watch.ready_since
            return replace(watch, checks=checks, export=export, ready_since=ready_since, refused_since={})
        case Refused(refusal=refusal):
            return replace(watch, checks=checks, refused_since={refusal: moment, **watch.refused_since})
        case Obstacle():
            return replace(watch, checks=checks)
        case _:
            assert_never(observation)


def _final_word(watch: Watch, observation: Observation, now: float) -> Decision | None:
    match observation:
        case StatusSeen(status=ExportStatus.DONE, export=export):
            file = None
            if named(export.file_name):
                file = locate(export, _method(watch, observation), observation.export_url)
            return Decision.end(watch, Outcome.DONE, file=file)
        case StatusSeen(status=ExportStatus.ERROR):
            return Decision.end(watch, Outcome.ERROR, reasons.export_failed())
        case Refused(refusal=refusal) if now - watch.refused_since[refusal] >= CONFIRM_REFUSAL_SECONDS:
            return Decision.end(watch, Outcome.REJECTED, reasons.rejected(refusal))
        case _:
            return None


def _is_stuck(watch: Watch, seen: StatusSeen, now: float, policy: Policy) -> bool:
    return (
        seen.status is ExportStatus.READY
        and not watch.stuck_told
        and watch.ready_since is not None
        and now - watch.ready_since >= policy.stuck_after_seconds
    )


def _tell_stuck(watch: Watch, seen: StatusSeen, now: float, policy: Policy) -> Decision:
    watch = replace(watch, stuck_told=True)
    method = _method(watch, seen)
    reason = reasons.stuck(
        method,
        named(seen.export.ftp_host),
        ready_seconds=int(now) - (watch.ready_since or int(now)),
        seconds_to_deadline=watch.deadline_at - int(now),
    )
    file = locate(seen.export, method, seen.export_url) if method is DistributionMethod.LOCAL else None
    return Decision.tell_stuck(watch, reason, file, wait_seconds(watch, now, policy, headroom=seen.headroom))


def _method(watch: Watch, seen: StatusSeen) -> DistributionMethod:
    return effective_method(watch.distribution_method, seen.export)
