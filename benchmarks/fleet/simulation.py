"""The fleet: every watch looks when its real decision says, in the order of time."""

import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.fleet.server import Limit, answer
from export_watch import state
from export_watch.decision import decide
from export_watch.emarsys.reply import interpret
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.settings import MAX_DEADLINE_SECONDS
from export_watch.watch import DistributionMethod, ExportStatus, Watch, WatchRequest

SIZED_EXPORTS = 20
"""The size of the state is taken at every look of the first of a run; it does not depend on the others."""


class Manner(StrEnum):
    """How the fleet learns of the limit."""

    OURS = "ours"
    """From the headers of every reply: what is left, and when a refused watch may come back."""

    REFUSALS_ONLY = "refusals_only"
    """From refusals alone: no reply tells what is left."""

    QUEUE = "queue"
    """Not at all: a queue that all watches share lets every look through as soon as the limit permits, the one that
    waited longest first. No watch could know what that takes; it is the best that the limit permits the schedule."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An export that is announced at a moment, which is when it begins, and takes `duration` seconds."""

    at: float
    duration: float


@dataclass(slots=True)
class Run:
    """What a fleet did: when it called, when it was refused, and how late each end was seen, by announcement."""

    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    delays: dict[int, float] = field(default_factory=dict)
    checks: dict[int, int] = field(default_factory=dict)
    state_bytes: list[int] = field(default_factory=list)


def simulate(announcements: Sequence[Announcement], limit: Limit, manner: Manner, first_id: int = 1) -> Run:
    """Watch every export to its end. The ids, from `first_id` on, make the jitter; a look takes no time.

    The deadline is the longest one, a week, so that no workload is cut short.
    """
    run, policy = Run(), Policy()
    watches: list[Watch] = []
    due: list[tuple[float, int, int]] = []
    for number, announced in enumerate(announcements):
        request = WatchRequest(
            first_id + number, "fleet", 1, MAX_DEADLINE_SECONDS, DistributionMethod.FTP, "{}"
        )
        watches.append(Watch.begin(request, announced.at))
        due.append((announced.at + first_wait_seconds(watches[-1], policy), number, number))
    heapq.heapify(due)
    order = len(due)
    while due:
        now, turn, number = heapq.heappop(due)
        if manner is Manner.QUEUE and (open_at := limit.open_at(now)) > now:
            heapq.heappush(due, (open_at, turn, number))
            continue
        announced, watch = announcements[number], watches[number]
        ended = now >= announced.at + announced.duration
        status = ExportStatus.DONE if ended else ExportStatus.IN_PROGRESS
        reply = answer(limit, now, status, tells_what_is_left=manner is Manner.OURS)
        run.calls.append(now)
        if reply.status == 429:
            run.refused.append(now)
        decision = decide(watch, interpret(reply, watch.export_id, "", now), now, policy)
        watches[number] = decision.watch
        if number < SIZED_EXPORTS:
            run.state_bytes.append(len(json.dumps(state.dump(decision.watch, policy))))
        if decision.outcome:
            run.delays[number] = now - announced.at - announced.duration
            run.checks[number] = decision.watch.checks
        else:
            order += 1
            heapq.heappush(due, (now + decision.wait_seconds, order, number))
    return run
