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
        return float(self._costs(check_cost_seconds).mean(axis=1).min())

    def _costs(self, check_cost_seconds: float) -> Seconds:
        return self.delays + check_cost_seconds * self.checks

    def cost_error(self, check_cost_seconds: float) -> float:
        """The standard error of the cost.

        Where there are runs, they are independent. One run over exports in the order of their durations is a
        systematic sample, whose error shows in the differences between neighbours.
        """
        costs = self._costs(check_cost_seconds)
        if len(costs) > 1:
            return float(costs.mean(axis=1).std(ddof=1) / len(costs) ** 0.5)
        if costs.size < 2:
            return 0.0
        return float((np.square(np.diff(costs[0])).sum() / 2 / (costs.size - 1) / costs.size) ** 0.5)


def measure(runs: Sequence[Seconds], durations: Seconds) -> Measurement:
    """Every run of a schedule on every duration. A run must look at or after the longest one."""
    last = [np.searchsorted(looks, durations) for looks in runs]
    checks = np.array([found + 1.0 for found in last])
    delays = np.array([looks[found] - durations for looks, found in zip(runs, last, strict=True)])
    return Measurement(checks, delays)


def measure_each(looks: Sequence[Sequence[int]], durations: Seconds) -> Measurement:
    """One run for each duration, which its last look ends."""
    checks = np.array([[len(own) for own in looks]], dtype=np.float64)
    delays = np.array([[own[-1] for own in looks]]) - durations
    return Measurement(checks, delays)
