"""The fleet, and an Emarsys whose rate limit counts in one of the two common ways; its own is not documented.

Every watch checks when its real decision says, in the order of time. Moments are seconds.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple
from unittest.mock import patch

from export_watch import schedule
from export_watch.decision import End, decide
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.watch import (
    Export,
    ExportStatus,
    Obstacle,
    ObstacleCode,
    RateLimit,
    StatusSeen,
    Watch,
    WatchRequest,
)

WINDOW_SECONDS = 60
WEEK_SECONDS = 604_800


class Limit:
    """So many calls in any minute that ends now; its reset is always a minute away. Moments never go back."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self.taken: deque[float] = deque()

    def open_at(self, now: float) -> float:
        """When the next call is taken: `now`, or later."""
        while self.taken and self.taken[0] + WINDOW_SECONDS <= now:
            self.taken.popleft()
        return now if len(self.taken) < self.per_minute else self.taken[0] + WINDOW_SECONDS

    def reset_at(self, now: float) -> float:
        """What the header says of the end of the window."""
        return now + WINDOW_SECONDS

    def answer(self, now: float, status: ExportStatus) -> StatusSeen | Obstacle:
        """What a check sees: the status, or a refusal."""
        reset_seconds = math.ceil(self.reset_at(now) - now)
        if self.open_at(now) > now:
            return Obstacle(ObstacleCode.RATE_LIMITED, "", reset_seconds)
        self.taken.append(now)
        left = RateLimit(self.per_minute, self.per_minute - len(self.taken), reset_seconds)
        return StatusSeen(status, Export(status=status), "", rate_limit=left)


class FixedWindow(Limit):
    """So many calls in every minute of the clock."""

    def open_at(self, now: float) -> float:
        if self.taken and self.reset_at(self.taken[0]) <= now:
            self.taken.clear()
        return now if len(self.taken) < self.per_minute else self.reset_at(now)

    def reset_at(self, now: float) -> float:
        return (now // WINDOW_SECONDS + 1) * WINDOW_SECONDS


LIMITS: dict[str, Callable[[float], Limit]] = {
    "unlimited": lambda _: Limit(math.inf),
    "fixed": FixedWindow,
    "sliding": Limit,
}


def _unstretched(wait: float, *_: object) -> float:
    return wait


MANNERS: dict[str, Callable[[float, RateLimit | None, float], float]] = {
    "ours": schedule.stretch,
    "queue": _unstretched,
    "refusals_only": _unstretched,
}
"""What the fleet does about the limit, beside coming back when a refusal says so: how it stretches a wait.

The queue, which all watches share, lets each check through as soon as the limit permits, the one that waited longest
first. No watch could know what that takes; it is the best that the limit permits the schedule.
"""


class Announcement(NamedTuple):
    """An export that is announced at a moment, which is when it begins, and takes `duration` seconds."""

    at: float
    duration: float


class Run(NamedTuple):
    """By call, its moment and whether it was refused; by announcement, the calls and how late the end was seen."""

    calls: list[float]
    refused: list[bool]
    checks: list[int]
    delays: list[float]


def simulate(exports: Sequence[Announcement], limit: Limit, manner: str, first_id: int = 1) -> Run:
    """Watch every export to its end, with a deadline of a week. The ids make the jitter; a check takes no time."""
    run = Run(calls=[], refused=[], checks=[0] * len(exports), delays=[math.nan] * len(exports))
    policy, turns = Policy(), count()
    watches = [
        Watch.begin(WatchRequest(export_id, "fleet", 1, WEEK_SECONDS, None, {}), export.at)
        for export_id, export in enumerate(exports, first_id)
    ]
    due = [
        (export.at + first_wait_seconds(watch, policy), next(turns), number)
        for number, (watch, export) in enumerate(zip(watches, exports, strict=True))
    ]
    heapq.heapify(due)
    with patch.object(schedule, "stretch", MANNERS[manner]):
        while due:
            now, turn, number = heapq.heappop(due)
            if manner == "queue" and (open_at := limit.open_at(now)) > now:
                heapq.heappush(due, (open_at, turn, number))
                continue
            late = now - exports[number].at - exports[number].duration
            seen = limit.answer(now, ExportStatus.DONE if late >= 0 else ExportStatus.IN_PROGRESS)
            run.calls.append(now)
            run.checks[number] += 1
            run.refused.append(isinstance(seen, Obstacle))
            decision = decide(watches[number], seen, now, policy)
            watches[number] = decision.watch
            if isinstance(decision, End):
                run.delays[number] = late
            else:
                heapq.heappush(due, (now + decision.wait_seconds, next(turns), number))
    return run
