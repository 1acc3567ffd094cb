import io

import pytest
from rich.console import Console

from sandbox.aws import Notification
from sandbox.demo import pace, stories
from sandbox.demo.board import Board
from sandbox.demo.command import show
from sandbox.demo.screen import table
from sandbox.demo.stories import STORIES, Story


def played() -> tuple[int, str]:
    output = io.StringIO()
    return show(Console(file=output, width=120, force_terminal=False)), output.getvalue()


def test_all_stories_end_as_they_should():
    status, text = played()
    assert status == 0, text
    assert "All 10 watches ended as they should." in text
    assert len(STORIES) >= 8
    assert {outcome for story in STORIES for outcome in story.outcomes} == {
        "done", "error", "stuck", "rejected", "expired", "lost"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("story", "complaint"),
    [
        (Story(1004, "an error", ("done",)), "default_1004 should have told done; it told error."),
        (Story(1001, "done", ("stuck", "done")), "default_1001 should have told stuck, done; it told done."),
        (
            Story(1001, "refused", ("done",), details={"attempt": 0}),
            "default_1001 should have told done; it told nothing.",
        ),
    ],
)
def test_a_story_that_ends_otherwise_is_a_failure(monkeypatch, story, complaint):
    monkeypatch.setattr(stories, "STORIES", (story,))
    status, text = played()
    assert status == 1
    assert complaint in text


def test_the_table_shows_each_watch():
    board = Board((Story(1, "first", ("done",)), Story(2, "second", ("lost",))), begin=100.0)
    body = """{"data": {"outcome": "done", "terminal": true, "watch": {"execution": "default_1"}}}"""
    board.notified(Notification({}, body, 160.0))
    output = io.StringIO()
    Console(file=output, width=140).print(table(board, 3661))
    text = output.getvalue()
    assert "simulated time 1:01:01" in text
    assert "1 of 2 watches have ended" in text
    [first] = [line for line in text.splitlines() if "first" in line]
    assert first.rstrip().endswith("done")
    assert not board.right


@pytest.mark.parametrize("life_seconds", [0, 1, 60, 900, 5400])
def test_the_pace_knows_the_moment_that_is_shown(life_seconds):
    assert pace.life_at(pace.shown_at(life_seconds)) == pytest.approx(life_seconds)


def test_an_hour_and_a_half_takes_half_a_minute():
    assert pace.shown_at(5400) == pytest.approx(30)
    assert pace.shown_at(60) > 2
