"""The benchmark of money: every design on every workload, from the committed results of the schedule and of a check."""

from statistics import mean
from typing import Any

from benchmarks import results
from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import (
    DASHBOARD,
    DESIGNS,
    MONITORED,
    OURS,
    SECRET,
    Design,
    Watched,
    add,
    failing_watch,
)
from benchmarks.money.pictures import pictures
from benchmarks.money.prices import AS_OF, PRICES, REGION, Usage, dollars
from benchmarks.money.tables import for_a_thousand, tables

SEED = 0
"""Nothing is drawn: this is arithmetic on what was measured."""


def run(quick: bool) -> Measured:  # noqa: ARG001 - arithmetic is quick
    """What each design costs on each workload of the committed results; `quick` changes nothing."""
    workloads = results.read("schedule")["measured"]["workloads"]
    ways = results.read("check")["measured"]["ways"]
    return {
        "region": REGION,
        "prices_as_of": AS_OF,
        "prices": {
            str(item): {"dollars": price.dollars, "units": price.units, "source": price.source}
            for item, price in PRICES.items()
        },
        "workloads": {name: on["label"] for name, on in workloads.items()},
        "designs": {design.name: _measure(design, workloads, ways) for design in DESIGNS},
        "month": _by_item(add(SECRET, MONITORED, DASHBOARD)),
        "before": assume.BEFORE,
        "failing_watch": {
            name: {
                "day": dollars(failing_watch(86_400 / seconds, states)),
                "whole": dollars(failing_watch(most, states)),
            }
            for name, (seconds, states, most) in assume.FAILING_ROUNDS.items()
        },
    }


def check_seconds(way: dict[str, Any]) -> float:
    """What Lambda bills for a check, in the mean: a wait for the reply, and the CPU time that was measured."""
    warm = way["warm_cpu"] / assume.FUNCTION_VCPU
    cold = way["import_cpu"] + way["first_cpu"] / assume.FUNCTION_VCPU
    return float(assume.ANSWER_SECONDS + (1 - assume.COLD_SHARE) * warm + assume.COLD_SHARE * cold)


def _by_item(usage: Usage) -> dict[str, float]:
    return {str(item): PRICES[item].each * units for item, units in usage.items()}


def _measure(design: Design, workloads: dict[str, Any], ways: dict[str, Any]) -> dict[str, Any]:
    seconds = check_seconds(ways[design.check])
    of_schedule = {name: on["schedules"][design.schedule] for name, on in workloads.items()}
    usage = {
        name: design.per_export(
            Watched(of["checks"], workloads[name]["duration_mean"] + of["delay_mean"], seconds)
        )
        for name, of in of_schedule.items()
    }
    thousand = [_by_item(each) for each in usage.values()]
    return {
        "label": design.label,
        "check_seconds": seconds,
        "checks": mean(of["checks"] for of in of_schedule.values()),
        "delay_mean": mean(of["delay_mean"] for of in of_schedule.values()),
        "thousand_exports": {name: 1000 * dollars(each) for name, each in usage.items()},
        "thousand_exports_by_item": {item: 1000 * mean(of[item] for of in thousand) for item in thousand[0]},
        "month": dollars(design.per_month),
    }


def ratios(measured: Measured) -> dict[str, Ratio]:
    """What a thousand exports cost, as a multiple of each other design."""
    thousand = {name: for_a_thousand(of) for name, of in measured["designs"].items()}
    return {
        f"a thousand exports / {name}": Ratio(thousand[OURS] / other)
        for name, other in thousand.items()
        if name != OURS
    }


MONEY = Benchmark("money", SEED, run, tables, pictures, ratios)
