"""The frame: markers in documents, regressions, pictures, and the command."""

from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import document, picture, results
from benchmarks.benchmark import Benchmark, Ratio
from benchmarks.regression import changes


def test_a_table_goes_between_its_markers_and_nothing_else_changes():
    after = document.fill("a\n<!-- table: one -->\nold\n<!-- end -->\nb\n", {"one": "new", "two": ""})
    assert after == "a\n<!-- table: one -->\n\nnew\n\n<!-- end -->\nb\n"
    assert document.fill(after, {"one": "new"}) == after


def test_a_marker_without_a_table_is_refused():
    with pytest.raises(document.UnknownTableError, match="one"):
        document.fill("<!-- table: one -->\n<!-- end -->", {"two": ""})


def test_a_picture_is_well_formed_and_the_same_in_every_run():
    def drawn() -> str:
        figure, [panel] = picture.axes(4, 3, "a < b")
        panel.plot([1, 10], [1, 2], label="c & d")
        picture.logarithmic(panel, "x", (1, 10))
        panel.legend()
        return picture.svg(figure)

    ElementTree.fromstring(drawn())
    assert drawn() == drawn()


def test_labels_are_moved_apart_and_no_further():
    assert picture.apart([10, 11, 50], 4) == pytest.approx([8.5, 12.5, 50])


@pytest.mark.parametrize(
    ("committed", "measured", "regression"),
    [
        (Ratio(1.5, 0.01), Ratio(1.52, 0.01), False),
        (Ratio(1.5, 0.01), Ratio(1.60, 0.01), True),
        (Ratio(1.5, 0.01), Ratio(1.30, 0.01), False),
        (Ratio(1.5), Ratio(1.501), False),
        (Ratio(1.5), Ratio(1.51), True),
        (Ratio(1.0, machine_noise=0.03), Ratio(1.12, machine_noise=0.03), False),
        (Ratio(1.0, machine_noise=0.03), Ratio(1.13, machine_noise=0.03), True),
    ],
)
def test_a_ratio_regresses_when_it_grows_by_more_than_its_noise(committed, measured, regression):
    [change] = changes({"a": committed}, {"a": measured, "new": Ratio(9)})
    assert change.is_regression is regression


@pytest.mark.parametrize(
    ("runs", "code"),
    [([1.0], 0), ([2.0, 1.0], 0), ([2.0, 2.0], 1)],
    ids=["as it was", "a busy moment", "worse"],
)
def test_what_got_worse_fails_the_quick_run_when_a_second_run_finds_it_too(monkeypatch, capsys, runs, code):
    figures = iter(runs)
    monkeypatch.setattr(results, "read", lambda _: {"measured": {"figure": 1.0}})
    benchmark = Benchmark(
        "one",
        seed=0,
        run=lambda _: {"figure": next(figures)},
        tables=lambda _: {},
        pictures=lambda _: {},
        ratios=lambda measured: {"a": Ratio(measured["figure"])},
    )
    assert command.compare([benchmark]) == code
    assert list(figures) == []
    assert ("REGRESSION" in capsys.readouterr().out) == bool(code)


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["speed"])
    assert "no such benchmark: speed" in capsys.readouterr().err
