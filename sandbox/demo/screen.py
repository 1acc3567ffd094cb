"""What the demo shows: outcomes first, in columns of fixed widths, so that no terminal cuts them off."""

from datetime import timedelta

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sandbox.demo.board import Board, Published, Row

_HEADERS = "time", "export", "outcome", "file, or reason"
COLOURS = {"done": "green", "stuck": "yellow"}
_STORY, _BEFORE = 31, 29
"""Columns of the longest story, and of all that stands before it."""

_WIDE = 100
"""From so many columns on there is room for the last check."""


def table(board: Board, life_seconds: float, width: int) -> Group:
    """The board as a table of at most `width` columns, under the demo's clock."""
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    grid.add_column("export", width=6)
    grid.add_column("outcome", width=11, no_wrap=True)
    grid.add_column("checks", width=6, justify="right")
    grid.add_column("what happens", width=min(_STORY, width - _BEFORE), no_wrap=True)
    if width >= _WIDE:
        grid.add_column("last check", width=min(60, width - _BEFORE - _STORY - 2), no_wrap=True)
    for row in board.rows.values():
        outcomes = Text(", ").join(map(_coloured, row.outcomes))
        cells = (str(row.story.export_id), outcomes, str(row.checks), row.story.title, row.last_check)
        grid.add_row(*cells[: len(grid.columns)])
    ended = f"   {sum(row.ended for row in board.rows.values())} of {len(board.rows)} watches have ended"
    head = Text.assemble(("simulated time ", "dim"), (clock(life_seconds), "bold"), (ended, "dim"))
    return Group(Text(), head, Text(), grid)


def heading() -> Group:
    """What stands above the notifications."""
    return Group(Text("Notifications", "bold"), _line(*(Text(name, "dim") for name in _HEADERS)))


def line(published: Published) -> Table:
    """A notification: when, of which export, the outcome, and where the file is or why there is none."""
    outcome = published.data["outcome"]
    export_id = str(published.data["export_id"])
    time = Text(clock(published.at), "dim")
    return _line(time, Text(export_id), _coloured(outcome), Text(published.detail))


def verdict(board: Board) -> Group:
    """Whether all watches ended as they should, and which did not."""
    if board.right:
        return Group(Text(), Text(f"All {len(board.rows)} watches ended as they should.", "green"))
    return Group(*(Text(_complaint(row), "bold red") for row in board.rows.values() if not row.right))


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    return str(timedelta(seconds=int(seconds)))


def _line(*cells: Text) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for width in (7, 6, 8):
        grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(*cells)
    return grid


def _complaint(row: Row) -> str:
    published, expected = ", ".join(row.outcomes) or "nothing", ", ".join(row.story.outcomes)
    return f"Of export {row.story.export_id} {expected} should have been published, and {published} was."


def _coloured(outcome: str) -> Text:
    return Text(outcome, COLOURS.get(outcome, "red"))
