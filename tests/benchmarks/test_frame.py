"""The frame: tables, markers in documents, results, regressions, and pictures."""

import dataclasses
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import frame, picture
from benchmarks.frame import Benchmark

ONE = Benchmark(
    "one",
    run=lambda _: {"figure": 1.0},
    tables=lambda measured: {"one": frame.table("a | b", [f"c | {measured['figure']:.2f}"])},
    pictures=lambda _: {},
    ratios=lambda measured: {"a": measured["figure"]},
    seed=7,
    noise=0.1,
)


def test_a_table_goes_between_its_markers_and_nothing_else_changes():
    text = "x\n<!-- table: one -->\nold\n<!-- end -->\ny\n"
    after = frame.fill(text, ONE.tables({"figure": 1.0}))
    assert after == "x\n<!-- table: one -->\n\n| a | b |\n| --- | --: |\n| c | 1.00 |\n\n<!-- end -->\ny\n"
    with pytest.raises(KeyError, match="one"):
        frame.fill(text, {"two": ""})


DRAWN = [
    lambda: picture.bars("a < b", {"c & d": picture.OURS}, {"e": ([1.0], "{:.0f}")}),
    lambda: picture.lines("a < b", [1, 2], {"c & d": (picture.BEST, [[3, 4]])}, ("x", "y")),
]


@pytest.mark.parametrize("draw", DRAWN, ids=["bars", "lines"])
def test_a_picture_is_well_formed_and_the_same_in_every_run(draw):
    ElementTree.fromstring(picture.svg(draw()))
    assert picture.svg(draw()) == picture.svg(draw())


def test_a_result_is_read_as_it_was_measured_to_six_digits_and_says_how_it_came_about(monkeypatch, tmp_path):
    monkeypatch.setattr(frame, "RESULTS", tmp_path)
    ONE.write({"figure": 2 / 3})
    assert frame.read("one") == {"figure": 0.666667}
    assert '"Made by `python -m benchmarks one` with the seed 7 on ' in (tmp_path / "one.json").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("runs", "code"),
    [([1.09], 0), ([0.5], 0), ([1.2, 1.0], 0), ([1.2, 1.11], 1)],
    ids=["within its noise", "better", "a busy moment", "worse"],
)
def test_what_got_worse_fails_the_quick_run_when_a_second_run_finds_it_too(monkeypatch, runs, code):
    figures = iter(runs)
    monkeypatch.setattr(command, "read", lambda _: {"figure": 1.0})
    quick = dataclasses.replace(ONE, run=lambda _: {"figure": next(figures)})
    monkeypatch.setattr(command, "BENCHMARKS", {"one": quick})
    assert command.main(["--quick"]) == code
    assert list(figures) == []


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["speed"])
    assert "no such benchmark: speed" in capsys.readouterr().err
