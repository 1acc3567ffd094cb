"""When schedules check, what that costs, and the least that it can cost."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.schedule.benchmark import bound, compare
from benchmarks.schedule.cost import least_cost, measure
from benchmarks.schedule.schedules import OTHERS, OURS, Schedule, ours, ours_seeing
from benchmarks.schedule.workloads import GROUPS, LONGEST_SECONDS

EVERY_SECOND = np.arange(50_000.0)


@pytest.mark.parametrize("group", GROUPS)
def test_a_workload_is_in_ascending_order_and_shorter_than_a_watch(group):
    for workload in GROUPS[group]:
        durations = workload(1001)
        assert len(durations) == 1001
        assert (np.diff(durations) >= 0).all()
        assert durations[0] > 0
        assert durations[-1] <= LONGEST_SECONDS
        assert workload(1001).tolist() == durations.tolist()


def test_a_check_at_the_end_finds_it_without_delay():
    found = measure([np.array([10.0, 20.0, 30.0])], np.array([10.0, 11.0, 30.0]))
    assert found.checks.tolist() == [[1, 2, 3]]
    assert found.delays.tolist() == [[0, 9, 0]]
    assert found.costs(5).tolist() == [3 + 5 * 2]


@pytest.mark.parametrize(
    ("name", "checks"),
    [
        ("fixed_60", [60, 120, 180]),
        ("google_workflows", np.cumsum(np.minimum(1.25 ** np.arange(21), 60))),
        ("load_testing", [40, 80, 120]),
    ],
)
def test_others_check_as_they_ship(name, checks):
    found = OTHERS[name].measure(np.array(checks), 1)
    assert found.checks.tolist() == [list(range(1, len(checks) + 1))]
    assert found.delays == pytest.approx(0)


def test_durable_functions_check_at_once_and_then_after_whole_seconds_of_at_most_five_minutes():
    delays = OTHERS["durable_functions"].measure(EVERY_SECOND, 1).delays
    assert (delays % 1 == 0).all()
    checks = np.flatnonzero(delays[0] == 0)
    waits = np.diff(checks)
    assert checks[0] == 0
    assert waits[0] <= 5
    assert waits.max() <= 300
    assert waits[20:].mean() == pytest.approx(150, rel=0.1)


def test_each_watch_has_a_jitter_of_its_own_that_is_the_same_again_and_checks_to_the_end_of_a_week():
    durations = np.array([700.0, LONGEST_SECONDS])
    found = ours(durations, 2, runs=2)
    assert found.delays[0].tolist() != found.delays[1].tolist()
    assert found.delays.tolist() == ours(durations, 2, runs=2).delays.tolist()
    assert found.delays[:, 1].tolist() == [0, 0]


def test_a_watch_for_each_export_is_as_many_runs_where_its_status_says_nothing():
    always_in_progress = ours_seeing((1e-9, 1, 1e-9), np.full(20, 700.0), 2)
    runs = ours(np.array([700.0]), 2, runs=20)
    assert always_in_progress.checks.tolist() == runs.checks.T.tolist()
    assert always_in_progress.delays.tolist() == runs.delays.T.tolist()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("check_cost", [0.1, 1, 5, 60])
def test_no_schedule_of_all_there_are_is_better_than_the_optimum(seed, check_cost):
    durations = np.random.default_rng(seed).choice([1, 2, 5, 10, 40, 41, 90, 300, 301, 900], 12)
    *moments, last = np.unique(durations)
    all_there_are = [
        np.array([*some, last]) for size in range(len(moments) + 1) for some in combinations(moments, size)
    ]
    costs = measure(all_there_are, durations).costs(check_cost)
    assert least_cost(durations, check_cost) == pytest.approx(costs.min())


def test_durations_count_by_their_weights():
    durations = np.array([10.0, 60.0, 300.0])
    repeated = least_cost(np.repeat(durations, [3, 1, 2]), 5)
    assert least_cost(durations, 5, np.array([1.5, 0.5, 1.0])) == pytest.approx(repeated)


def test_no_schedule_that_knows_nothing_does_better_than_the_bound_of_all_workloads():
    samples = [np.sort(np.random.default_rng(seed).exponential(10.0**seed, 200)) for seed in (1, 2, 3)]
    compared = [compare({"export_watch": OURS["export_watch"], **OTHERS}, sample) for sample in samples]
    for cost in (1, 20):
        costs = [np.mean([of[name]["relative_cost"][str(cost)] for of in compared]) for name in compared[0]]
        assert 1 < bound(samples, cost) < min(costs)


def test_a_schedule_that_beats_the_optimum_is_an_error_unless_it_sees_phases():
    durations = np.array([60.0, 300.0])
    too_good = measure([durations], durations)._replace(delays=np.array([[0, -1]]))
    with pytest.raises(AssertionError, match="knows nothing"):
        compare({"blind": Schedule("", lambda *_: too_good)}, durations)
    found = compare({"seeing": Schedule("", lambda *_: too_good, sees_phases=True)}, durations)
    assert found["seeing"]["relative_cost"]["5"] < 1
