"""The tables of the schedule."""

from statistics import mean
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table
from benchmarks.schedule.others import OTHERS

BLIND = "Export Watch, ignores status changes"
NAMES = {
    "export_watch_short_delivery": "**Export Watch**, short delivery",
    "export_watch_even_phases": "**Export Watch**, even phases",
    "export_watch": BLIND,
    "export_watch_hint_right": f"{BLIND}; hint right within 1.25",
    "export_watch_hint_2_long": f"{BLIND}; hint twice too long",
    "export_watch_hint_2_short": f"{BLIND}; hint half of it",
    "export_watch_hint_5_long": f"{BLIND}; hint five times too long",
    "export_watch_hint_5_short": f"{BLIND}; hint a fifth of it",
    "export_watch_untuned": f"{BLIND}; always at its default of 2 s",
    "textbook": f"{BLIND}; with the textbook's `sqrt(2 * c * elapsed)`",
    **{other.name: f"{other.label} ({other.shipped_by})" for other in OTHERS},
}
GROUPS = {
    "four": "the four",
    "six": "six held out",
    "six_doubled": "those, twice as long",
    "forty": "forty at random",
}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "schedule-cost": _cost(measured),
        "schedule-default": _default(measured),
        "schedule-fixed": _fixed(measured),
        "schedule-workloads": _workloads(measured),
        "schedule-sources": table(
            ["other schedule", "used by", "where its rule was read"],
            ([other.label, other.shipped_by, other.source] for other in OTHERS),
        ),
    }


def relative_cost(of: dict[str, Any]) -> float:
    """The mean over the costs of a check."""
    return float(mean(of["relative_cost"].values()))


def of_fifty(measured: Measured, name: str) -> float:
    """The mean over the four, the six and the forty."""
    groups = [measured["groups"][group] for group in ("four", "six", "forty")]
    total = sum(group["workloads"] * relative_cost(group["schedules"][name]) for group in groups)
    return float(total / sum(group["workloads"] for group in groups))


def _cost(measured: Measured) -> str:
    groups = measured["groups"]
    order = sorted(groups["four"]["schedules"], key=lambda name: of_fifty(measured, name))
    rows = [
        [
            NAMES[name],
            *(f"{relative_cost(groups[group]['schedules'][name]):.2f}" for group in GROUPS),
            f"**{of_fifty(measured, name):.2f}**",
            f"{max(groups[group]['schedules'][name]['worst'] for group in GROUPS):.2f}",
        ]
        for name in order
    ]
    bounds = [f"{mean(groups[group]['bound'].values()):.2f}" for group in GROUPS]
    rows.insert(0, ["*the least possible for a schedule that knows nothing*", *bounds, "", ""])
    return table(["cost relative to the optimum", *GROUPS.values(), "all fifty", "worst"], rows)


def _default(measured: Measured) -> str:
    """Checks and delay as deployed, on the four workloads."""
    schedules = measured["groups"]["four"]["schedules"]
    own = ("export_watch_even_phases", "export_watch_short_delivery", "export_watch")
    rows = [
        [NAMES[name], f"{of['checks']:.1f}", f"{of['delay_mean']:.1f} s", f"{of['delay_p95']:.0f} s"]
        for name in (*own, "fixed_60", "durable_functions", "google_workflows", "load_testing")
        for of in [schedules[name]]
    ]
    return table(["the plain mean of the four", "checks", "mean delay", "95th percentile"], rows)


def _fixed(measured: Measured) -> str:
    """A fixed interval with the same mean delay as ours, for each cost of a check."""
    fixed = sorted(measured["curves"]["fixed"], key=lambda point: point["interval"])
    rows = []
    for point in measured["curves"]["ours"]:
        cost = point["check_cost"]
        best = min(fixed, key=lambda each: each["delay_mean"] + cost * each["checks"])
        rows.append(
            [
                f"{cost:g} s",
                f"{point['checks']:.1f}",
                f"{point['delay_mean']:.1f} s",
                f"every {best['interval']:g} s",
                f"{best['checks']:.1f}",
                f"{best['delay_mean']:.1f} s",
                f"{_plain(point, cost) / _plain(best, cost):.2f}",
            ]
        )
    header = [
        "a check is worth",
        "ours: checks",
        "delay",
        "best fixed interval",
        "checks",
        "delay",
        "ours / fixed",
    ]
    return table(header, rows)


def _plain(point: dict[str, float], cost: float) -> float:
    return point["delay_mean"] + cost * point["checks"]


def _workloads(measured: Measured) -> str:
    costs = [str(cost) for cost in measured["check_costs"]]
    rows = [
        [
            on["label"],
            NAMES[name],
            f"{of['checks']:.1f}",
            f"{of['delay_mean']:.1f} s",
            f"{of['delay_p95']:.0f} s",
            *(f"{of['relative_cost'][cost]:.2f}" for cost in costs),
        ]
        for on in measured["workloads"].values()
        for name, of in on["schedules"].items()
    ]
    header = [
        "exports that take",
        "schedule",
        "checks",
        "mean delay",
        "95 %",
        *(f"c = {cost} s" for cost in costs),
    ]
    return table(header, rows)
