"""A check's ways all do their check, and their figures are compared round by round."""

import pytest

from benchmarks.check.benchmark import WAYS, compare, measure
from benchmarks.check.server import serving


def test_every_way_makes_its_check_in_a_process_of_its_own():
    with serving() as deployed:
        for way in WAYS.values():
            figures = measure(way, deployed, blocks=1)
            assert 0 < figures["warm_cpu"] < figures["cold_cpu"]
            assert figures["peak_mib"] > 10


def test_ways_are_compared_by_the_median_of_the_rounds_which_one_busy_moment_makes_no_less_certain():
    rounds = [{"ours": {"cpu": seconds}, "other": {"cpu": 2.0}} for seconds in (2.9, 3.0, 3.1, 3.0, 30.0)]
    found = compare(rounds, "cpu", "ours", "other")
    assert found["ratio"] == 1.5
    assert found["error"] == pytest.approx(1.25 * 1.4826 * 0.05 / 5**0.5)
