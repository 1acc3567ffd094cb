"""The benchmark of the schedule: all schedules on all workloads, and ours by what it may know of an export."""

from collections.abc import Sequence
from functools import partial
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.benchmark import Benchmark, Measured
from benchmarks.schedule import ours
from benchmarks.schedule.comparison import CHECK_COSTS, DEFAULT, OURS, RUNS, Comparison, Figures
from benchmarks.schedule.cost import least_cost
from benchmarks.schedule.report import pictures, relative_cost, tables
from benchmarks.schedule.workloads import FOUR, GROUPS, PHASES, SEED, Seconds
from export_watch import schedule

EXPORTS = 10_000
PHASED_EXPORTS = {"four": 1000, "six": 1000, "forty": 250}
"""With phases each export has checks of its own, so these take most of the time."""

HINTS = {"right": (1.25, 0.8), "2_long": (2,), "2_short": (1 / 2,), "5_long": (5,), "5_short": (1 / 5,)}
"""What an event's `expected_seconds` is of the mean duration of such exports."""

FEW_RUNS = 3


def run(quick: bool) -> Measured:
    """All schedules on all groups of workloads; quick takes the four."""
    groups: dict[str, Any] = {}
    for group in ["four"] if quick else GROUPS:
        samples = [workload(EXPORTS) for workload in GROUPS[group]]
        measured = [every_schedule(durations, PHASED_EXPORTS[group]) for durations in samples]
        groups[group] = {
            "workloads": len(samples),
            "bound": {str(cost): bound(samples, cost) for cost in CHECK_COSTS},
            "schedules": _mean(measured),
        }
        for name, of in groups[group]["schedules"].items():
            of["worst"] = max(max(each[name]["relative_cost"].values()) for each in measured)
        if group == "four":
            means = [float(durations.mean()) for durations in samples]
            workloads = {
                name: {"duration_mean": duration, "schedules": each}
                for name, duration, each in zip(FOUR, means, measured, strict=True)
            }
    return {"exports": EXPORTS, "phased_exports": PHASED_EXPORTS, "groups": groups, "workloads": workloads}


def every_schedule(durations: Seconds, phased_exports: int) -> dict[str, Figures]:
    """The figures of each schedule on one workload."""
    on = Comparison(durations)
    found = {OURS: on.ours(), **on.others()}
    found[f"{OURS}_untuned"] = on.untuned(ours.ignoring_status(durations, RUNS, None, DEFAULT))
    step = len(durations) // phased_exports
    spread = durations[step // 2 :: step]
    for name, weights in PHASES.items():
        found[f"{OURS}_{name}"] = on.figures(partial(ours.seeing_status, spread, weights), sees_phases=True)
    with patch.object(schedule, "base_wait_seconds", ours.textbook_wait_seconds):
        found["textbook"] = on.ours(runs=FEW_RUNS)
    for name, factors in HINTS.items():
        hints = [round(factor * durations.mean()) for factor in factors]
        found[f"{OURS}_hint_{name}"] = _mean([on.ours(hint, FEW_RUNS) for hint in hints])
    return found


def _mean(each: Sequence[Figures]) -> Figures:
    """The mean of each figure, at any depth."""
    values = {name: [of[name] for of in each] for name in each[0]}
    return {name: _mean(of) if isinstance(of[0], dict) else mean(of) for name, of in values.items()}


def bound(samples: Sequence[Seconds], check_cost: float) -> float:
    """The least mean cost, relative to the optimum of each workload, that one schedule for all of them can have.

    It is the optimum of all durations together, each weighted by what its workload's least cost makes it count.
    """
    weights = [1 / least_cost(sample, check_cost) for sample in samples]
    each = np.repeat(weights, [len(sample) for sample in samples])
    return least_cost(np.concatenate(samples), check_cost, each) * mean(weights)


def ratios(measured: Measured) -> dict[str, float]:
    """The relative costs of ours on the four. With a seed every run is the same."""
    of = measured["groups"]["four"]["schedules"]
    return {f"{name}, the four": relative_cost(of[name]) for name in of if name.startswith(OURS)}


SCHEDULE = Benchmark("schedule", run, tables, pictures, ratios, SEED)
