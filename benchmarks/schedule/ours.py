"""When a watch of ours checks: the real schedule, jitter and all."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.schedule.measure import Measurement, measure
from benchmarks.schedule.workloads import LONGEST_SECONDS, Seconds
from export_watch.schedule import Policy, first_wait_seconds, wait_seconds
from export_watch.watch import Export, ExportStatus, Watch

EXPORTS = {status: Export(status=str(status)) for status in ExportStatus}


def checks(
    number: int,
    policy: Policy,
    status_at: Callable[[int], ExportStatus | None],
    expected_seconds: int | None = None,
) -> Iterator[int]:
    """The moments at which the watch of an export checks, without end. Its number makes the jitter.

    `status_at` says what a check finds, None for nothing that is of use. The deadline is the longest one, a week.
    """
    watch = Watch(
        execution=f"benchmark_{number}",
        account="benchmark",
        export_id=number,
        distribution_method=None,
        context={},
        started_at=0,
        deadline_at=LONGEST_SECONDS,
        expected_seconds=expected_seconds,
    )
    now = first_wait_seconds(watch, policy)
    while True:
        yield now
        status = status_at(now)
        watch = replace(
            watch,
            checks=watch.checks + 1,
            export=EXPORTS[status] if status else None,
            ready_since=now
            if status is ExportStatus.READY and watch.ready_since is None
            else watch.ready_since,
        )
        now += wait_seconds(watch, now, policy)


def checks_until(
    longest_seconds: float, number: int, policy: Policy, expected_seconds: int | None = None
) -> Seconds:
    """The checks of an export that shows no phases, up to the first at or after `longest_seconds`."""
    moments = []
    for now in checks(number, policy, lambda _: None, expected_seconds):
        moments.append(now)
        if now >= longest_seconds:
            break
    return np.array(moments, dtype=np.float64)


def blind(durations: Seconds, policy: Policy, runs: int, expected_seconds: int | None = None) -> Measurement:
    """Ours where no status changes until the end: so many runs of it on all exports."""
    longest = float(durations.max())
    return measure(
        [checks_until(longest, run + 1, policy, expected_seconds) for run in range(runs)], durations
    )


def each(
    durations: Seconds,
    policy: Policy,
    shares: npt.NDArray[np.float64] | None = None,
    expected: Seconds | None = None,
) -> Measurement:
    """One watch for each export.

    `shares` (n, 2) are when it leaves `scheduled` and becomes `ready`, as shares of its duration, None for an export
    that shows no phases; `expected` (n) how long its event says that it takes.
    """
    made, delays = np.zeros((1, len(durations))), np.zeros((1, len(durations)))
    for i, duration in enumerate(durations):
        begins, ready = (duration * shares[i]).tolist() if shares is not None else (0, math.inf)

        def status_at(now: int, begins: float = begins, ready: float = ready) -> ExportStatus:
            if now >= ready:
                return ExportStatus.READY
            return ExportStatus.IN_PROGRESS if now >= begins else ExportStatus.SCHEDULED

        hint = None if expected is None else max(1, min(round(expected[i]), LONGEST_SECONDS))
        for count, now in enumerate(checks(i + 1, policy, status_at, hint), start=1):
            if now >= duration:
                made[0, i], delays[0, i] = count, now - duration
                break
    return Measurement(made, delays)


def textbook_wait_seconds(elapsed_seconds: float, policy: Policy) -> float:
    """Keller's wait where the chance of an end falls exactly as 1/t: what `base_wait_seconds` might be instead."""
    wait = math.sqrt(2 * policy.check_cost_seconds * elapsed_seconds)
    return min(max(wait, policy.min_wait_seconds), policy.max_wait_seconds)
