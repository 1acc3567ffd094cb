"""Results, renderings and regressions, and that the documents are those of the committed results."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import document, results
from benchmarks.benchmark import Benchmark, Ratio
from benchmarks.regression import changes
from benchmarks.svg import LogScale, Picture, apart


def test_the_documents_are_what_the_committed_results_make():
    assert document.stale(command.rendered()) == []


def test_every_picture_is_well_formed_and_shown_in_the_document():
    text = document.DOCUMENT.read_text(encoding="utf-8")
    for file, content in command.rendered().items():
        if file.suffix == ".svg":
            ElementTree.fromstring(content)
            assert f"images/{file.name}" in text


def test_no_label_of_a_picture_is_cut_at_its_sides():
    """A character takes 6.5 pixels in the mean, at the usual size of the text."""
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}
    for file, content in command.rendered().items():
        if file.suffix == ".svg":
            picture = ElementTree.fromstring(content)
            for text in picture.iter("{http://www.w3.org/2000/svg}text"):
                width = 6.5 * len(text.text or "")
                left = float(text.get("x", "0")) - before[text.get("text-anchor", "start")] * width
                assert 0 < left < float(picture.get("width", "0")) - width, f"{file.name}: {text.text}"


def test_what_an_element_is_wins_over_its_colour_on_light_and_on_dark():
    """All these selectors are one class, so the rule that comes last wins."""
    style = str(Picture(1, 1, ""))
    last_colour = max(style.rindex(f".{kind} {{") for kind in ("ours", "peer", "best"))
    assert all(style.index(f".{kind} {{") > last_colour for kind in ("faint", "line", "thin"))


def test_a_table_goes_between_its_markers_and_nothing_else_changes():
    before = {Path("a"): "a\n<!-- table: one -->\nold\n<!-- end -->\nb\n", Path("b"): "none\n"}
    after = document.fill(before, {"one": "new"})
    assert after == {Path("a"): "a\n<!-- table: one -->\n\nnew\n\n<!-- end -->\nb\n", Path("b"): "none\n"}
    assert document.fill(after, {"one": "new"}) == after


@pytest.mark.parametrize("tables", [{}, {"one": "", "two": ""}])
def test_a_table_without_a_marker_or_a_marker_without_a_table_is_refused(tables):
    with pytest.raises(document.UnknownTableError):
        document.fill({Path("a"): "<!-- table: one -->\n<!-- end -->"}, tables)


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
    [change] = changes({"a": committed}, {"a": measured})
    assert change.is_regression is regression


def test_a_new_ratio_is_no_regression():
    assert changes({}, {"a": Ratio(9)}) == []


def test_a_quick_run_of_arithmetic_finds_what_was_committed(capsys):
    assert command.main(["money", "--quick"]) == 0
    assert "REGRESSION" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runs", "code"),
    [([1.0], 0), ([2.0, 1.0], 0), ([2.0, 2.0], 1)],
    ids=["as it was", "a busy moment", "worse"],
)
def test_what_got_worse_fails_the_quick_run_when_a_second_run_finds_it_too(monkeypatch, capsys, runs, code):
    figures = iter(runs)
    committed = {"measured": {"figure": 1.0}}
    monkeypatch.setattr(results, "read", lambda _: committed)
    monkeypatch.setattr(command, "rendered", dict)
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


def test_a_logarithmic_scale_puts_the_geometric_mean_in_the_middle():
    scale = LogScale(1, 100, 0, 200)
    assert [scale(value) for value in (1, 10, 100)] == [0, 100, 200]
    assert scale.ticks((1,)) == [1, 10, 100]


def test_labels_are_moved_apart_and_no_further():
    assert apart([10, 11, 50], 4) == pytest.approx([8.5, 12.5, 50])


def test_text_in_a_picture_is_escaped():
    picture = Picture(10, 10, "a < b")
    picture.text(0, 0, "c & d")
    assert "a &lt; b" in str(picture)
    assert "c &amp; d" in str(picture)
