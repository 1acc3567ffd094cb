"""The tables and pictures of the schedule."""

from collections.abc import Iterable, Mapping
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.document import table
from benchmarks.results import Measured
from benchmarks.schedule.others import OTHERS

IGNORES = "Export Watch, ignores status changes"
NAMES = {
    "export_watch_short_delivery": "**Export Watch**, short delivery",
    "export_watch_even_phases": "**Export Watch**, even phases",
    "export_watch_hint_right": f"{IGNORES}; hint right within 1.25",
    "export_watch": IGNORES,
    **{other.name: f"{other.label} ({other.used_by})" for other in OTHERS},
    "export_watch_hint_2_long": f"{IGNORES}; hint twice too long",
    "export_watch_hint_2_short": f"{IGNORES}; hint half of it",
    "export_watch_hint_5_long": f"{IGNORES}; hint five times too long",
    "export_watch_hint_5_short": f"{IGNORES}; hint a fifth of it",
    "export_watch_untuned": f"{IGNORES}; always at its default of 2 s",
    "textbook": f"{IGNORES}; with the textbook's `sqrt(2 * c * elapsed)`",
}
OURS = ("export_watch_even_phases", "export_watch_short_delivery", "export_watch")
USUAL = ("fixed_60", "durable_functions", "google_workflows", "load_testing")
GROUPS = {
    "four": "the four",
    "six": "six held out",
    "six_doubled": "those, twice as long",
    "forty": "forty at random",
}
FIFTY = ("four", "six", "forty")


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    four = measured["groups"]["four"]
    costs = " | ".join(f"c = {cost} s" for cost in four["bound"])
    return {
        "schedule-cost": _cost_table(measured["groups"]),
        "schedule-default": table(
            "the plain mean of the four | checks | mean delay | 95th percentile",
            (_figures(name, four["schedules"][name]) for name in (*OURS, *USUAL)),
        ),
        "schedule-fixed": _fixed_table(measured["curves"]),
        "schedule-workloads": table(
            f"exports that take | schedule | checks | mean delay | 95 % | {costs}",
            (
                f"{label} | {_figures(name, of)} | {_numbers(of['relative_cost'].values())}"
                for label, on in measured["workloads"].items()
                for name, of in on["schedules"].items()
            ),
        ),
        "schedule-sources": table(
            "other schedule | used by | where its rule was read",
            (f"{other.label} | {other.used_by} | {other.source}" for other in OTHERS),
        ),
    }


def relative_cost(of: Mapping[str, Any]) -> float:
    """The mean over the costs of a check."""
    return float(mean(of["relative_cost"].values()))


def _figures(name: str, of: Mapping[str, Any]) -> str:
    return f"{NAMES[name]} | {of['checks']:.1f} | {of['delay_mean']:.1f} s | {of['delay_p95']:.0f} s"


def _numbers(values: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)


def _cost_table(groups: Mapping[str, Any]) -> str:
    """The cheapest first, by the mean over the four, the six and the forty."""

    def of_fifty(name: str) -> float:
        costs = [relative_cost(groups[group]["schedules"][name]) for group in FIFTY]
        return float(np.average(costs, weights=[groups[group]["workloads"] for group in FIFTY]))

    bounds = _numbers(mean(groups[group]["bound"].values()) for group in GROUPS)
    rows = [f"*the least possible for a schedule that knows nothing* | {bounds} |  | "]
    for name in sorted(groups["four"]["schedules"], key=of_fifty):
        each = [groups[group]["schedules"][name] for group in GROUPS]
        worst = max(of["worst"] for of in each)
        costs = _numbers(map(relative_cost, each))
        rows.append(f"{NAMES[name]} | {costs} | **{of_fifty(name):.2f}** | {worst:.2f}")
    return table(f"cost relative to the optimum | {' | '.join(GROUPS.values())} | all fifty | worst", rows)


def _fixed_table(curves: Mapping[str, Any]) -> str:
    """The best fixed interval, chosen afterwards, for each cost of a check."""
    rows = []
    for ours in curves["ours"]:
        cost = partial(_plain_cost, ours["check_cost"])
        best = min(curves["fixed"], key=cost)
        rows.append(
            f"{ours['check_cost']:g} s | {ours['checks']:.1f} | {ours['delay_mean']:.1f} s | "
            f"every {best['interval']:g} s | {best['checks']:.1f} | {best['delay_mean']:.1f} s | "
            f"{cost(ours) / cost(best):.2f}"
        )
    own, fixed = "Export Watch: checks | delay", "best fixed interval | checks | delay"
    return table(f"a check is worth | {own} | {fixed} | Export Watch / fixed", rows)


def _plain_cost(check_cost: float, point: Mapping[str, float]) -> float:
    return point["delay_mean"] + check_cost * point["checks"]


def pictures(measured: Measured) -> dict[str, Figure]:
    """The drawing of each picture, by its name."""
    four = measured["groups"]["four"]["schedules"]
    shown = (*OURS, *USUAL)
    delays, checks = ([four[name][figure] for name in shown] for figure in ("delay_mean", "checks"))
    delay = picture.bars(
        "How late the end of an export is seen, and after how many checks: mean of four workloads",
        {_plain(name).replace(" (", "\n("): _colour(name) for name in shown},
        {"how late: mean delay": (delays, "{:.0f} s"), "how many: checks of an export": (checks, "{:.0f}")},
    )
    return {"schedule-delay": delay, "schedule-cost": _cost_picture(measured["groups"])}


def _plain(name: str) -> str:
    return NAMES[name].replace("*", "")


def _colour(name: str) -> str:
    return picture.OURS if name.startswith("export_watch") else picture.OTHERS[0]


def _cost_picture(groups: Mapping[str, Any]) -> Figure:
    """A row for each schedule, without who uses it, and a marker for each group of workloads."""
    bounds = [mean(groups[group]["bound"].values()) for group in FIFTY]
    rows = [(bounds, "the least possible without knowledge", picture.BEST)]
    for name in (*OURS, "export_watch_hint_right", *(other.name for other in OTHERS)):
        costs = [relative_cost(groups[group]["schedules"][name]) for group in FIFTY]
        rows.append((costs, _plain(name).partition(" (")[0], _colour(name)))
    each, labels, colours = zip(*sorted(rows, key=lambda row: -sum(row[0])), strict=True)
    title = "Cost relative to the optimum: mean delay + c x checks, c = 1 to 60 s"
    figure, [panel] = picture.axes(9, 4.8, title)
    for group, costs, marker in zip(FIFTY, np.transpose(each), "osD", strict=True):
        panel.scatter(costs, labels, marker=marker, c=colours)
        panel.scatter([], [], marker=marker, color="black", label=GROUPS[group])
    picture.logarithmic(panel, "x", (1, 1.5, 2, 3, 5, 10, 20, 30))
    panel.set_xlabel("times the least possible cost (logarithmic)")
    panel.legend(loc="upper right")
    return figure
