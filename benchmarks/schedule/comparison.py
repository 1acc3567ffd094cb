"""All schedules side by side on the same durations."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.schedule import ours, peers
from benchmarks.schedule.measure import Measurement, measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.peers import PEERS, Peer
from benchmarks.schedule.workloads import Seconds
from export_watch.schedule import Policy

SEED = 20261123
OURS = "export_watch"
CHECK_COSTS = (1, 5, 20, 60)
"""What a check is worth, in seconds of delay."""

DEFAULT_CHECK_COST = 5
MAX_RUNS = 128
"""Runs of a schedule with chance in it: enough for an error of well below a percent."""

MEASURED_AT_ONCE = 2_000_000
"""Runs times exports, so that anyone's file fits into memory."""

ROUNDING = 1e-9
"""The relative error of sums of floating-point numbers, with room to spare."""


class BeatenOptimumError(Exception):
    """A schedule that knows nothing did better than the best possible one: the benchmark itself is wrong."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What each schedule cost on the same durations.

    `ours_by_cost` holds ours with `CheckCostSeconds` set to each cost of a check; `peers` has one measurement each,
    since a peer has no such setting. `least` is the cost of the best possible schedule.
    """

    durations: Seconds
    ours_by_cost: Mapping[int, Measurement]
    peers: Mapping[str, Measurement]
    least: Mapping[int, float]

    @property
    def names(self) -> list[str]:
        return [OURS, *self.peers]

    def measurement(self, name: str, check_cost: int = DEFAULT_CHECK_COST) -> Measurement:
        return self.ours_by_cost[check_cost] if name == OURS else self.peers[name]

    def regret(self, name: str, check_cost: int) -> float:
        """The cost of a schedule as a multiple of the least possible one."""
        return self.measurement(name, check_cost).cost(check_cost) / self.least[check_cost]


def compare(durations: Seconds, seed: int) -> Comparison:
    """Measure all schedules on these durations, in seconds.

    Raises BeatenOptimumError if one of them beats the best possible schedule.
    """
    runs = max(8, min(MAX_RUNS, MEASURED_AT_ONCE // len(durations)))
    comparison = Comparison(
        durations=durations,
        ours_by_cost={cost: measure_ours(durations, cost, runs) for cost in CHECK_COSTS},
        peers={peer.name: _measure_peer(durations, peer, runs, seed) for peer in PEERS},
        least={cost: best_schedule(durations, cost).cost for cost in CHECK_COSTS},
    )
    _assert_unbeaten(comparison)
    return comparison


def measure_ours(durations: Seconds, check_cost: float, runs: int) -> Measurement:
    """Ours with a given `CheckCostSeconds`, on exports that show no phases."""
    policy = Policy(check_cost_seconds=check_cost)
    longest = float(durations.max())
    return measure([ours.looks_until(longest, run + 1, policy) for run in range(runs)], durations)


def _measure_peer(durations: Seconds, peer: Peer, runs: int, seed: int) -> Measurement:
    chance = random.Random(seed)
    longest = float(durations.max())
    return measure(
        [peers.looks_until(longest, peer, chance) for _ in range(runs if peer.by_chance else 1)], durations
    )


def _assert_unbeaten(comparison: Comparison) -> None:
    for check_cost in CHECK_COSTS:
        for name in comparison.names:
            # Every run is one fixed schedule on all exports, so none of them may win, not even by luck.
            least_cost = comparison.measurement(name, check_cost).least_cost(check_cost)
            least_regret = least_cost / comparison.least[check_cost]
            if least_regret < 1 - ROUNDING:
                raise BeatenOptimumError(
                    f"{name} at {check_cost} s a check: {least_regret} times the best possible cost"
                )
