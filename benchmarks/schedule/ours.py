"""When a watch of ours looks: the real decision, with the real schedule in it, jitter and all."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.schedule.workloads import Phases, Seconds
from export_watch.decision import decide
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.settings import MAX_DEADLINE_SECONDS
from export_watch.watch import DistributionMethod, Export, ExportStatus, StatusSeen, Watch, WatchRequest


def looks(export_id: int, policy: Policy, status_at: Callable[[int], ExportStatus]) -> Iterator[int]:
    """The moments at which the watch of an export looks, until one ends it. The id makes the jitter.

    The deadline is the longest one, a week, so that no workload is cut short.
    """
    request = WatchRequest(export_id, "benchmark", 1, MAX_DEADLINE_SECONDS, DistributionMethod.FTP, "{}")
    watch = Watch.begin(request, 0)
    now = first_wait_seconds(watch, policy)
    while True:
        yield now
        decision = decide(watch, StatusSeen(status_at(now), Export(), ""), now, policy)
        if decision.outcome is not None and decision.outcome.terminal:
            return
        watch = decision.watch
        now += decision.wait_seconds


def looks_until(longest_seconds: float, export_id: int, policy: Policy) -> Seconds:
    """The looks at an export that shows no phases, up to the first at or after `longest_seconds`."""

    def status_at(now: int) -> ExportStatus:
        return ExportStatus.DONE if now >= longest_seconds else ExportStatus.IN_PROGRESS

    return np.array(list(looks(export_id, policy, status_at)), dtype=np.float64)


def textbook_wait_seconds(elapsed_seconds: float, policy: Policy) -> float:
    """Keller's wait where the chance of an end falls exactly as 1/t: what `base_wait_seconds` might be instead."""
    wait = math.sqrt(2 * policy.check_cost_seconds * elapsed_seconds)
    return min(max(wait, policy.min_wait_seconds), policy.max_wait_seconds)


def looks_through(phases: Phases, export_id: int, policy: Policy) -> list[int]:
    """The looks at an export that goes through its phases, the last one finding it done."""

    def status_at(now: int) -> ExportStatus:
        if now >= phases.done_at:
            return ExportStatus.DONE
        if now >= phases.ready_at:
            return ExportStatus.READY
        return ExportStatus.IN_PROGRESS if now >= phases.started_at else ExportStatus.SCHEDULED

    return list(looks(export_id, policy, status_at))
