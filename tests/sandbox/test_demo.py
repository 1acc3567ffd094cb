import io
import re
from functools import partial

import pytest
from rich.console import Console

from sandbox.aws import Notification, VirtualClock
from sandbox.demo import command, screen, stories
from sandbox.demo.board import Board
from sandbox.demo.stories import STORIES, Story

WIDTHS = (60, 80, 100, 140)


def played(*, terminal: bool = False, width: int = 120) -> tuple[int, str]:
    output = io.StringIO()
    return command.show(Console(file=output, width=width, force_terminal=terminal)), output.getvalue()


def drawn(what, width: int) -> list[str]:
    output = io.StringIO()
    Console(file=output, width=width).print(what)
    return output.getvalue().splitlines()


def notified(board: Board, story: Story, outcome: str, at: float = 60.0) -> None:
    reason = '{"code": "a", "message": "%s. More of it"}' % ("long " * 60)
    board.notified(
        Notification(
            {},
            f'{{"data": {{"outcome": "{outcome}", "terminal": {str(outcome != "stuck").lower()}, "reason": {reason}, '
            f'"file": null, "watch": {{"execution": "{story.execution}"}}}}}}',
            at,
        )
    )


def test_all_stories_end_as_they_should():
    status, text = played()
    assert status == 0, text
    assert "All 10 watches ended as they should." in text
    assert {outcome for story in STORIES for outcome in story.outcomes} == {
        "done", "error", "stuck", "rejected", "expired", "lost"
    }  # fmt: skip


def test_on_a_terminal_notifications_come_while_the_table_is_redrawn(monkeypatch):
    monkeypatch.setattr(command, "life_seconds_at", partial(pow, 100_000))  # some frames, but no half minute
    status, text = played(terminal=True, width=80)
    assert status == 0
    assert text.index("default_1004") < text.index("9 of 10 watches have ended")


@pytest.mark.parametrize(
    ("story", "complaint"),
    [
        (Story(1004, "an error", ("done",)), "default_1004 should have published done; it published error."),
        (
            Story(1001, "refused", ("done",), details={"attempt": 0}),
            "default_1001 should have published done; it published nothing.",
        ),
    ],
)
def test_a_story_that_ends_otherwise_is_a_failure(monkeypatch, story, complaint):
    monkeypatch.setattr(stories, "STORIES", (story,))
    status, text = played()
    assert status == 1
    assert complaint in text


@pytest.mark.parametrize("width", WIDTHS)
def test_export_and_outcome_are_seen_at_any_width(width):
    board = Board(VirtualClock(0))
    for row in board.rows.values():
        row.last_check = "a long message " * 20
    for story in STORIES:
        for outcome in story.outcomes:
            notified(board, story, outcome)
    lines = drawn(screen.table(board, 3661, width), width)
    assert "simulated time 1:01:01   10 of 10 watches have ended" in lines[1]
    assert max(map(len, lines)) <= width
    for story in STORIES:
        [line] = [line for line in lines if line.startswith(str(story.export_id))]
        assert line[8:19].rstrip() == ", ".join(story.outcomes)
    for published in board.published:
        first, *more = drawn(screen.line(published), width)
        assert max(map(len, [first, *more])) <= width
        execution, outcome = published.data["watch"]["execution"], published.data["outcome"]
        assert re.match(rf"0:01:00  {execution:12}  {outcome:8}  long", first)


def test_the_columns_do_not_move():
    board = Board(VirtualClock(0))
    before = drawn(screen.table(board, 0, 140), 140)[3]
    for story in STORIES:
        notified(board, story, "stuck")
    assert drawn(screen.table(board, 0, 140), 140)[3] == before


def test_an_hour_and_a_half_takes_half_a_minute():
    assert command.life_seconds_at(0) == 0
    assert command.life_seconds_at(2) < 60
    assert command.life_seconds_at(30) == pytest.approx(5400)
