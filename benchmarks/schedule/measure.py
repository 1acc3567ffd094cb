"""What a schedule costs on given durations: checks, delay, and both in one figure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.schedule.workloads import Seconds


class Measurement(NamedTuple):
    """What one or more runs of a schedule did: a row for each run, a column for each export."""

    checks: Seconds
    delays: Seconds

    def costs(self, check_cost_seconds: float) -> Seconds:
        """Mean delay and checks of each run, in seconds of delay."""
        costs: Seconds = (self.delays + check_cost_seconds * self.checks).mean(axis=1)
        return costs


def until(longest_seconds: float, checks: Iterable[float]) -> Seconds:
    """These checks up to the first at or after `longest_seconds`."""
    made = []
    for now in checks:
        made.append(now)
        if now >= longest_seconds:
            break
    return np.array(made, dtype=np.float64)


def measure(runs: Sequence[Seconds], durations: Seconds) -> Measurement:
    """Every run of a schedule on every duration. A run must check at or after the longest one."""
    last = [np.searchsorted(checks, durations) for checks in runs]
    made = np.array(last, dtype=np.float64) + 1
    delays: Seconds = np.array([checks[found] for checks, found in zip(runs, last, strict=True)]) - durations
    return Measurement(made, delays)
