"""`python -m sandbox demo`, at the widths of terminals, and its picture in the README."""

import io
import json
import re
from functools import partial
from xml.etree import ElementTree

import pytest
from rich.console import Console

from sandbox.aws import Notification, VirtualClock
from sandbox.demo import command, screen, stories
from sandbox.demo.board import Board
from sandbox.demo.recording import COLUMNS, LINE, RECORDING, THEME, animation, record
from sandbox.demo.stories import STORIES, Story

SVG = "{http://www.w3.org/2000/svg}"


def played(*, terminal=False):
    output = io.StringIO()
    return command.show(Console(file=output, width=100, force_terminal=terminal)), output.getvalue()


def drawn(what, width):
    output = io.StringIO()
    Console(file=output, width=width).print(what)
    return output.getvalue().splitlines()


def notified(board, story, outcome):
    reason = {"code": "a", "message": f"{'long ' * 60}. More of it"}
    data = {
        "export_id": story.export_id,
        "outcome": outcome,
        "terminal": outcome != "stuck",
        "reason": reason,
        "file": None,
    }
    message = {"data": {**data, "watch": {"execution": story.execution}}}
    board.notified(Notification({}, json.dumps(message), 60.0))


def test_on_a_terminal_all_stories_end_as_they_should_while_the_table_is_redrawn(monkeypatch):
    monkeypatch.setattr(
        command, "life_seconds_at", partial(pow, 1_000_000)
    )  # some frames, but no half minute
    status, text = played(terminal=True)
    assert status == 0, text
    assert "All 10 watches ended as they should." in text
    assert re.search(r"0:0.:..[^\n]* 1004 ", text)
    assert text.index("Emarsys reports that") < text.index("9 of 10 watches have ended")


@pytest.mark.parametrize(
    ("story", "complaint"),
    [
        (
            Story(1004, "an error", ("done",)),
            "Of export 1004 done should have been published, and error was.",
        ),
        (
            Story(1001, "refused", ("done",), details={"attempt": 0}),
            "Of export 1001 done should have been published, and nothing was.",
        ),
    ],
)
def test_a_story_that_ends_otherwise_is_a_failure(monkeypatch, story, complaint):
    monkeypatch.setattr(stories, "STORIES", (story,))
    status, text = played()
    assert status == 1
    assert complaint in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_export_and_outcome_are_seen_at_any_width_and_the_columns_do_not_move(width):
    board = Board(VirtualClock(0))
    for row in board.rows.values():
        row.last_check = "a long message " * 20
    head = drawn(screen.table(board, 0, width), width)[3]
    for story in STORIES:
        for outcome in story.outcomes:
            notified(board, story, outcome)
    lines = drawn(screen.table(board, 3661, width), width)
    assert "simulated time 1:01:01   10 of 10 watches have ended" in lines[1]
    assert lines[3] == head
    for story in STORIES:
        [shown] = [line for line in lines if line.startswith(str(story.export_id))]
        assert shown[8:19].rstrip() == ", ".join(story.outcomes)
    for published in board.published:
        first, *more = drawn(screen.line(published), width)
        export_id, outcome = published.data["export_id"], published.data["outcome"]
        assert re.match(rf"0:01:00  {export_id:<6}  {outcome:8}  long", first)
        lines += [first, *more]
    assert max(map(len, lines)) <= width


def test_an_hour_and_a_half_takes_half_a_minute():
    assert [round(command.life_seconds_at(shown)) for shown in (0, 30)] == [0, 5400]
    assert command.life_seconds_at(2) < 60


@pytest.fixture(scope="module")
def committed():
    return RECORDING.read_text("utf-8")


def shown(picture):
    """The texts from the top of the strip to its end; the sandbox's Emarsys has another port each time."""
    groups = ElementTree.fromstring(picture).iter(f"{SVG}g")
    [strip] = [group for group in groups if group.get("class") == "strip"]
    rows: dict[float, str] = {}
    for text in strip.iter(f"{SVG}text"):
        y = float(text.get("y", ""))
        rows[y] = rows.get(y, "") + (text.text or "").replace("\xa0", " ").rstrip("\n")
    return [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", row) for _, row in sorted(rows.items())]


def luminance(colour):
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_recording_is_of_the_demo_as_it_is(committed):
    assert shown(animation(record())) == shown(committed), "run `make recording`"


def test_without_an_animation_the_last_frame_of_the_recording_is_seen(committed):
    [shift] = re.findall(r'<g transform="translate\(0 -([\d.]+)\)">', committed)
    assert re.findall(r"0% { transform: translateY\(([\d.]+)px\)", committed) == [shift]
    top = max(float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>Notifications<', committed))
    assert 0 < top - float(shift) < LINE


def test_the_recording_can_be_read_on_a_telephone_in_colours_that_differ_and_is_loaded_at_once(committed):
    background = luminance(THEME.background_color.hex)
    colours = set(re.findall(r"fill: (#[0-9a-f]{6})", committed))
    assert len(colours) >= 5
    assert all((luminance(colour) + 0.05) / (background + 0.05) >= 4.5 for colour in colours)
    assert COLUMNS <= 80
    assert len(committed) < 150_000
