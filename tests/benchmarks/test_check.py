"""A check's ways all do the same check, and their figures are compared round by round."""

import pytest

from benchmarks.check.benchmark import COMPARED, WAYS, compare, environment, measure, ratios, tables
from benchmarks.check.server import serving
from benchmarks.regression import changes

RATIO = {"figure": "warm_cpu", "way": "ours_oauth", "other": "floor", "error": 0.01, "aim": 2.2}
FIGURES = dict.fromkeys(("import_cpu", "first_cpu", "cold_cpu", "warm_cpu"), 0.1) | {"peak_mib": 50}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_makes_its_check_in_a_process_of_its_own(way):
    with serving() as (url, bundle):
        figures = measure(way, environment(url, bundle), blocks=1)
    assert 0 < figures["warm_cpu"] < figures["cold_cpu"]
    assert figures["peak_mib"] > 10


def test_only_ways_that_exist_are_compared():
    assert {name for _, way, other, _ in COMPARED for name in (way, other)} <= set(WAYS)


def test_ways_are_compared_by_the_median_of_the_rounds_which_one_busy_moment_makes_no_less_certain():
    rounds = [{"ours": {"cpu": seconds}, "other": {"cpu": 2.0}} for seconds in (2.9, 3.0, 3.1, 3.0, 30.0)]
    found = compare(rounds, "cpu", "ours", "other")
    assert found["ratio"] == 1.5
    assert found["error"] == pytest.approx(1.25 * 1.4826 * 0.05 / 5**0.5)


def test_a_rise_of_more_than_a_fifth_is_a_regression_and_what_another_machine_does_is_none():
    [committed, same, worse] = [ratios({"ratios": [{**RATIO, "ratio": ratio}]}) for ratio in (1.4, 1.5, 1.7)]
    assert not changes(committed, same)[0].is_regression
    assert changes(committed, worse)[0].is_regression


def test_a_table_shows_each_ratio_beside_its_aim():
    ways = {name: {"label": way.label, **FIGURES} for name, way in WAYS.items()}
    made = tables({"ways": ways, "ratios": [{**RATIO, "ratio": 2.345}]})
    assert made["check-ratios"].splitlines()[-1] == (
        "| CPU, warm: Export Watch / a bare GET by urllib3 | 2.35 | 0.01 | 2.2 |"
    )
    assert "| **Export Watch** | 100 ms | 100 ms | 100 ms | 100.00 ms | 50 MiB |" in made["check-ways"]
