"""What the documents promise of a back-fill is what was measured."""

from benchmarks import results


def test_every_export_of_the_measured_back_fills_was_told_once():
    for load in results.read("limits")["measured"]["back_fills"]:
        assert sum(load["outcomes"].values()) == load["announced"]
        assert (load["told_twice"], load["dead_letters"]) == (0, 0)
