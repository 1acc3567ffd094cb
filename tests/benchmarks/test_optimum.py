"""The best possible schedule: against every schedule there is, and against a formula."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.schedule.comparison import compare
from benchmarks.schedule.measure import measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.workloads import Seconds


def cost_of_every_schedule(durations: Seconds, check_cost: float) -> float:
    """The least cost of all schedules that look at some of the durations, the last one among them."""
    moments = np.unique(durations)
    schedules = [
        np.array([*some, moments[-1]])
        for size in range(len(moments))
        for some in combinations(moments[:-1].tolist(), size)
    ]
    return min(measure([looks], durations).cost(check_cost) for looks in schedules)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("check_cost", [0.1, 1, 5, 60])
def test_no_schedule_of_all_there_are_is_better(seed, check_cost):
    durations = np.sort(np.random.default_rng(seed).choice([1, 2, 5, 10, 40, 41, 90, 300, 301, 900], 12))
    best = best_schedule(durations, check_cost)
    assert best.cost == pytest.approx(cost_of_every_schedule(durations, check_cost))


@pytest.mark.parametrize("seed", range(3))
def test_its_looks_cost_what_it_says(seed):
    durations = np.sort(np.random.default_rng(seed).lognormal(6, 1, 500))
    best = best_schedule(durations, 5)
    assert measure([best.looks], durations).cost(5) == pytest.approx(best.cost)


def test_for_even_durations_each_wait_is_shorter_than_the_last_by_the_cost_of_a_look():
    longest, check_cost, looks = 1000.0, 20.0, 10
    # The looks of which n is the greatest number with n (n - 1) < 2 * longest / check_cost, and their waits.
    waits = [longest / looks + check_cost * ((looks + 1) / 2 - k) for k in range(1, looks + 1)]
    begun = longest - np.concatenate([[0], np.cumsum(waits)[:-1]])
    cost = sum(
        check_cost * left / longest + wait**2 / 2 / longest for left, wait in zip(begun, waits, strict=True)
    )
    durations = (np.arange(20_000) + 0.5) / 20_000 * longest
    best = best_schedule(durations, check_cost)
    assert best.cost == pytest.approx(cost, abs=1000 / 20_000)  # the grid of the durations
    assert np.diff(best.looks, prepend=0) == pytest.approx(waits, abs=1)


def test_one_duration_is_looked_at_once_when_it_is_over():
    best = best_schedule(np.array([600.0, 600.0]), 5)
    assert best.looks.tolist() == [600]
    assert best.cost == 5


def test_every_schedule_is_compared_with_one_that_none_beats():
    durations = np.sort(np.random.default_rng(1).exponential(300, 50))
    comparison = compare(durations, seed=1)
    assert min(comparison.regret(name, cost) for name in comparison.names for cost in (1, 5, 20, 60)) >= 1
