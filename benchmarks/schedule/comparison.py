"""All schedules side by side on the same durations."""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.schedule import ours
from benchmarks.schedule.measure import Measurement
from benchmarks.schedule.optimum import best_schedule
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

ROUNDING = 1e-9
"""The relative error of sums of floating-point numbers, with room to spare."""

Schedule = Callable[[float], Measurement]
"""Measures a schedule with `CheckCostSeconds` set so; others have no such setting, and do the same whatever it is."""

Figures = dict[str, Any]
"""A schedule's `checks`, `delay_mean` and `delay_p95` by default, and its `relative_cost` with each setting."""


class BeatenOptimumError(Exception):
    """A schedule that knows nothing did better than the best possible one: the benchmark itself is wrong."""


def least_costs(durations: Seconds) -> dict[int, float]:
    """The cost of the best possible schedule, by what a check is worth."""
    return {cost: best_schedule(durations, cost).cost for cost in CHECK_COSTS}


def compare(
    durations: Seconds, least: Mapping[int, float], seed: int, expected_seconds: int | None = None
) -> dict[str, Figures]:
    """The figures of ours, without a hint and with this one, and of all others, on these durations in seconds."""
    runs = max(2, min(RUNS, MEASURED_AT_ONCE // len(durations)))
    found = {OURS: figures(partial(ours.blind, durations, runs), least)}
    if expected_seconds:
        hinted = partial(ours.blind, durations, runs, expected_seconds=expected_seconds)
        found[f"{OURS}_expected"] = figures(hinted, least)
    for other in OTHERS:
        found[other.name] = figures(always(other.measure(durations, runs, seed)), least)
    return found


def always(measured: Measurement) -> Schedule:
    """A schedule that does the same whatever `CheckCostSeconds` is."""
    return lambda _: measured


def figures(schedule: Schedule, least: Mapping[int, float], sees_phases: bool = False) -> Figures:
    """What is reported of a schedule. Raises BeatenOptimumError."""
    default = schedule(DEFAULT)
    costs = {cost: schedule(cost).costs(cost) for cost in least}
    # Every run is one fixed schedule on all exports, unless it sees phases: none may win, not even by luck.
    if not sees_phases and any(costs[cost].min() < least[cost] * (1 - ROUNDING) for cost in least):
        raise BeatenOptimumError("a schedule that knows nothing costs less than the best possible one")
    return {
        "checks": float(default.checks.mean()),
        "delay_mean": float(default.delays.mean()),
        "delay_p95": float(np.percentile(default.delays, 95)),
        "relative_cost": {str(cost): float(costs[cost].mean() / least[cost]) for cost in least},
    }


def mean_figures(each: list[Figures]) -> Figures:
    """The mean of each figure."""
    return {
        key: mean_figures([of[key] for of in each])
        if key == "relative_cost"
        else mean(of[key] for of in each)
        for key in each[0]
    }
