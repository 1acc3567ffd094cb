"""The benchmark of the schedule: all schedules on all workloads, and ours also where it sees phases."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.schedule import ours
from benchmarks.schedule.comparison import (
    CHECK_COSTS,
    DEFAULT_CHECK_COST,
    MAX_RUNS,
    OURS,
    SEED,
    Comparison,
    compare,
    measure_ours,
)
from benchmarks.schedule.measure import Measurement, measure, measure_each
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.peers import PEERS, Peer
from benchmarks.schedule.pictures import pictures
from benchmarks.schedule.tables import tables
from benchmarks.schedule.workloads import (
    EVEN_PHASES,
    SHORT_DELIVERY,
    WORKLOADS,
    Seconds,
    Workload,
    with_phases,
)
from export_watch import schedule
from export_watch.schedule import Policy

EXPORTS = 10_000
PHASED_EXPORTS = 2_500
PHASED_EXPORTS_QUICK = 250
"""With phases each export has a schedule of its own, decided look by look, so these take most of the time."""

UNTUNED = f"{OURS}_untuned"
TEXTBOOK = "textbook"
PHASED = {f"{OURS}_even_phases": EVEN_PHASES, f"{OURS}_short_delivery": SHORT_DELIVERY}
FRONTIER_COSTS = (0.3, 1, 2, 5, 10, 20, 60, 150)
"""What a check may be worth, along the curves of the picture."""


def run(quick: bool) -> Measured:
    """All schedules on all workloads; quick takes fewer exports with phases, and leaves out what is only shown."""
    return {
        "exports": EXPORTS,
        "phased_exports": PHASED_EXPORTS_QUICK if quick else PHASED_EXPORTS,
        "check_costs": list(CHECK_COSTS),
        "workloads": {workload.name: _measure_workload(workload, quick) for workload in WORKLOADS},
    }


def _measure_workload(workload: Workload, quick: bool) -> dict[str, Any]:
    durations = workload.sample(EXPORTS)
    comparison = compare(durations, SEED)
    by_cost = {
        OURS: comparison.ours_by_cost,
        **{name: _measure_phased(durations, weights, quick) for name, weights in PHASED.items()},
        UNTUNED: dict.fromkeys(CHECK_COSTS, comparison.measurement(OURS)),
        **({} if quick else {TEXTBOOK: {cost: _measure_textbook(durations, cost) for cost in CHECK_COSTS}}),
        **{name: dict.fromkeys(CHECK_COSTS, measured) for name, measured in comparison.peers.items()},
    }
    schedules = {name: _as_json(measured, comparison) for name, measured in by_cost.items()}
    for peer in PEERS:
        schedules[peer.name]["missed"] = _missed(peer, comparison)
    return {
        "label": workload.label,
        "description": workload.description,
        "duration_mean": float(durations.mean()),
        "schedules": schedules,
        "frontier": [] if quick else [_frontier_point(durations, cost) for cost in FRONTIER_COSTS],
    }


def _measure_textbook(durations: Seconds, check_cost: float) -> Measurement:
    """Ours in all else: with its jitter, and its first look."""
    with patch.object(schedule, "base_wait_seconds", ours.textbook_wait_seconds):
        return measure_ours(durations, check_cost, MAX_RUNS)


def _measure_phased(
    durations: Seconds, weights: tuple[float, float, float], quick: bool
) -> dict[int, Measurement]:
    """Ours on exports that go through phases; every so many of them, so that they are spread as the whole is."""
    step = EXPORTS // (PHASED_EXPORTS_QUICK if quick else PHASED_EXPORTS)
    own = durations[step // 2 :: step]
    exports = list(enumerate(with_phases(own, weights, SEED), start=1))
    return {
        cost: measure_each(
            [
                ours.looks_through(phases, number, Policy(check_cost_seconds=cost))
                for number, phases in exports
            ],
            own,
        )
        for cost in CHECK_COSTS
    }


def _as_json(by_cost: Mapping[int, Measurement], comparison: Comparison) -> dict[str, Any]:
    at_default = by_cost[DEFAULT_CHECK_COST]
    return {
        "checks": at_default.mean_checks,
        "delay_mean": at_default.mean_delay,
        "delay_p95": at_default.p95_delay,
        "regret": {str(cost): each.cost(cost) / comparison.least[cost] for cost, each in by_cost.items()},
        "regret_error": {
            str(cost): each.cost_error(cost) / comparison.least[cost] for cost, each in by_cost.items()
        },
    }


def _missed(peer: Peer, comparison: Comparison) -> float:
    """The share of exports whose end a peer would not have seen, because it gives up before."""
    measured = comparison.peers[peer.name]
    if peer.gives_up_after_checks is not None:
        return float((measured.checks > peer.gives_up_after_checks).mean())
    if peer.gives_up_after_seconds is not None:
        return float((comparison.durations + measured.delays > peer.gives_up_after_seconds).mean())
    return 0.0


def _frontier_point(durations: Seconds, check_cost: float) -> dict[str, float]:
    """Checks and delay of the best possible schedule and of ours, where a check is worth that much."""
    best = measure([best_schedule(durations, check_cost).looks], durations)
    own = measure_ours(durations, check_cost, runs=16)
    return {
        "check_cost": float(check_cost),
        "best_checks": best.mean_checks,
        "best_delay": best.mean_delay,
        "ours_checks": own.mean_checks,
        "ours_delay": own.mean_delay,
    }


def ratios(measured: Measured) -> dict[str, Ratio]:
    """Our regrets: with phases and without, on each workload, for each cost of a check."""
    return {
        f"{schedule} {workload} c={cost}": Ratio(regret, of["regret_error"][cost])
        for workload, on in measured["workloads"].items()
        for schedule, of in on["schedules"].items()
        if schedule == OURS or schedule in PHASED
        for cost, regret in of["regret"].items()
    }


SCHEDULE = Benchmark("schedule", SEED, run, tables, pictures, ratios)
