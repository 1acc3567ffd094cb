"""The tables of money in docs/benchmarks.md, and the one in the README."""

from statistics import mean
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table
from benchmarks.money.designs import OURS


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "money-designs": _designs(measured),
        "money-items": _items(measured),
        "money-prices": _prices(measured),
        "money-months": _months(measured),
    }


MONTHS = (100, 1_000, 10_000)
"""Exports in a month: where most users will be."""


def for_a_thousand(of: dict[str, Any]) -> float:
    """Dollars for a thousand exports, in the mean over the workloads."""
    return float(mean(of["thousand_exports"].values()))


def cheaper_than_ours(ours: dict[str, Any], other: dict[str, Any]) -> str:
    """For which numbers of exports a month the other design is the cheaper one."""
    saved = (for_a_thousand(ours) - for_a_thousand(other)) / 1000
    saved_a_month = ours["month"] - other["month"]
    if saved >= 0 and saved_a_month >= 0:
        return "always"
    if saved <= 0 and saved_a_month <= 0:
        return "never"
    return f"{'from' if saved > 0 else 'up to'} {abs(saved_a_month / saved):,.0f} exports"


def _designs(measured: Measured) -> str:
    ours = measured["designs"][OURS]
    rows = [
        [
            f"**{of['label']}**" if name == OURS else of["label"],
            f"{of['checks']:.0f}",
            f"{of['delay_mean']:.0f} s",
            *(f"${amount:.2f}" for amount in of["thousand_exports"].values()),
            f"**${for_a_thousand(of):.2f}**",
            f"${of['month']:.2f}",
            "" if name == OURS else cheaper_than_ours(ours, of),
        ]
        for name, of in measured["designs"].items()
    ]
    header = ["a thousand exports", "checks each", "mean delay", *measured["workloads"].values(), "mean"]
    return table([*header, "and a month", "cheaper a month than ours"], rows)


def _months(measured: Measured) -> str:
    """The bill of a month, of each design."""
    rows = [
        [
            f"**{of['label']}**" if name == OURS else of["label"],
            *(f"${of['month'] + for_a_thousand(of) * exports / 1000:,.2f}" for exports in MONTHS),
            f"{of['delay_mean']:.0f} s",
        ]
        for name, of in measured["designs"].items()
    ]
    return table(["a month", *(f"{exports:,} exports" for exports in MONTHS), "detection delay (mean)"], rows)


def _items(measured: Measured) -> str:
    """What the money of ours goes to."""
    by_item = measured["designs"][OURS]["thousand_exports_by_item"]
    total = sum(by_item.values())
    rows = [
        [item, f"${amount:.4f}", f"{amount / total:.1%}"]
        for item, amount in sorted(by_item.items(), key=lambda entry: -entry[1])
    ]
    return table(["Export Watch, a thousand exports", "cost", "share"], rows)


def _prices(measured: Measured) -> str:
    rows = [
        [item, f"${price['dollars']:g}", f"{price['units']:,}", price["source"]]
        for item, price in measured["prices"].items()
    ]
    header = [f"{measured['region']}, as known on {measured['prices_as_of']}", "price", "for units", "from"]
    return table(header, rows)
