"""The tables of money in docs/benchmarks.md, and the one in the README."""

from statistics import mean
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table
from benchmarks.money.designs import OURS
from benchmarks.money.prices import Item


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
    return table([*header, "and a month", "cheaper a month than Export Watch"], rows)


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
    return table(["a month", *(f"{exports:,} exports" for exports in MONTHS), "mean detection delay"], rows)


def _items(measured: Measured) -> str:
    """The bill beside the one that was published before, by what AWS counts."""
    now, before, failing = measured["designs"][OURS], measured["before"], measured["failing_watch"]

    def amounts(name: str, old: float, new: float, digits: int) -> list[str]:
        return [name, f"${old:.{digits}f}", f"${new:.{digits}f}"]

    thousand, old_thousand = now["thousand_exports_by_item"], before["thousand_exports"]
    month, old_month = measured["month"], before["month"]
    ranked = sorted(thousand, key=thousand.__getitem__, reverse=True)
    dashboard = str(Item.DASHBOARD_MONTH)
    rows = [
        *(
            amounts(f"{item}, for a thousand exports", old_thousand[item], thousand[item], 4)
            for item in ranked
        ),
        amounts("**a thousand exports**", sum(old_thousand.values()), sum(thousand.values()), 2),
        *(amounts(item, old_month[item], month[item], 2) for item in month),
        amounts("**a month**", sum(old_month.values()), sum(month.values()), 2),
        amounts(
            "**a month without the dashboard**",
            sum(old_month.values()) - old_month[dashboard],
            sum(month.values()) - month[dashboard],
            2,
        ),
        amounts("a watch whose check hangs, for a day", failing["before"]["day"], failing["now"]["day"], 2),
        amounts("the same, until it is lost", failing["before"]["whole"], failing["now"]["whole"], 2),
        ["checks of an export", f"{before['checks']:.0f}", f"{now['checks']:.0f}"],
        ["mean detection delay", f"{before['delay_mean']:.0f} s", f"{now['delay_mean']:.0f} s"],
    ]
    return table(["Export Watch, at list prices", "before", "now"], rows)


def _prices(measured: Measured) -> str:
    rows = [
        [item, f"${price['dollars']:g}", f"{price['units']:,}", price["source"]]
        for item, price in measured["prices"].items()
    ]
    header = [f"{measured['region']}, as known on {measured['prices_as_of']}", "price", "for units", "from"]
    return table(header, rows)
