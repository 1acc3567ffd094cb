"""The benchmark of the schedule: all schedules on all workloads, and ours by what it may know of an export."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.schedule import ours
from benchmarks.schedule.comparison import CHECK_COSTS, DEFAULT, OURS, Comparison, by_cost, compare
from benchmarks.schedule.measure import Measurement, measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.pictures import pictures
from benchmarks.schedule.tables import tables
from benchmarks.schedule.workloads import (
    EVEN_PHASES,
    GROUPS,
    SEED,
    SHORT_DELIVERY,
    WORKLOADS,
    Seconds,
    Workload,
    phases,
)
from export_watch import schedule
from export_watch.schedule import Policy

EXPORTS = 10_000
PHASED_EXPORTS = {"four": 1000, "six": 1000, "six_doubled": 250, "forty": 250}
"""With phases each export has checks of its own, so these take most of the time."""

QUICK = ("four",)
PHASED = {f"{OURS}_even_phases": EVEN_PHASES, f"{OURS}_short_delivery": SHORT_DELIVERY}
HINTS = {"right": (1.25, 0.8), "2_long": (2,), "2_short": (1 / 2,), "5_long": (5,), "5_short": (1 / 5,)}
"""What an event's `expected_seconds` is of the mean duration of such exports."""

FEW_RUNS = 3
CURVE_COSTS = (0.3, 0.5, 1, 2, 5, 10, 20, 60)
CURVE_INTERVALS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300)


def run(quick: bool) -> Measured:
    """All schedules on all groups of workloads; quick takes the four, and leaves out what is only shown."""
    groups = {
        name: [_measure(workload, PHASED_EXPORTS[name], quick) for workload in workloads]
        for name, workloads in GROUPS.items()
        if not quick or name in QUICK
    }
    return {
        "exports": EXPORTS,
        "phased_exports": PHASED_EXPORTS,
        "check_costs": list(CHECK_COSTS),
        "default_check_cost": DEFAULT,
        "groups": {name: _group(GROUPS[name], each) for name, each in groups.items()},
        "workloads": {
            workload.name: {
                "label": workload.label,
                "description": workload.description,
                "duration_mean": float(workload.sample(EXPORTS).mean()),
                "schedules": each,
            }
            for workload, each in zip(WORKLOADS, groups["four"], strict=True)
        },
        **({} if quick else {"curves": _curves()}),
    }


def _measure(workload: Workload, phased_exports: int, quick: bool) -> dict[str, Any]:
    """Each schedule on one workload."""
    durations = workload.sample(EXPORTS)
    comparison = compare(durations, SEED)
    measured = {
        **comparison.measured,
        f"{OURS}_untuned": dict.fromkeys((DEFAULT, *CHECK_COSTS), comparison.measured[OURS][DEFAULT]),
        **{name: _phased(durations, phased_exports, weights) for name, weights in PHASED.items()},
    }
    if not quick:
        with patch.object(schedule, "base_wait_seconds", ours.textbook_wait_seconds):
            measured["textbook"] = by_cost(durations, FEW_RUNS)
    found = {name: _as_json(each, comparison) for name, each in measured.items()}
    for name, factors in HINTS.items():
        each = [
            _as_json(by_cost(durations, FEW_RUNS, round(factor * durations.mean())), comparison)
            for factor in factors
        ]
        found[f"{OURS}_hint_{name}"] = _mean(each)
    return found


def _phased(
    durations: Seconds,
    exports: int,
    weights: tuple[float, float, float],
    costs: Sequence[float] = CHECK_COSTS,
) -> dict[float, Measurement]:
    """Ours where it sees phases: on every so many of the exports, so that they are spread as all are."""
    step = len(durations) // exports
    own = durations[step // 2 :: step]
    shares = phases(len(own), weights)
    return {
        cost: ours.each(own, Policy(check_cost_seconds=cost), shares)
        for cost in dict.fromkeys((DEFAULT, *costs))
    }


def _as_json(measured: Mapping[float, Measurement], comparison: Comparison) -> dict[str, Any]:
    default = measured[DEFAULT]
    return {
        "checks": default.mean_checks,
        "delay_mean": default.mean_delay,
        "delay_p95": default.p95_delay,
        "relative_cost": {
            str(cost): measured[cost].cost(cost) / comparison.least[cost] for cost in CHECK_COSTS
        },
    }


def _mean(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each figure."""
    return {
        key: _mean([of[key] for of in each]) if isinstance(value, dict) else mean(of[key] for of in each)
        for key, value in each[0].items()
    }


def _group(workloads: Sequence[Workload], each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each schedule over a group, and the bound of any that knows nothing."""
    samples = [workload.sample(EXPORTS) for workload in workloads]
    schedules = {
        name: {
            **_mean([of[name] for of in each]),
            "worst": max(cost for of in each for cost in of[name]["relative_cost"].values()),
        }
        for name in each[0]
    }
    return {
        "workloads": len(workloads),
        "bound": {str(cost): _bound(samples, cost) for cost in CHECK_COSTS},
        "schedules": schedules,
    }


def _bound(samples: Sequence[Seconds], check_cost: float) -> float:
    """The least mean cost, relative to the optimum of each workload, that one schedule for all of them can have.

    It is the optimum of all durations together, each weighted by what its workload's least cost makes it count.
    """
    weights = [1 / best_schedule(sample, check_cost).cost for sample in samples]
    each = np.repeat(weights, [len(sample) for sample in samples])
    return best_schedule(np.concatenate(samples), check_cost, each).cost * mean(weights)


def _curves() -> dict[str, list[dict[str, float]]]:
    """Checks and delay in the plain mean of the four workloads: ours by the cost of a check, fixed intervals beside."""
    samples = [workload.sample(EXPORTS) for workload in WORKLOADS]
    ours_on = [_phased(sample, PHASED_EXPORTS["four"], EVEN_PHASES, CURVE_COSTS) for sample in samples]
    return {
        "ours": [_point("check_cost", cost, [on[cost] for on in ours_on]) for cost in CURVE_COSTS],
        "fixed": [
            _point("interval", interval, [_fixed(sample, interval) for sample in samples])
            for interval in CURVE_INTERVALS
        ],
    }


def _fixed(durations: Seconds, interval: float) -> Measurement:
    return measure([np.arange(interval, durations.max() + interval, interval)], durations)


def _point(key: str, value: float, on: Sequence[Measurement]) -> dict[str, float]:
    return {
        key: value,
        "checks": mean(each.mean_checks for each in on),
        "delay_mean": mean(each.mean_delay for each in on),
    }


def ratios(measured: Measured) -> dict[str, Ratio]:
    """The relative costs of ours in each group. They have no error: with a seed every run is the same."""
    return {
        f"{name}, the {group}": Ratio(mean(of["relative_cost"].values()))
        for group in QUICK
        for name, of in measured["groups"][group]["schedules"].items()
        if name.startswith(OURS)
    }


SCHEDULE = Benchmark("schedule", SEED, run, tables, pictures, ratios)
