"""A check's ways all do the same check, and their figures are compared round by round."""

import pytest

from benchmarks.check.benchmark import COMPARED, WAYS, ratios
from benchmarks.check.process import measure, serving


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_makes_its_check_in_a_process_of_its_own(way):
    with serving() as served:
        figures = measure(way, served, blocks=1)
    assert 0 < figures["warm_cpu"] < figures["cold_cpu"]
    assert figures["peak_mib"] > 10


def test_only_ways_that_exist_are_compared():
    assert {name for _, *names in COMPARED for name in names} <= {way.name for way in WAYS}


def test_a_ratio_is_never_taken_for_more_exact_than_another_machine_would_find_it():
    measured = {
        "ratios": [{"figure": "warm_cpu", "way": "ours", "other": "floor", "ratio": 2.0, "error": 0.0}]
    }
    assert ratios(measured)["warm_cpu: ours / floor"].error == pytest.approx(0.06)
