"""What a schedule costs on given durations."""

import random

import numpy as np
import pytest

from benchmarks.schedule import others, ours
from benchmarks.schedule.measure import measure
from benchmarks.schedule.others import OTHERS, load_testing_interval_seconds
from benchmarks.schedule.workloads import EVEN_PHASES, GROUPS, LONGEST_SECONDS, phases
from export_watch.schedule import Policy

POLICY = Policy()
WORKLOADS = [workload for group in GROUPS.values() for workload in group]


def checks_of(name: str, longest: float = 1000.0, seed: int = 1) -> list[float]:
    other = next(other for other in OTHERS if other.name == name)
    return list(others.checks_until(longest, other, random.Random(seed)).tolist())


def test_a_check_at_the_end_finds_it_without_delay():
    found = measure([np.array([10.0, 20.0, 30.0])], np.array([10.0, 11.0, 30.0]))
    assert found.checks.tolist() == [[1, 2, 3]]
    assert found.delays.tolist() == [[0, 9, 0]]


@pytest.mark.parametrize("interval", [5, 20, 60])
def test_a_fixed_interval_delays_by_half_of_it_in_the_mean(interval):
    durations = np.linspace(0, 6000, 60_001)[1:]
    found = measure([np.arange(interval, 6001.0, interval)], durations)
    assert found.mean_delay == pytest.approx(interval / 2, abs=0.06)
    assert found.p95_delay == pytest.approx(interval * 0.95, abs=0.2)
    assert found.mean_checks == pytest.approx(6000 / interval / 2 + 0.5)


def test_others_check_as_they_ship():
    assert checks_of("fixed_60", 150) == [60, 120, 180]
    assert checks_of("google_workflows", 5) == [1, 2.25, 3.8125, 5.765625]
    assert checks_of("load_testing", 70) == [40, 80]
    assert [load_testing_interval_seconds(longest) for longest in (0, 86_400, 604_800)] == [10, 40, 60]


def test_durable_functions_check_at_once_and_then_after_whole_seconds_of_at_most_five_minutes():
    checks = np.array(checks_of("durable_functions", 50_000))
    waits = np.diff(checks)
    assert checks[0] == 0
    assert waits[0] <= 5
    assert waits.min() >= 1
    assert waits.max() <= 300
    assert (waits % 1 == 0).all()
    assert waits[20:].mean() == pytest.approx(150, rel=0.1)


def test_our_checks_end_with_the_first_at_or_after_the_longest_duration():
    checks = ours.checks_until(5000, 1, POLICY)
    assert checks[-2] < 5000 <= checks[-1]
    assert 10 <= checks[0] <= 20


def test_our_checks_are_the_same_again_and_others_for_another_export():
    checks = ours.checks_until(5000, 1, POLICY).tolist()
    assert ours.checks_until(5000, 1, POLICY).tolist() == checks
    assert ours.checks_until(5000, 2, POLICY).tolist() != checks


def test_a_watch_for_each_export_is_as_many_runs_where_nothing_is_seen():
    durations = np.full(20, 700.0)
    found = ours.each(durations, POLICY)
    runs = ours.blind(durations[:1], POLICY, 20)
    assert found.checks.ravel().tolist() == runs.checks.ravel().tolist()
    assert found.delays.ravel().tolist() == runs.delays.ravel().tolist()


def test_seeing_phases_costs_less_and_a_hint_does_where_it_is_right():
    durations = np.linspace(1500, 2100, 100)
    plain = ours.each(durations, POLICY).cost(2)
    assert ours.each(durations, POLICY, phases(100, EVEN_PHASES)).cost(2) < plain
    assert ours.blind(durations, POLICY, 10, expected_seconds=1800).cost(2) < plain


def test_a_week_of_checks_is_not_cut_by_the_deadline():
    assert ours.checks_until(LONGEST_SECONDS, 1, POLICY)[-1] == LONGEST_SECONDS


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_is_in_ascending_order_and_shorter_than_a_watch(workload):
    durations = workload.sample(1001)
    assert len(durations) == 1001
    assert (np.diff(durations) >= 0).all()
    assert durations[0] > 0
    assert durations[-1] <= LONGEST_SECONDS
    assert workload.sample(1001).tolist() == durations.tolist()


def test_phases_are_the_same_for_a_seed_and_come_one_after_the_other():
    shares = phases(100, EVEN_PHASES)
    assert shares.tolist() == phases(100, EVEN_PHASES).tolist()
    assert (shares[:, 0] >= 0).all()
    assert (np.diff(shares) >= 0).all()
    assert (shares <= 1).all()
