"""What a schedule costs on given durations."""

import random

import numpy as np
import pytest

from benchmarks.schedule import ours, peers
from benchmarks.schedule.measure import measure, measure_each
from benchmarks.schedule.peers import PEERS, load_testing_interval_seconds
from benchmarks.schedule.workloads import EVEN_PHASES, WORKLOADS, Phases, with_phases
from export_watch.schedule import Policy
from export_watch.settings import MAX_DEADLINE_SECONDS

POLICY = Policy()


def looks_of(name: str, longest: float = 1000.0, seed: int = 1) -> list[float]:
    peer = next(peer for peer in PEERS if peer.name == name)
    return list(peers.looks_until(longest, peer, random.Random(seed)).tolist())


def test_a_look_at_the_end_finds_it_without_delay():
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


def test_each_export_may_have_looks_of_its_own():
    found = measure_each([[3, 8], [20]], np.array([5.0, 12.0]))
    assert found.checks.tolist() == [[2, 1]]
    assert found.delays.tolist() == [[3, 8]]


def test_peers_look_as_they_ship():
    assert looks_of("fixed_60", 150) == [60, 120, 180]
    assert looks_of("google_workflows", 5) == [1, 2.25, 3.8125, 5.765625]
    assert looks_of("load_testing", 70) == [40, 80]
    assert [load_testing_interval_seconds(longest) for longest in (0, 86_400, 604_800)] == [10, 40, 60]


def test_durable_functions_look_at_once_and_then_after_whole_seconds_of_at_most_five_minutes():
    looks = np.array(looks_of("durable_functions", 50_000))
    waits = np.diff(looks)
    assert looks[0] == 0
    assert waits[0] <= 5
    assert waits.min() >= 1
    assert waits.max() <= 300
    assert (waits % 1 == 0).all()
    assert waits[20:].mean() == pytest.approx(150, rel=0.1)


def test_our_looks_end_with_the_first_at_or_after_the_longest_duration():
    looks = ours.looks_until(5000, 1, POLICY)
    assert looks[-2] < 5000 <= looks[-1]
    assert looks[0] <= POLICY.min_wait_seconds


def test_our_looks_are_the_same_again_and_others_for_another_export():
    looks = ours.looks_until(5000, 1, POLICY).tolist()
    assert ours.looks_until(5000, 1, POLICY).tolist() == looks
    assert ours.looks_until(5000, 2, POLICY).tolist() != looks


def test_our_waits_begin_anew_once_an_export_is_ready():
    looks = ours.looks_through(Phases(started_at=100, ready_at=3000, done_at=3600), 1, POLICY)
    waits = np.diff(looks)
    ready = next(index for index, look in enumerate(looks) if look >= 3000)
    assert waits[ready] <= POLICY.min_wait_seconds < waits[ready - 1]
    assert looks[-2] < 3600 <= looks[-1]


def test_a_week_of_looks_is_not_cut_by_the_deadline():
    assert ours.looks_until(MAX_DEADLINE_SECONDS, 1, POLICY)[-1] == MAX_DEADLINE_SECONDS


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_is_in_ascending_order_and_shorter_than_a_watch(workload):
    durations = workload.sample(1001)
    assert len(durations) == 1001
    assert (np.diff(durations) >= 0).all()
    assert durations[0] > 0
    assert durations[-1] < MAX_DEADLINE_SECONDS


def test_phases_are_the_same_for_a_seed_and_come_one_after_the_other():
    durations = WORKLOADS[0].sample(100)
    phases = with_phases(durations, EVEN_PHASES, seed=1)
    assert phases == with_phases(durations, EVEN_PHASES, seed=1)
    assert all(0 <= each.started_at <= each.ready_at <= each.done_at for each in phases)


def test_the_error_of_many_runs_shrinks_with_their_number():
    runs = [ours.looks_until(3000, number, POLICY) for number in range(1, 65)]
    durations = WORKLOADS[0].sample(200)[:150]
    assert measure(runs, durations).cost_error(5) < measure(runs[:4], durations).cost_error(5)
    assert measure(runs[:1], durations).cost_error(5) > 0
