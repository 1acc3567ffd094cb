"""The benchmark of the schedule: all schedules on all workloads, and ours by what it may know of an export."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
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
NAMES = {"four": "the four", "six": "six held out", "forty": "forty at random", "all": "all fifty"}

Figures = dict[str, Any]
"""A schedule's `checks`, `delay_mean` and `delay_p95` by default, and its `relative_cost` by what a check is worth."""


def run(quick: bool) -> Measured:
    """All schedules on all groups of workloads, and on all workloads; quick takes the four."""
    samples, measured = {}, {}
    for group in ["four"] if quick else GROUPS:
        samples[group] = [workload(EXPORTS) for workload in GROUPS[group]]
        measured[group] = [compare(SCHEDULES, each, PHASED_EXPORTS[group]) for each in samples[group]]
    if not quick:
        samples["all"], measured["all"] = (list(chain(*of.values())) for of in (samples, measured))
    groups = {group: _of_group(samples[group], measured[group]) for group in samples}
    four = dict(zip(FOUR, measured["four"], strict=True))
    return {"exports": EXPORTS, "phased_exports": PHASED_EXPORTS, "groups": groups, "four": four}


def _of_group(samples: Sequence[Seconds], measured: Sequence[dict[str, Figures]]) -> dict[str, Any]:
    """The mean of each figure over the workloads, and the worst cost that a schedule has on any."""
    schedules = _mean(measured)
    for name, of in schedules.items():
        of["worst"] = max(max(each[name]["relative_cost"].values()) for each in measured)
    return {
        "duration_mean": float(np.mean(samples)),
        "bound": mean(bound(samples, cost) for cost in CHECK_COSTS),
        "schedules": schedules,
    }


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
        tuned = {cost: schedule.measure(sample, cost) if schedule.tuned else default for cost in CHECK_COSTS}
        costs = {cost: of.costs(cost) / least[cost] for cost, of in tuned.items()}
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
    """The mean over what a check is worth."""
    return float(mean(of["relative_cost"].values()))


def ratios(measured: Measured) -> dict[str, float]:
    """The relative costs of ours on the four. With a seed every run is the same."""
    of = measured["groups"]["four"]["schedules"]
    return {f"{name}, the four": relative_cost(of[name]) for name in OURS}


def tables(measured: Measured) -> dict[str, str]:
    """The cost of each schedule, the cheapest first, by the mean over all workloads."""
    groups = {name: measured["groups"][group] for group, name in NAMES.items()}
    bounds = " | ".join(f"{of['bound']:.2f}" for of in groups.values())
    rows = [f"*the least possible for a schedule that knows nothing* | {bounds} | "]
    fifty = measured["groups"]["all"]["schedules"]
    for name in sorted(fifty, key=lambda name: relative_cost(fifty[name])):
        costs = " | ".join(f"{relative_cost(of['schedules'][name]):.2f}" for of in groups.values())
        rows.append(f"{SCHEDULES[name].label} | {costs} | {fifty[name]['worst']:.2f}")
    return {"schedule-cost": table(f"cost relative to the optimum | {' | '.join(groups)} | worst", rows)}


def pictures(measured: Measured) -> dict[str, Figure]:
    """The drawing of each picture, by its name."""
    groups = measured["groups"]
    four, fifty = groups["four"]["schedules"], groups["all"]["schedules"]
    ours = list(OURS)[:3]
    shown = [*ours, "fixed_60", "fixed_90", "durable_functions", "google_workflows", "load_testing"]
    delay = picture.bars(
        "How late the end of an export is seen, and after how many checks: mean of four workloads",
        _bars(shown),
        {
            "how late: mean delay": ([four[name]["delay_mean"] for name in shown], "{:.0f} s"),
            "how many: checks of an export": ([four[name]["checks"] for name in shown], "{:.0f}"),
        },
    )
    shown = sorted([*ours, "export_watch_hint_right", *OTHERS], key=lambda name: relative_cost(fifty[name]))
    costs = {
        group: [of["bound"], *(relative_cost(of["schedules"][name]) for name in shown)]
        for group, of in groups.items()
    }
    cost = picture.bars(
        "Cost relative to the optimum, which is 1 (logarithmic): mean delay + c x checks, c = 1 to 60 s",
        {"the least possible\nwithout knowledge": picture.BEST, **_bars(shown)},
        {NAMES[group]: (costs[group], "{:.2f}") for group in GROUPS},
        logarithmic=True,
    )
    return {"schedule-delay": delay, "schedule-cost": cost}


def _bars(names: Iterable[str]) -> dict[str, str]:
    """Labels, in two lines where they are long, and colours."""
    labels = {name: SCHEDULES[name].label.replace("*", "") for name in names}
    return {
        label.replace("; ", ";\n").replace(" (", "\n("): picture.OURS if name in OURS else picture.OTHERS[0]
        for name, label in labels.items()
    }


SCHEDULE = Benchmark("schedule", run, tables, pictures, ratios, SEED)
