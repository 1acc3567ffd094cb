"""The benchmark of money: every design on every workload, from the committed results of the schedule and of a check."""

import json
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks import results
from benchmarks.benchmark import Benchmark
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import (
    DASHBOARD,
    DESIGNS,
    MONITORED,
    OURS,
    SECRET,
    Design,
    Watched,
    failing_watch,
)
from benchmarks.money.prices import AS_OF, REGION, Item, add, bill, dollars
from benchmarks.money.report import for_a_thousand, pictures, tables
from benchmarks.results import Measured


def run(quick: bool) -> Measured:  # noqa: ARG001 - arithmetic is quick
    """What each design costs on each workload of the committed results; `quick` changes nothing."""
    workloads = results.read("schedule")["measured"]["workloads"]
    ways = results.read("check")["measured"]["ways"]
    return {
        "region": REGION,
        "prices_as_of": AS_OF,
        "prices": {
            price.label: {"dollars": price.dollars, "units": price.units, "source": price.source}
            for price in (item.value for item in Item)
        },
        "designs": {design.label: _measure(design, workloads, ways) for design in DESIGNS},
        "month": bill(add(SECRET, MONITORED, DASHBOARD)),
        "failing_watch": {
            "day": dollars(failing_watch(86_400 / assume.FAILING_ROUND_SECONDS)),
            "whole": dollars(failing_watch(assume.FAILING_ROUNDS)),
        },
        "before": json.loads(Path(__file__).with_name("before.json").read_text(encoding="utf-8")),
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
    items = bills[next(iter(bills))]
    return {
        "check_seconds": seconds,
        "checks": mean(of["checks"] for of in of_schedule.values()),
        "delay_mean": mean(of["delay_mean"] for of in of_schedule.values()),
        "thousand_exports": {name: 1000 * sum(of.values()) for name, of in bills.items()},
        "thousand_exports_by_item": {item: 1000 * mean(of[item] for of in bills.values()) for item in items},
        "month": dollars(design.per_month),
    }


def ratios(measured: Measured) -> dict[str, float]:
    """What a thousand exports cost, as a multiple of each other design."""
    thousand = {label: for_a_thousand(of) for label, of in measured["designs"].items()}
    ours = thousand.pop(OURS.label)
    return {f"a thousand exports / {label}": ours / other for label, other in thousand.items()}


MONEY = Benchmark("money", run, tables, pictures, ratios)
