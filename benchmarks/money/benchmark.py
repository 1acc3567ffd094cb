"""The benchmark of money: every design, from the committed results of the schedule and of a check."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.frame import Benchmark, Measured, read, table
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import DESIGNS, OURS, Watched, failing_watch
from benchmarks.money.prices import bill

MONTHS = (100, 1_000, 10_000)
"""Exports in a month: where most users will be."""


def run(quick: bool) -> Measured:  # noqa: ARG001 - arithmetic is quick
    """What each design costs for exports of the committed results: the mean of the four workloads."""
    four = read("schedule")["groups"]["four"]
    ways = read("check")["ways"]
    designs = {}
    for design in DESIGNS:
        of = four["schedules"][design.schedule]
        seconds = check_seconds(ways[design.check])
        watched = Watched(of["checks"], four["duration_mean"] + of["delay_mean"], seconds)
        designs[design.label] = {
            "checks": of["checks"],
            "delay_mean": of["delay_mean"],
            "check_seconds": seconds,
            "thousand_exports": {
                item: 1000 * dollars for item, dollars in bill(design.per_export(watched)).items()
            },
            "month": bill(design.per_month),
        }
    rounds = {"day": 86_400 / assume.FAILING_ROUND_SECONDS, "whole": assume.FAILING_ROUNDS}
    return {
        "designs": designs,
        "failing_watch": {name: sum(bill(failing_watch(number)).values()) for name, number in rounds.items()},
    }


def check_seconds(way: Mapping[str, float]) -> float:
    """What Lambda bills for a check, in the mean: a wait for the reply, and the CPU time that was measured."""
    warm = way["warm_cpu"] / assume.FUNCTION_VCPU
    cold = way["import_cpu"] + way["first_cpu"] / assume.FUNCTION_VCPU
    return assume.ANSWER_SECONDS + (1 - assume.COLD_SHARE) * warm + assume.COLD_SHARE * cold


def thousand(design: Mapping[str, Any]) -> float:
    """Dollars for a thousand exports."""
    return float(sum(design["thousand_exports"].values()))


def month(design: Mapping[str, Any], exports: float = 0) -> float:
    """Dollars for a month with so many exports in it."""
    return float(sum(design["month"].values()) + thousand(design) / 1000 * exports)


def cheaper_than_ours(ours: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """For which numbers of exports a month the other design is the cheaper one."""
    saved, saved_a_month = (thousand(ours) - thousand(other)) / 1000, month(ours) - month(other)
    if saved >= 0 and saved_a_month >= 0:
        return "always"
    if saved <= 0 and saved_a_month <= 0:
        return "never"
    return f"{'from' if saved > 0 else 'up to'} {abs(saved_a_month / saved):,.0f} exports a month"


def ratios(measured: Measured) -> dict[str, float]:
    """What a thousand exports cost, as a multiple of each other design."""
    others = dict(measured["designs"])
    ours = thousand(others.pop(OURS.label))
    return {f"a thousand exports / {label}": ours / thousand(other) for label, other in others.items()}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    ours = measured["designs"][OURS.label]
    designs = {f"**{name}**" if of is ours else name: of for name, of in measured["designs"].items()}
    months = " | ".join(f"{exports:,} exports" for exports in MONTHS)
    return {
        "money-designs": table(
            "a thousand exports | checks each | mean delay | dollars | and a month | cheaper than Export Watch",
            (
                f"{label} | {of['checks']:.0f} | {of['delay_mean']:.0f} s | ${thousand(of):.2f} | "
                f"${month(of):.2f} | {'' if of is ours else cheaper_than_ours(ours, of)}"
                for label, of in designs.items()
            ),
        ),
        "money-months": table(
            f"a month | {months} | mean detection delay",
            (
                f"{label} | {' | '.join(f'${month(of, exports):,.2f}' for exports in MONTHS)} | "
                f"{of['delay_mean']:.0f} s"
                for label, of in designs.items()
            ),
        ),
    }


def pictures(measured: Measured) -> dict[str, Figure]:
    """The bill of a month over the exports in it, the dearest design of many exports first."""
    exports = np.geomspace(100, 100_000, 49)
    designs = measured["designs"]
    colours = dict(zip(designs, (picture.OURS, *picture.OTHERS), strict=True))  # ours is the first design
    dearest_first = sorted(designs, key=lambda label: -month(designs[label], exports[-1]))
    figure = picture.lines(
        "The bill of a month, at list prices without the free tiers: mean of four workloads",
        exports,
        {label: (colours[label], [[month(designs[label], n) for n in exports]]) for label in dearest_first},
        ("exports a month (logarithmic)", "US dollars a month (logarithmic)"),
    )
    [panel] = figure.axes
    panel.loglog()
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.yaxis.set_major_formatter("${x:,.0f}")
    return {"money": figure}


MONEY = Benchmark("money", run, tables, pictures, ratios)
