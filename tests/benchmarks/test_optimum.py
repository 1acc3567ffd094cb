"""The best possible schedule: against every schedule there is, and against a formula."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.schedule.benchmark import _bound
from benchmarks.schedule.comparison import compare
from benchmarks.schedule.measure import measure
from benchmarks.schedule.optimum import best_schedule
from benchmarks.schedule.workloads import Seconds


def cost_of_every_schedule(durations: Seconds, check_cost: float) -> float:
    """The least cost of all schedules that check at some of the durations, the last one among them."""
    moments = np.unique(durations)
    schedules = [
        np.array([*some, moments[-1]])
        for size in range(len(moments))
        for some in combinations(moments[:-1].tolist(), size)
    ]
    return min(measure([checks], durations).cost(check_cost) for checks in schedules)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("check_cost", [0.1, 1, 5, 60])
def test_no_schedule_of_all_there_are_is_better(seed, check_cost):
    durations = np.sort(np.random.default_rng(seed).choice([1, 2, 5, 10, 40, 41, 90, 300, 301, 900], 12))
    best = best_schedule(durations, check_cost)
    assert best.cost == pytest.approx(cost_of_every_schedule(durations, check_cost))


@pytest.mark.parametrize("seed", range(3))
def test_its_checks_cost_what_it_says(seed):
    durations = np.sort(np.random.default_rng(seed).lognormal(6, 1, 500))
    best = best_schedule(durations, 5)
    assert measure([best.checks], durations).cost(5) == pytest.approx(best.cost)


def test_for_even_durations_each_wait_is_shorter_than_the_last_by_the_cost_of_a_check():
    longest, check_cost, count = 1000.0, 20.0, 10
    # The checks of which n is the greatest number with n (n - 1) < 2 * longest / check_cost, and their waits.
    waits = [longest / count + check_cost * ((count + 1) / 2 - k) for k in range(1, count + 1)]
    begun = longest - np.concatenate([[0], np.cumsum(waits)[:-1]])
    cost = sum(
        check_cost * left / longest + wait**2 / 2 / longest for left, wait in zip(begun, waits, strict=True)
    )
    durations = (np.arange(20_000) + 0.5) / 20_000 * longest
    best = best_schedule(durations, check_cost)
    assert best.cost == pytest.approx(cost, abs=1000 / 20_000)  # the grid of the durations
    assert np.diff(best.checks, prepend=0) == pytest.approx(waits, abs=1)


def test_one_duration_is_checked_once_when_it_is_over():
    best = best_schedule(np.array([600.0, 600.0]), 5)
    assert best.checks.tolist() == [600]
    assert best.cost == 5


def test_durations_count_by_their_weights():
    durations, check_cost = np.array([10.0, 60.0, 300.0]), 5
    repeated = best_schedule(np.repeat(durations, [3, 1, 2]), check_cost)
    weighted = best_schedule(durations, check_cost, np.array([1.5, 0.5, 1.0]))
    assert weighted.checks.tolist() == repeated.checks.tolist()
    assert weighted.cost == pytest.approx(repeated.cost)


def test_no_schedule_that_knows_nothing_does_better_than_the_bound():
    samples = [np.sort(np.random.default_rng(seed).exponential(10.0**seed, 200)) for seed in (1, 2, 3)]
    compared = [compare(sample, seed=1) for sample in samples]
    for cost in (1, 20):
        bound = _bound(samples, cost)
        costs = [
            np.mean([each.relative_cost(name, cost) for each in compared]) for name in compared[0].measured
        ]
        assert 1 < bound < min(costs)


def test_every_schedule_is_compared_with_one_that_none_beats():
    durations = np.sort(np.random.default_rng(1).exponential(300, 50))
    compared = compare(durations, seed=1, expected_seconds=300)
    assert "export_watch_expected" in compared.measured
    assert (
        min(compared.relative_cost(name, cost) for name in compared.measured for cost in (1, 5, 20, 60)) >= 1
    )
