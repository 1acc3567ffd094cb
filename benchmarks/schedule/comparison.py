"""All schedules side by side on the same durations."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.schedule import ours
from benchmarks.schedule.cost import Measurement, least_cost
from benchmarks.schedule.others import OTHERS
from benchmarks.schedule.workloads import Seconds
from export_watch.schedule import Policy

OURS = "export_watch"
CHECK_COSTS = (1, 5, 20, 60)
"""What a check is worth, in seconds of delay."""

DEFAULT = Policy().check_cost_seconds
RUNS = 8
"""Of a schedule with chance in it: enough for an error of well below a percent."""

MEASURED_AT_ONCE = 1_000_000
"""Runs times exports, so that anyone's file fits into memory."""

Figures = dict[str, Any]
"""A schedule's `checks`, `delay_mean` and `delay_p95` by default, and its `relative_cost` by what a check is worth."""


class Comparison:
    """Measures schedules on the same durations, in seconds, against the best possible one."""

    def __init__(self, durations: Seconds) -> None:
        self.durations = durations
        self.runs = max(2, min(RUNS, MEASURED_AT_ONCE // len(durations)))
        self.least = {cost: least_cost(durations, cost) for cost in CHECK_COSTS}

    def ours(self, expected_seconds: int | None = None, runs: int | None = None) -> Figures:
        """Export Watch where no status changes until the end, with `CheckCostSeconds` set to what a check is worth."""
        measured = partial(ours.ignoring_status, self.durations, runs or self.runs, expected_seconds)
        return self.figures(measured)

    def others(self) -> dict[str, Figures]:
        """All others, which do the same whatever a check is worth."""
        return {
            name: self.untuned(other.measure(self.durations, self.runs)) for name, other in OTHERS.items()
        }

    def untuned(self, measured: Measurement) -> Figures:
        """A schedule that does the same whatever a check is worth."""
        return self.figures(lambda _: measured)

    def figures(self, schedule: Callable[[float], Measurement], sees_phases: bool = False) -> Figures:
        """What is reported of a schedule, measured for each cost of a check. None that is blind beats the optimum."""
        default = schedule(DEFAULT)
        costs = {cost: schedule(cost).costs(cost) / least for cost, least in self.least.items()}
        # Every run is one fixed schedule on all exports, unless it sees phases: none may win, but by rounding.
        if not sees_phases and min(map(np.min, costs.values())) < 1 - 1e-9:
            raise AssertionError("a schedule that knows nothing costs less than the best possible one")
        return {
            "checks": float(default.checks.mean()),
            "delay_mean": float(default.delays.mean()),
            "delay_p95": float(np.percentile(default.delays, 95)),
            "relative_cost": {str(cost): float(of.mean()) for cost, of in costs.items()},
        }
