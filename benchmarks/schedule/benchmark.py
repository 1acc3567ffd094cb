"""The benchmark of the schedule: all schedules on all workloads, and ours by what it may know of an export."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.results import Measured
from benchmarks.schedule import ours
from benchmarks.schedule.comparison import CHECK_COSTS, DEFAULT, OURS, RUNS, Comparison, Figures, mean_figures
from benchmarks.schedule.measure import Measurement, measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.report import pictures, relative_cost, tables
from benchmarks.schedule.workloads import EVEN_PHASES, FOUR, GROUPS, SEED, SHORT_DELIVERY, Seconds
from export_watch import schedule

EXPORTS = 10_000
PHASED_EXPORTS = {"four": 1000, "six": 1000, "six_doubled": 250, "forty": 250}
"""With phases each export has checks of its own, so these take most of the time."""

PHASED = {"even_phases": EVEN_PHASES, "short_delivery": SHORT_DELIVERY}
HINTS = {"right": (1.25, 0.8), "2_long": (2,), "2_short": (1 / 2,), "5_long": (5,), "5_short": (1 / 5,)}
"""What an event's `expected_seconds` is of the mean duration of such exports."""

FEW_RUNS = 3
CURVE_COSTS = (0.3, 0.5, 1, DEFAULT, 5, 10, 20, 60)
CURVE_INTERVALS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300)


def run(quick: bool) -> Measured:
    """All schedules on all groups of workloads; quick takes the four, and leaves out what is only shown."""
    samples = {
        group: [workload(EXPORTS) for workload in workloads]
        for group, workloads in GROUPS.items()
        if not quick or group == "four"
    }
    measured = {
        group: [every_schedule(durations, PHASED_EXPORTS[group]) for durations in each]
        for group, each in samples.items()
    }
    return {
        "exports": EXPORTS,
        "phased_exports": PHASED_EXPORTS,
        "groups": {group: _summary(samples[group], each) for group, each in measured.items()},
        "workloads": {
            name: {"duration_mean": float(durations.mean()), "schedules": each}
            for name, durations, each in zip(FOUR, samples["four"], measured["four"], strict=True)
        },
        "curves": {} if quick else _curves(samples["four"]),
    }


def every_schedule(durations: Seconds, phased_exports: int) -> dict[str, Figures]:
    """The figures of each schedule on one workload."""
    on = Comparison(durations)
    found = {OURS: on.ours(), **on.others()}
    found[f"{OURS}_untuned"] = on.untuned(ours.ignoring_status(durations, RUNS, None, DEFAULT))
    for name, weights in PHASED.items():
        seeing = partial(ours.seeing_status, spread(durations, phased_exports), weights)
        found[f"{OURS}_{name}"] = on.figures(seeing, sees_phases=True)
    with patch.object(schedule, "base_wait_seconds", ours.textbook_wait_seconds):
        found["textbook"] = on.ours(runs=FEW_RUNS)
    for name, factors in HINTS.items():
        hints = [round(factor * durations.mean()) for factor in factors]
        found[f"{OURS}_hint_{name}"] = mean_figures([on.ours(hint, FEW_RUNS) for hint in hints])
    return found


def spread(durations: Seconds, exports: int) -> Seconds:
    """Every so many of the durations, so that they are spread as all are."""
    step = len(durations) // exports
    return durations[step // 2 :: step]


def _summary(samples: Sequence[Seconds], each: Sequence[Mapping[str, Figures]]) -> dict[str, Any]:
    """The mean of each schedule over a group, and the bound of any that knows nothing."""
    by_name = {name: [of[name] for of in each] for name in each[0]}
    return {
        "workloads": len(samples),
        "bound": {str(cost): bound(samples, cost) for cost in CHECK_COSTS},
        "schedules": {
            name: {
                **mean_figures(found),
                "worst": max(cost for of in found for cost in of["relative_cost"].values()),
            }
            for name, found in by_name.items()
        },
    }


def bound(samples: Sequence[Seconds], check_cost: float) -> float:
    """The least mean cost, relative to the optimum of each workload, that one schedule for all of them can have.

    It is the optimum of all durations together, each weighted by what its workload's least cost makes it count.
    """
    weights = [1 / best_schedule(sample, check_cost).cost for sample in samples]
    each = np.repeat(weights, [len(sample) for sample in samples])
    return best_schedule(np.concatenate(samples), check_cost, each).cost * mean(weights)


def _curves(samples: Sequence[Seconds]) -> dict[str, list[dict[str, float]]]:
    """Checks and delay in the plain mean of the workloads: ours by the cost of a check, fixed intervals beside."""

    def point(name: str, value: float, on: Sequence[Measurement]) -> dict[str, float]:
        checks, delay = mean(each.checks.mean() for each in on), mean(each.delays.mean() for each in on)
        return {name: value, "checks": float(checks), "delay_mean": float(delay)}

    def fixed(interval: float, on: Seconds) -> Measurement:
        return measure([np.arange(interval, on.max() + interval, interval)], on)

    phased = [spread(sample, PHASED_EXPORTS["four"]) for sample in samples]
    return {
        "ours": [
            point("check_cost", cost, [ours.seeing_status(each, EVEN_PHASES, cost) for each in phased])
            for cost in CURVE_COSTS
        ],
        "fixed": [
            point("interval", interval, [fixed(interval, each) for each in samples])
            for interval in CURVE_INTERVALS
        ],
    }


def ratios(measured: Measured) -> dict[str, float]:
    """The relative costs of ours on the four. With a seed every run is the same."""
    of = measured["groups"]["four"]["schedules"]
    return {f"{name}, the four": relative_cost(of[name]) for name in of if name.startswith(OURS)}


SCHEDULE = Benchmark("schedule", run, tables, pictures, ratios, SEED)
