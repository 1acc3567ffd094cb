"""The benchmark of money: every design on every workload, from the committed results of the schedule and of a check."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture, results
from benchmarks.benchmark import Benchmark, Measured
from benchmarks.document import table
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import DESIGNS, OURS, Design, Watched, failing_watch
from benchmarks.money.prices import AS_OF, REGION, Item, bill, dollars

MONTHS = (100, 1_000, 10_000)
"""Exports in a month: where most users will be."""


def run(quick: bool) -> Measured:  # noqa: ARG001 - arithmetic is quick
    """What each design costs on each workload of the committed results; `quick` changes nothing."""
    workloads = results.read("schedule")["measured"]["workloads"]
    ways = results.read("check")["measured"]["ways"]
    return {
        "region": REGION,
        "prices_as_of": AS_OF,
        "prices": {
            item.label: {"dollars": item.dollars, "units": item.units, "source": item.source} for item in Item
        },
        "designs": {design.label: _measure(design, workloads, ways) for design in DESIGNS},
        "month": bill(OURS.per_month),
        "failing_watch": {
            "day": dollars(failing_watch(86_400 / assume.FAILING_ROUND_SECONDS)),
            "whole": dollars(failing_watch(assume.FAILING_ROUNDS)),
        },
    }


def check_seconds(way: dict[str, Any]) -> float:
    """What Lambda bills for a check, in the mean: a wait for the reply, and the CPU time that was measured."""
    warm = way["warm_cpu"] / assume.FUNCTION_VCPU
    cold = way["import_cpu"] + way["first_cpu"] / assume.FUNCTION_VCPU
    return float(assume.ANSWER_SECONDS + (1 - assume.COLD_SHARE) * warm + assume.COLD_SHARE * cold)


def _measure(design: Design, workloads: dict[str, Any], ways: dict[str, Any]) -> dict[str, Any]:
    seconds = check_seconds(ways[design.check])
    of_schedule = {name: on["schedules"][design.schedule] for name, on in workloads.items()}
    bills = {}
    for name, of in of_schedule.items():
        until_seen = workloads[name]["duration_mean"] + of["delay_mean"]
        bills[name] = bill(design.per_export(Watched(of["checks"], until_seen, seconds)))
    return {
        "check_seconds": seconds,
        "checks": mean(of["checks"] for of in of_schedule.values()),
        "delay_mean": mean(of["delay_mean"] for of in of_schedule.values()),
        "thousand_exports": {name: 1000 * sum(of.values()) for name, of in bills.items()},
        "thousand_exports_by_item": {
            item: 1000 * mean(of[item] for of in bills.values()) for item in next(iter(bills.values()))
        },
        "month": dollars(design.per_month),
    }


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    designs = {f"**{name}**" if name == OURS.label else name: of for name, of in measured["designs"].items()}
    ours = measured["designs"][OURS.label]
    months = " | ".join(f"{exports:,} exports" for exports in MONTHS)
    return {
        "money-designs": table(
            "a thousand exports | checks each | mean delay | dollars | and a month | cheaper than Export Watch",
            (
                f"{label} | {of['checks']:.0f} | {of['delay_mean']:.0f} s | ${for_a_thousand(of):.2f} | "
                f"${of['month']:.2f} | {'' if of is ours else cheaper_than_ours(ours, of)}"
                for label, of in designs.items()
            ),
        ),
        "money-months": table(
            f"a month | {months} | mean detection delay",
            (
                f"{label} | {' | '.join(f'${bill_of_a_month(of, exports):,.2f}' for exports in MONTHS)} | "
                f"{of['delay_mean']:.0f} s"
                for label, of in designs.items()
            ),
        ),
        "money-items": _items(measured),
        "money-prices": table(
            f"{measured['region']}, as known on {measured['prices_as_of']} | price | for units | from",
            (
                f"{item} | ${price['dollars']:g} | {price['units']:,} | {price['source']}"
                for item, price in measured["prices"].items()
            ),
        ),
    }


def for_a_thousand(of: Mapping[str, Any]) -> float:
    """Dollars for a thousand exports, in the mean over the workloads."""
    return float(mean(of["thousand_exports"].values()))


def bill_of_a_month(of: Mapping[str, Any], exports: float) -> float:
    """Dollars for a month with so many exports in it."""
    return float(of["month"] + for_a_thousand(of) / 1000 * exports)


def cheaper_than_ours(ours: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """For which numbers of exports a month the other design is the cheaper one."""
    saved = (for_a_thousand(ours) - for_a_thousand(other)) / 1000
    saved_a_month = ours["month"] - other["month"]
    if saved >= 0 and saved_a_month >= 0:
        return "always"
    if saved <= 0 and saved_a_month <= 0:
        return "never"
    return f"{'from' if saved > 0 else 'up to'} {abs(saved_a_month / saved):,.0f} exports a month"


def _items(measured: Measured) -> str:
    """Our bill by what AWS counts, and that of a watch whose check hangs."""
    month, failing = measured["month"], measured["failing_watch"]
    thousand = measured["designs"][OURS.label]["thousand_exports_by_item"]
    amounts = {
        **{f"{item}, for a thousand exports": thousand[item] for item in thousand},
        "**a thousand exports**": sum(thousand.values()),
        **month,
        "**a month**": sum(month.values()),
        "a watch whose check hangs, for a day": failing["day"],
        "the same, until it is lost": failing["whole"],
    }
    rows = (f"{label} | ${amount:.4f}" for label, amount in amounts.items())
    return table("Export Watch, at list prices | dollars", rows)


def pictures(measured: Measured) -> dict[str, Figure]:
    """The bill of a month over the exports in it, the dearest design of many exports first."""
    exports = np.geomspace(100, 100_000, 49)
    bills = {label: [bill_of_a_month(of, n) for n in exports] for label, of in measured["designs"].items()}
    others = zip((label for label in bills if label != OURS.label), picture.OTHERS, strict=True)
    colours = {OURS.label: picture.OURS, **dict(others)}
    figure = picture.lines(
        "The bill of a month, at list prices without the free tiers: mean of four workloads",
        exports,
        [
            picture.Line(label, colours[label], [bills[label]])
            for label in sorted(bills, key=lambda label: -bills[label][-1])
        ],
        ("exports a month (logarithmic)", "US dollars a month (logarithmic)"),
    )
    [panel] = figure.axes
    panel.loglog()
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.yaxis.set_major_formatter("${x:,.0f}")
    return {"money": figure}


def ratios(measured: Measured) -> dict[str, float]:
    """What a thousand exports cost, as a multiple of each other design."""
    thousand = {label: for_a_thousand(of) for label, of in measured["designs"].items()}
    ours = thousand.pop(OURS.label)
    return {f"a thousand exports / {label}": ours / other for label, other in thousand.items()}


MONEY = Benchmark("money", run, tables, pictures, ratios)
