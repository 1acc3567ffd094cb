"""The tables of money in docs/, and the picture of the bill of a month."""

from collections.abc import Iterable, Mapping
from itertools import cycle, repeat
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.document import table
from benchmarks.money.designs import OURS
from benchmarks.money.prices import Item
from benchmarks.results import Measured

MONTHS = (100, 1_000, 10_000)
"""Exports in a month: where most users will be."""


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    months = " | ".join(f"{exports:,} exports" for exports in MONTHS)
    return {
        "money-designs": _designs(measured["designs"]),
        "money-items": _items(measured),
        "money-prices": table(
            f"{measured['region']}, as known on {measured['prices_as_of']} | price | for units | from",
            (
                f"{item} | ${price['dollars']:g} | {price['units']:,} | {price['source']}"
                for item, price in measured["prices"].items()
            ),
        ),
        "money-months": table(
            f"a month | {months} | mean detection delay",
            (
                f"{_bold(label)} | {_dollars(bill_of_a_month(of, MONTHS))} | {of['delay_mean']:.0f} s"
                for label, of in measured["designs"].items()
            ),
        ),
    }


def for_a_thousand(of: Mapping[str, Any]) -> float:
    """Dollars for a thousand exports, in the mean over the workloads."""
    return float(mean(of["thousand_exports"].values()))


def bill_of_a_month(of: Mapping[str, Any], exports: Iterable[float]) -> list[float]:
    """Dollars for a month, for each of these numbers of exports in it."""
    return [of["month"] + for_a_thousand(of) / 1000 * number for number in exports]


def cheaper_than_ours(ours: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """For which numbers of exports a month the other design is the cheaper one."""
    saved = (for_a_thousand(ours) - for_a_thousand(other)) / 1000
    saved_a_month = ours["month"] - other["month"]
    if saved >= 0 and saved_a_month >= 0:
        return "always"
    if saved <= 0 and saved_a_month <= 0:
        return "never"
    return f"{'from' if saved > 0 else 'up to'} {abs(saved_a_month / saved):,.0f} exports"


def _bold(label: str) -> str:
    return f"**{label}**" if label == OURS.label else label


def _dollars(amounts: Iterable[float]) -> str:
    return " | ".join(f"${amount:,.2f}" for amount in amounts)


def _designs(designs: Mapping[str, Any]) -> str:
    ours = designs[OURS.label]
    rows = [
        f"{_bold(label)} | {of['checks']:.0f} | {of['delay_mean']:.0f} s | "
        f"{_dollars(of['thousand_exports'].values())} | **${for_a_thousand(of):.2f}** | ${of['month']:.2f} | "
        f"{'' if of is ours else cheaper_than_ours(ours, of)}"
        for label, of in designs.items()
    ]
    workloads = " | ".join(ours["thousand_exports"])
    mean_and_month = "mean | and a month | cheaper a month than Export Watch"
    return table(f"a thousand exports | checks each | mean delay | {workloads} | {mean_and_month}", rows)


def _items(measured: Measured) -> str:
    """The bill beside the one that was published before, by what AWS counts."""
    now, before = measured["designs"][OURS.label], measured["before"]
    by_item = now["thousand_exports_by_item"]

    def column(
        of: Mapping[str, Any], month: Mapping[str, float], failing: Mapping[str, float]
    ) -> dict[str, str]:
        thousand, all_month = of["thousand_exports_by_item"], sum(month.values())
        amounts = {
            "**a thousand exports**": sum(thousand.values()),
            **month,
            "**a month**": all_month,
            "**a month without the dashboard**": all_month - month[Item.DASHBOARD_MONTH.value.label],
            "a watch whose check hangs, for a day": failing["day"],
            "the same, until it is lost": failing["whole"],
        }
        ranked = sorted(by_item, key=lambda item: -by_item[item])
        return {
            **{f"{item}, for a thousand exports": f"${thousand[item]:.4f}" for item in ranked},
            **{label: f"${amount:.2f}" for label, amount in amounts.items()},
            "checks of an export": f"{of['checks']:.0f}",
            "mean detection delay": f"{of['delay_mean']:.0f} s",
        }

    old = column(before, before["month"], before["failing_watch"])
    new = column(now, measured["month"], measured["failing_watch"])
    rows = (f"{label} | {old[label]} | {new[label]}" for label in new)
    return table("Export Watch, at list prices | before | now", rows)


def pictures(measured: Measured) -> dict[str, Figure]:
    """The bill of a month over the exports in it. Each line has its design's name at its end, in its colour."""
    title = "The bill of a month: list prices, no free tiers, mean of four workloads"
    figure, [panel] = picture.axes(9, 4.6, title)
    exports = np.geomspace(10, 100_000, 41)
    bills = {label: bill_of_a_month(of, exports) for label, of in measured["designs"].items()}
    label_at = np.inf
    rivals = zip(picture.OTHERS, cycle(("--", "-.", ":")), repeat(1.8))
    for label in sorted(bills, key=lambda label: -bills[label][-1]):
        colour, style, width = (picture.OURS, "-", 3) if label == OURS.label else next(rivals)
        panel.plot(exports, bills[label], style, color=colour, lw=width)
        label_at = min(bills[label][-1], label_at / 1.65)  # below the last one
        panel.text(1.15 * exports[-1], label_at, label, color=colour, va="center")
    picture.logarithmic(panel, "x", (10, 100, 1_000, 10_000, 100_000), "{:,.0f}")
    picture.logarithmic(panel, "y", (1, 10, 100, 1_000), "${:,.0f}")
    panel.set_xlim(exports[0], exports[-1])
    panel.set_xlabel("exports a month (logarithmic)")
    return {"money": figure}
