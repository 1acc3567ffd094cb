"""What the demo shows: outcomes first, in columns of fixed widths, so that no terminal cuts them off."""

from datetime import timedelta

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sandbox.demo.board import Board, Published, Row

_HEADERS = "time", "export", "outcome", "file, or reason"
COLOURS = {"done": "green", "stuck": "yellow"}
_WIDE = 100
"""From so many columns on there is room for the last check."""


def table(board: Board, life_seconds: float, width: int) -> Group:
    """The board as a table of at most `width` columns, under the demo's clock."""
    ended = f"   {sum(row.ended for row in board.rows.values())} of {len(board.rows)} watches have ended"
    head = Text.assemble(("simulated time ", "dim"), (clock(life_seconds), "bold"), (ended, "dim"))
    lines = [_row(width, "export", Text("outcome"), "checks", "what happens", "last check")]
    lines[0].stylize("dim")
    for row in board.rows.values():
        outcomes = Text(", ").join(map(_coloured, row.outcomes))
        lines.append(_row(width, row.story.export_id, outcomes, row.checks, row.story.title, row.last_check))
    return Group(Text(), head, Text(), *lines)


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


def _row(width: int, export: object, outcomes: Text, checks: object, story: str, last_check: str) -> Text:
    """A line of the table, without blanks at its end: the longest story has 31 characters."""
    outcomes.pad_right(11 - len(outcomes))
    ending = f"{story:<31}  {last_check}" if width >= _WIDE else story
    row = Text.assemble(f"{export:<6}  ", outcomes, f"  {checks:>6}  {ending}")
    row.truncate(width, overflow="ellipsis")
    return row


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
