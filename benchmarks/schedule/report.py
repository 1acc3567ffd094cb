"""The tables and pictures of the schedule."""

from collections.abc import Iterable, Mapping
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.benchmark import Measured
from benchmarks.document import table
from benchmarks.schedule.others import OTHERS

IGNORES = "Export Watch, ignores status changes"
NAMES = {
    "export_watch_even_phases": "**Export Watch**, even phases",
    "export_watch_short_delivery": "**Export Watch**, short delivery",
    "export_watch": IGNORES,
    "export_watch_hint_right": f"{IGNORES}; hint right within 1.25",
    "export_watch_hint_2_long": f"{IGNORES}; hint twice too long",
    "export_watch_hint_2_short": f"{IGNORES}; hint half of it",
    "export_watch_hint_5_long": f"{IGNORES}; hint five times too long",
    "export_watch_hint_5_short": f"{IGNORES}; hint a fifth of it",
    "export_watch_untuned": f"{IGNORES}; always at its default of 2 s",
    "textbook": f"{IGNORES}; with the textbook's `sqrt(2 * c * elapsed)`",
    **{name: f"{other.label} ({other.used_by})" for name, other in OTHERS.items()},
}
SHOWN = [*list(NAMES)[:3], "fixed_60", "fixed_90", "durable_functions", "google_workflows", "load_testing"]
GROUPS = {"four": "the four", "six": "six held out", "forty": "forty at random"}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    four = measured["groups"]["four"]
    costs = " | ".join(f"c = {cost} s" for cost in four["bound"])
    by_workload = (
        f"{label} | {_figures(name, of)} | {_numbers(of['relative_cost'].values())}"
        for label, on in measured["workloads"].items()
        for name, of in on["schedules"].items()
    )
    return {
        "schedule-cost": _cost_table(measured["groups"]),
        "schedule-default": table(
            "the plain mean of the four | checks | mean delay | 95th percentile",
            (_figures(name, four["schedules"][name]) for name in SHOWN),
        ),
        "schedule-workloads": table(
            f"exports that take | schedule | checks | mean delay | 95 % | {costs}", by_workload
        ),
        "schedule-sources": table(
            "other schedule | used by | where its rule was read",
            (f"{other.label} | {other.used_by} | {other.source}" for other in OTHERS.values()),
        ),
    }


def relative_cost(of: Mapping[str, Any]) -> float:
    """The mean over the costs of a check."""
    return float(mean(of["relative_cost"].values()))


def _figures(name: str, of: Mapping[str, Any]) -> str:
    return f"{NAMES[name]} | {of['checks']:.1f} | {of['delay_mean']:.1f} s | {of['delay_p95']:.0f} s"


def _numbers(values: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)


def _costs(groups: Mapping[str, Any], name: str) -> list[float]:
    """The relative costs of a schedule, one for each group."""
    return [relative_cost(groups[group]["schedules"][name]) for group in GROUPS]


def _bounds(groups: Mapping[str, Any]) -> list[float]:
    return [mean(groups[group]["bound"].values()) for group in GROUPS]


def _cost_table(groups: Mapping[str, Any]) -> str:
    """The cheapest first, by the mean over all workloads."""
    weights = [groups[group]["workloads"] for group in GROUPS]
    of_fifty = {name: np.average(_costs(groups, name), weights=weights) for name in NAMES}
    rows = [f"*the least possible for a schedule that knows nothing* | {_numbers(_bounds(groups))} |  | "]
    for name in sorted(NAMES, key=of_fifty.__getitem__):
        worst = max(groups[group]["schedules"][name]["worst"] for group in GROUPS)
        costs = _numbers(_costs(groups, name))
        rows.append(f"{NAMES[name]} | {costs} | **{of_fifty[name]:.2f}** | {worst:.2f}")
    return table(f"cost relative to the optimum | {' | '.join(GROUPS.values())} | all fifty | worst", rows)


def pictures(measured: Measured) -> dict[str, Figure]:
    """The drawing of each picture, by its name."""
    groups = measured["groups"]
    four = groups["four"]["schedules"]
    delay = picture.bars(
        "How late the end of an export is seen, and after how many checks: mean of four workloads",
        {_label(name): _colour(name) for name in SHOWN},
        {
            "how late: mean delay": ([four[name]["delay_mean"] for name in SHOWN], "{:.0f} s"),
            "how many: checks of an export": ([four[name]["checks"] for name in SHOWN], "{:.0f}"),
        },
    )
    shown = sorted((*list(NAMES)[:4], *OTHERS), key=lambda name: sum(_costs(groups, name)))
    columns = zip(_bounds(groups), *(_costs(groups, name) for name in shown), strict=True)
    cost = picture.bars(
        "Cost relative to the optimum, which is 1 (logarithmic): mean delay + c x checks, c = 1 to 60 s",
        {"the least possible\nwithout knowledge": picture.BEST}
        | {_label(name): _colour(name) for name in shown},
        {name: (column, "{:.2f}") for name, column in zip(GROUPS.values(), columns, strict=True)},
        logarithmic=True,
    )
    return {"schedule-delay": delay, "schedule-cost": cost}


def _label(name: str) -> str:
    """In two lines where it is long."""
    return NAMES[name].replace("*", "").replace("; ", ";\n").replace(" (", "\n(")


def _colour(name: str) -> str:
    return picture.OURS if name.startswith("export_watch") else picture.OTHERS[0]
