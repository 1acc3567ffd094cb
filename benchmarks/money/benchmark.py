"""The benchmark of money: every design on every workload, from the committed results of the schedule and of a check."""

from statistics import mean
from typing import Any

from benchmarks import results
from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.money import assumptions as assume
from benchmarks.money.designs import DESIGNS, OURS, Design, Watched
from benchmarks.money.pictures import pictures
from benchmarks.money.prices import AS_OF, PRICES, REGION, dollars
from benchmarks.money.tables import tables

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
    }


def check_seconds(way: dict[str, Any]) -> float:
    """What Lambda bills for a look, in the mean: a wait for the answer, and the CPU time that was measured."""
    warm = way["warm_cpu"] / assume.FUNCTION_VCPU
    cold = way["import_cpu"] + way["first_cpu"] / assume.FUNCTION_VCPU
    return float(assume.ANSWER_SECONDS + (1 - assume.COLD_SHARE) * warm + assume.COLD_SHARE * cold)


def _measure(design: Design, workloads: dict[str, Any], ways: dict[str, Any]) -> dict[str, Any]:
    seconds = check_seconds(ways[design.check])
    watched = {name: _watched(on, design.schedule, seconds) for name, on in workloads.items()}
    usage = {name: design.per_export(each) for name, each in watched.items()}
    of_schedule = [on["schedules"][design.schedule] for on in workloads.values()]
    return {
        "label": design.label,
        "check_seconds": seconds,
        "checks": mean(each.checks for each in watched.values()),
        "delay_mean": mean(of["delay_mean"] for of in of_schedule),
        "thousand_exports": {name: 1000 * dollars(each) for name, each in usage.items()},
        "thousand_exports_by_item": {
            str(item): 1000 * mean(PRICES[item].each * each[item] for each in usage.values())
            for item in next(iter(usage.values()))
        },
        "month": dollars(design.per_month),
    }


def _watched(on: dict[str, Any], schedule: str, seconds_a_check: float) -> Watched:
    measured = on["schedules"][schedule]
    return Watched(measured["checks"], on["duration_mean"] + measured["delay_mean"], seconds_a_check)


def ratios(measured: Measured) -> dict[str, Ratio]:
    """What a thousand exports cost us, as a multiple of each other design, and what a month does."""
    thousand = {name: mean(of["thousand_exports"].values()) for name, of in measured["designs"].items()}
    return {
        f"a thousand exports / {name}": Ratio(thousand[OURS] / other)
        for name, other in thousand.items()
        if name != OURS
    }


MONEY = Benchmark("money", SEED, run, tables, pictures, ratios)
