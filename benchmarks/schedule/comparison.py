"""All schedules side by side on the same durations."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.schedule import ours
from benchmarks.schedule.measure import Measurement, measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.others import OTHERS, Other, checks_until
from benchmarks.schedule.workloads import Seconds
from export_watch.schedule import Policy

OURS = "export_watch"
EXPECTED = f"{OURS}_expected"
CHECK_COSTS = (1, 5, 20, 60)
"""What a check is worth, in seconds of delay."""

DEFAULT = Policy().check_cost_seconds
RUNS = 8
"""Of a schedule with chance in it: enough for an error of well below a percent."""

MEASURED_AT_ONCE = 1_000_000
"""Runs times exports, so that anyone's file fits into memory."""

ROUNDING = 1e-9
"""The relative error of sums of floating-point numbers, with room to spare."""


class BeatenOptimumError(Exception):
    """A schedule that knows nothing did better than the best possible one: the benchmark itself is wrong."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What each schedule cost on the same durations.

    `measured` has each schedule by what `CheckCostSeconds` was set to; the others have no such setting, and cost the
    same whatever it is. `least` is the cost of the best possible schedule.
    """

    durations: Seconds
    measured: Mapping[str, Mapping[float, Measurement]]
    least: Mapping[int, float]

    def relative_cost(self, name: str, check_cost: int) -> float:
        """The cost of a schedule as a multiple of the least possible one."""
        return self.measured[name][check_cost].cost(check_cost) / self.least[check_cost]


def compare(durations: Seconds, seed: int, expected_seconds: int | None = None) -> Comparison:
    """Measure all schedules on these durations, in seconds; ours also with a hint, if there is one.

    Raises BeatenOptimumError if one of them beats the best possible schedule.
    """
    runs = max(2, min(RUNS, MEASURED_AT_ONCE // len(durations)))
    hints = {OURS: None} if expected_seconds is None else {OURS: None, EXPECTED: expected_seconds}
    comparison = Comparison(
        durations,
        {
            **{name: by_cost(durations, runs, hint) for name, hint in hints.items()},
            **{
                other.name: dict.fromkeys((DEFAULT, *CHECK_COSTS), _measure(other, durations, runs, seed))
                for other in OTHERS
            },
        },
        {cost: best_schedule(durations, cost).cost for cost in CHECK_COSTS},
    )
    _assert_unbeaten(comparison)
    return comparison


def by_cost(
    durations: Seconds, runs: int = RUNS, expected_seconds: int | None = None
) -> dict[float, Measurement]:
    """Ours, ignoring status changes, by each value of `CheckCostSeconds`."""
    return {
        cost: ours.blind(durations, Policy(check_cost_seconds=cost), runs, expected_seconds)
        for cost in (DEFAULT, *CHECK_COSTS)
    }


def _measure(other: Other, durations: Seconds, runs: int, seed: int) -> Measurement:
    chance = random.Random(seed)
    longest = float(durations.max())
    return measure(
        [checks_until(longest, other, chance) for _ in range(runs if other.by_chance else 1)], durations
    )


def _assert_unbeaten(comparison: Comparison) -> None:
    for cost, least in comparison.least.items():
        for name, measured in comparison.measured.items():
            # Every run is one fixed schedule on all exports, so none of them may win, not even by luck.
            if measured[cost].least_cost(cost) < least * (1 - ROUNDING):
                raise BeatenOptimumError(
                    f"{name} at {cost} s a check costs less than the best possible schedule"
                )
