"""The benchmark of the schedule: all schedules on all workloads, and ours by what it may know of an export."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.frame import Benchmark, Measured, table
from benchmarks.schedule.cost import least_cost
from benchmarks.schedule.schedules import DEFAULT, OTHERS, OURS, Schedule
from benchmarks.schedule.workloads import FOUR, GROUPS, SEED, Seconds

CHECK_COSTS = (1, 5, 20, 60)
"""What a check is worth, in seconds of delay."""

EXPORTS = 10_000
PHASED_EXPORTS = {"four": 1000, "six": 1000, "forty": 250}
"""With phases each export has checks of its own, so these take most of the time."""

SCHEDULES = OURS | OTHERS
NAMES = {"four": "the four", "six": "six held out", "forty": "forty at random"}

Figures = dict[str, Any]
"""A schedule's `checks`, `delay_mean` and `delay_p95` by default, and its `relative_cost` by what a check is worth."""


def run(quick: bool) -> Measured:
    """All schedules on all groups of workloads; quick takes the four."""
    groups: dict[str, Any] = {}
    for group in ["four"] if quick else GROUPS:
        samples = [workload(EXPORTS) for workload in GROUPS[group]]
        measured = [compare(SCHEDULES, durations, PHASED_EXPORTS[group]) for durations in samples]
        groups[group] = {
            "workloads": len(samples),
            "duration_mean": float(np.mean(samples)),
            "bound": {str(cost): bound(samples, cost) for cost in CHECK_COSTS},
            "schedules": _mean(measured),
        }
        for name, of in groups[group]["schedules"].items():
            of["worst"] = max(max(each[name]["relative_cost"].values()) for each in measured)
        if group == "four":
            four = dict(zip(FOUR, measured, strict=True))
    return {"exports": EXPORTS, "phased_exports": PHASED_EXPORTS, "groups": groups, "four": four}


def compare(
    schedules: Mapping[str, Schedule], durations: Seconds, phased_exports: int = 1
) -> dict[str, Figures]:
    """The figures of each schedule on the same durations. None that sees no phases beats the optimum."""
    least = {cost: least_cost(durations, cost) for cost in CHECK_COSTS}
    step = len(durations) // phased_exports
    found = {}
    for name, schedule in schedules.items():
        sample = durations[step // 2 :: step] if schedule.sees_phases else durations
        default = schedule.measure(sample, DEFAULT)
        costs = {cost: schedule.measure(sample, cost).costs(cost) / least[cost] for cost in CHECK_COSTS}
        # Every run is one fixed schedule on all exports, unless it sees phases: none may win, but by rounding.
        if not schedule.sees_phases and min(map(np.min, costs.values())) < 1 - 1e-9:
            raise AssertionError("a schedule that knows nothing costs less than the best possible one")
        found[name] = {
            "checks": float(default.checks.mean()),
            "delay_mean": float(default.delays.mean()),
            "delay_p95": float(np.percentile(default.delays, 95)),
            "relative_cost": {str(cost): float(of.mean()) for cost, of in costs.items()},
        }
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


def relative_cost(of: Figures) -> float:
    """The mean over the costs of a check."""
    return float(mean(of["relative_cost"].values()))


def ratios(measured: Measured) -> dict[str, float]:
    """The relative costs of ours on the four. With a seed every run is the same."""
    of = measured["groups"]["four"]["schedules"]
    return {f"{name}, the four": relative_cost(of[name]) for name in OURS}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    groups = measured["groups"]
    bounds = _numbers(mean(groups[group]["bound"].values()) for group in NAMES)
    rows = [f"*the least possible for a schedule that knows nothing* | {bounds} |  | "]
    weights = [groups[group]["workloads"] for group in NAMES]
    costs = {name: _costs(groups, name) for name in SCHEDULES}
    of_fifty = {name: np.average(costs[name], weights=weights) for name in SCHEDULES}
    for name in sorted(SCHEDULES, key=of_fifty.__getitem__):
        worst = max(groups[group]["schedules"][name]["worst"] for group in NAMES)
        label = SCHEDULES[name].label
        rows.append(f"{label} | {_numbers(costs[name])} | **{of_fifty[name]:.2f}** | {worst:.2f}")
    by_workload = (
        f"{label} | {SCHEDULES[name].label} | {of['checks']:.1f} | {of['delay_mean']:.1f} s | "
        f"{of['delay_p95']:.0f} s | {_numbers(of['relative_cost'].values())}"
        for label, on in {**measured["four"], "the four, in the mean": groups["four"]["schedules"]}.items()
        for name, of in on.items()
    )
    by_cost = " | ".join(f"c = {cost} s" for cost in CHECK_COSTS)
    return {
        "schedule-cost": table(
            f"cost relative to the optimum | {' | '.join(NAMES.values())} | all fifty | worst", rows
        ),
        "schedule-workloads": table(
            f"exports that take | schedule | checks | mean delay | 95 % | {by_cost}", by_workload
        ),
        "schedule-sources": table(
            "other schedule | where its rule was read",
            (f"{schedule.label} | {schedule.source}" for schedule in OTHERS.values()),
        ),
    }


def _numbers(values: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)


def _costs(groups: Mapping[str, Any], name: str) -> list[float]:
    """The relative costs of a schedule, one for each group."""
    return [relative_cost(groups[group]["schedules"][name]) for group in NAMES]


def pictures(measured: Measured) -> dict[str, Figure]:
    """The drawing of each picture, by its name."""
    groups = measured["groups"]
    four = groups["four"]["schedules"]
    ours = list(OURS)[:3]
    shown = [*ours, "fixed_60", "fixed_90", "durable_functions", "google_workflows", "load_testing"]
    delay = picture.bars(
        "How late the end of an export is seen, and after how many checks: mean of four workloads",
        {_label(name): _colour(name) for name in shown},
        {
            "how late: mean delay": ([four[name]["delay_mean"] for name in shown], "{:.0f} s"),
            "how many: checks of an export": ([four[name]["checks"] for name in shown], "{:.0f}"),
        },
    )
    shown = sorted((*ours, "export_watch_hint_right", *OTHERS), key=lambda name: sum(_costs(groups, name)))
    bounds = [mean(groups[group]["bound"].values()) for group in NAMES]
    columns = zip(bounds, *(_costs(groups, name) for name in shown), strict=True)
    cost = picture.bars(
        "Cost relative to the optimum, which is 1 (logarithmic): mean delay + c x checks, c = 1 to 60 s",
        {"the least possible\nwithout knowledge": picture.BEST}
        | {_label(name): _colour(name) for name in shown},
        {name: (column, "{:.2f}") for name, column in zip(NAMES.values(), columns, strict=True)},
        logarithmic=True,
    )
    return {"schedule-delay": delay, "schedule-cost": cost}


def _label(name: str) -> str:
    """In two lines where it is long."""
    return SCHEDULES[name].label.replace("*", "").replace("; ", ";\n").replace(" (", "\n(")


def _colour(name: str) -> str:
    return picture.OURS if name in OURS else picture.OTHERS[0]


SCHEDULE = Benchmark("schedule", run, tables, pictures, ratios, SEED)
