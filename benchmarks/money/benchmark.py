"""The benchmark of money: every design on every workload, from the committed results of the schedule and of a check."""

from statistics import mean
from typing import Any

from benchmarks import results
from benchmarks.benchmark import Benchmark, Measured
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import DESIGNS, OURS, Design, Watched, failing_watch
from benchmarks.money.prices import AS_OF, REGION, Item, bill, dollars
from benchmarks.money.report import for_a_thousand, pictures, tables


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


def ratios(measured: Measured) -> dict[str, float]:
    """What a thousand exports cost, as a multiple of each other design."""
    thousand = {label: for_a_thousand(of) for label, of in measured["designs"].items()}
    ours = thousand.pop(OURS.label)
    return {f"a thousand exports / {label}": ours / other for label, other in thousand.items()}


MONEY = Benchmark("money", run, tables, pictures, ratios)
