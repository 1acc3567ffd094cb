"""What the demo shows: outcomes first, in columns of fixed widths, so that no terminal cuts them off."""

from datetime import timedelta

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sandbox.demo.board import Board, Published, Row

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
        story, style = row.story, "dim" if row.ended else ""
        last_check = "" if row.ended else row.last_check
        cells = (_outcomes(row), str(row.checks), Text(story.title, style), last_check)
        grid.add_row(str(story.export_id), *cells[: len(grid.columns) - 1])
    ended = f"   {sum(row.ended for row in board.rows.values())} of {len(board.rows)} watches have ended"
    head = Text.assemble(("simulated time ", "dim"), (clock(life_seconds), "bold"), (ended, "dim"))
    return Group(Text(), head, Text(), grid)


def line(published: Published) -> Table:
    """A notification: when, of which watch, the outcome, and what there is to say of it."""
    data = published.data
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for width in (7, 12, 8):
        grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    outcome = Text(data["outcome"], COLOURS.get(data["outcome"], "red"))
    grid.add_row(
        Text(clock(published.at), "dim"), data["watch"]["execution"], outcome, Text(published.detail)
    )
    return grid


def verdict(board: Board) -> Group:
    """Whether all watches ended as they should, and which did not."""
    if board.right:
        return Group(Text(), Text(f"All {len(board.rows)} watches ended as they should.", "green"))
    return Group(*(Text(_complaint(row), "bold red") for row in board.rows.values() if not row.right))


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    return str(timedelta(seconds=int(seconds)))


def _complaint(row: Row) -> str:
    published, expected = ", ".join(row.outcomes) or "nothing", ", ".join(row.story.outcomes)
    return f"{row.story.execution} should have published {expected}; it published {published}."


def _outcomes(row: Row) -> Text:
    return Text(", ").join(Text(outcome, COLOURS.get(outcome, "red")) for outcome in row.outcomes)
