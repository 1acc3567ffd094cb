"""When a watch of ours checks: the real schedule, jitter and all."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import numpy as np

from benchmarks.schedule.cost import Measurement, measure, until
from benchmarks.schedule.workloads import LONGEST_SECONDS, Seconds, phases
from export_watch.schedule import Policy, first_wait_seconds, wait_seconds
from export_watch.watch import Export, ExportStatus, Watch, WatchRequest

EXPORTS = {status: Export(status=status) for status in ExportStatus}


def checks(
    number: int,
    check_cost: float,
    expected_seconds: int | None = None,
    status_at: Callable[[int], ExportStatus] | None = None,
) -> Iterator[int]:
    """The moments at which the watch of an export checks, without end. Its number makes the jitter.

    `status_at` says what a check finds, None that there is nothing of use.
    """
    policy = Policy(check_cost_seconds=check_cost)
    watch = Watch.begin(WatchRequest(number, "benchmark", 1, LONGEST_SECONDS, None, {}, expected_seconds), 0)
    now = first_wait_seconds(watch, policy)
    for made in count(1):
        yield now
        watch = replace(watch, checks=made)
        if status_at:
            status = status_at(now)
            becomes_ready = status is ExportStatus.READY and watch.ready_since is None
            watch = replace(
                watch, export=EXPORTS[status], ready_since=now if becomes_ready else watch.ready_since
            )
        now += wait_seconds(watch, now, policy)


def ignoring_status(
    durations: Seconds, runs: int, expected_seconds: int | None, check_cost: float
) -> Measurement:
    """Ours where no status changes until the end: so many runs of it on all exports."""
    made = [checks(run, check_cost, expected_seconds) for run in range(1, runs + 1)]
    return measure([until(durations.max(), moments) for moments in made], durations)


def seeing_status(durations: Seconds, weights: tuple[float, float, float], check_cost: float) -> Measurement:
    """Ours where an export goes through its phases: one watch for each export."""
    made, delays = [], []
    changes = (durations[:, np.newaxis] * phases(len(durations), weights)).tolist()
    for number, (duration, (begins, ready)) in enumerate(zip(durations, changes, strict=True), 1):

        def status_at(now: int, begins: float = begins, ready: float = ready) -> ExportStatus:
            if now >= ready:
                return ExportStatus.READY
            return ExportStatus.IN_PROGRESS if now >= begins else ExportStatus.SCHEDULED

        moments = until(duration, checks(number, check_cost, None, status_at))
        made.append(float(len(moments)))
        delays.append(moments[-1] - duration)
    return Measurement(np.array([made]), np.array([delays]))


def textbook_wait_seconds(elapsed_seconds: float, policy: Policy) -> float:
    """Keller's wait where the chance of an end falls exactly as 1/t: what `base_wait_seconds` might be instead."""
    wait = math.sqrt(2 * policy.check_cost_seconds * elapsed_seconds)
    return min(max(wait, policy.min_wait_seconds), policy.max_wait_seconds)
