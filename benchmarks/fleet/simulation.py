"""The fleet: every watch checks when its real decision says, in the order of time."""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from unittest.mock import patch

from benchmarks.fleet.server import Unlimited
from export_watch import schedule
from export_watch.decision import End, decide
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.watch import ExportStatus, Obstacle, RateLimit, Watch, WatchRequest

WEEK_SECONDS = 604_800


class Manner(StrEnum):
    """What the fleet does about the limit, beside coming back when a refusal says so."""

    OURS = "ours"
    BY_SHARE = "by_share"
    """As until version 1: by the share that is left alone, each wait the same number of times as long."""

    REFUSALS_ONLY = "refusals_only"
    QUEUE = "queue"
    """A queue that all watches share lets each check through as soon as the limit permits, the one that waited longest
    first. No watch could know what that takes; it is the best that the limit permits the schedule."""


def _by_share(wait: float, limit: RateLimit | None, _: float) -> float:
    return wait if limit is None else wait * min(max(0.75 / max(limit.share, 0.01), 1) ** 3, 5)


def _unstretched(wait: float, *_: object) -> float:
    return wait


STRETCHES: dict[Manner, Callable[[float, RateLimit | None, float], float]] = {
    Manner.OURS: schedule.stretch,
    Manner.BY_SHARE: _by_share,
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """An export that is announced at a moment, which is when it begins, and takes `duration` seconds."""

    at: float
    duration: float


@dataclass(slots=True)
class Run:
    """When a fleet called, when it was refused; and by announcement, the calls and how late the end was seen."""

    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    delays: dict[int, float] = field(default_factory=dict)
    checks: Counter[int] = field(default_factory=Counter)


def simulate(exports: Sequence[Announcement], limit: Unlimited, manner: Manner, first_id: int = 1) -> Run:
    """Watch every export to its end, with a deadline of a week. The ids make the jitter; a check takes no time."""
    with patch.object(schedule, "stretch", STRETCHES.get(manner, _unstretched)):
        return _simulate(exports, limit, manner is Manner.QUEUE, first_id)


def _simulate(exports: Sequence[Announcement], limit: Unlimited, queued: bool, first_id: int) -> Run:
    run, policy = Run(), Policy()
    watches = [
        Watch.begin(WatchRequest(first_id + n, "fleet", 1, WEEK_SECONDS, None, {}), export.at)
        for n, export in enumerate(exports)
    ]
    due = [(exports[n].at + first_wait_seconds(watch, policy), n, n) for n, watch in enumerate(watches)]
    heapq.heapify(due)
    order = len(due)
    while due:
        now, turn, number = heapq.heappop(due)
        if queued and (open_at := limit.open_at(now)) > now:
            heapq.heappush(due, (open_at, turn, number))
            continue
        late = now - exports[number].at - exports[number].duration
        seen = limit.answer(now, ExportStatus.DONE if late >= 0 else ExportStatus.IN_PROGRESS)
        run.calls.append(now)
        run.checks[number] += 1
        if isinstance(seen, Obstacle):
            run.refused.append(now)
        decision = decide(watches[number], seen, now, policy)
        watches[number] = decision.watch
        if isinstance(decision, End):
            run.delays[number] = late
        else:
            order += 1
            heapq.heappush(due, (now + decision.wait_seconds, order, number))
    return run
