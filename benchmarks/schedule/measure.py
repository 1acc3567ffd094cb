"""What a schedule costs on given durations: checks, delay, and both in one figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.schedule.workloads import Seconds


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one or more runs of a schedule did: a row for each run, a column for each export."""

    checks: Seconds
    delays: Seconds

    @property
    def mean_checks(self) -> float:
        return float(self.checks.mean())

    @property
    def mean_delay(self) -> float:
        return float(self.delays.mean())

    @property
    def p95_delay(self) -> float:
        return float(np.percentile(self.delays, 95))

    def cost(self, check_cost_seconds: float) -> float:
        """Mean delay and checks, in seconds of delay."""
        return self.mean_delay + check_cost_seconds * self.mean_checks

    def least_cost(self, check_cost_seconds: float) -> float:
        """The cost of the run that did best."""
        return float((self.delays + check_cost_seconds * self.checks).mean(axis=1).min())


def measure(runs: Sequence[Seconds], durations: Seconds) -> Measurement:
    """Every run of a schedule on every duration. A run must check at or after the longest one."""
    last = [np.searchsorted(checks, durations) for checks in runs]
    made = np.array([found + 1.0 for found in last])
    delays = np.array([checks[found] - durations for checks, found in zip(runs, last, strict=True)])
    return Measurement(made, delays)
