"""What the demo shows: a live table on a terminal, plain lines anywhere else."""

from datetime import timedelta
from typing import Literal

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sandbox.demo.board import Board, Row, Told

_COLUMNS = {"export": 6, "account": 7, "story": 30, "looks": 5, "last look": 47, "told": 16}
"""The table's headings and least widths, so that it does not jump about."""

COLOURS = {"done": "green", "stuck": "yellow"}


class LiveTable:
    """Redrawn in place."""

    def __init__(self, console: Console, board: Board) -> None:
        self._board = board
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> "LiveTable":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def draw(self, life_seconds: float) -> None:
        self._live.update(table(self._board, life_seconds), refresh=True)


class PlainLines:
    """A line for each notification, when it comes."""

    def __init__(self, console: Console, board: Board) -> None:
        self._console, self._board, self._shown = console, board, 0

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *_: object) -> None:
        self.draw(0)

    def draw(self, life_seconds: float) -> None:
        for told in self._board.told[self._shown :]:
            self._console.print(line(told), soft_wrap=True)
        self._shown = len(self._board.told)


def table(board: Board, life_seconds: float) -> Group:
    """The board as a table, under the demo's clock and a bar of the watches that have ended."""
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading, width in _COLUMNS.items():
        side: Literal["left", "right"] = "right" if heading == "looks" else "left"
        grid.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=width, justify=side)
    for row in board.rows.values():
        story = row.story
        style = "dim" if row.ended else ""
        last = "" if row.ended else row.looked
        grid.add_row(
            str(story.export_id), story.account, story.title, str(row.looks), last, _told(row), style=style
        )
    ended = sum(row.ended for row in board.rows.values())
    progress = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(total=len(board.rows), completed=ended, width=40)
    progress.add_row(bar, Text(f"{ended} of {len(board.rows)} watches have ended", "dim"))
    head = Text.assemble(("simulated time ", "dim"), (clock(life_seconds), "bold"))
    return Group(head, Text(), grid, Text(), progress)


def told_lines(board: Board) -> Group:
    """All notifications, under a heading."""
    return Group(Text(), Text("What subscribers were told", "bold"), *(line(told) for told in board.told))


def verdict(board: Board) -> Group:
    """Whether all watches ended as they should, and which did not."""
    if board.right:
        return Group(Text(), Text(f"All {len(board.rows)} watches ended as they should.", "green"))
    wrong = [row for row in board.rows.values() if not row.right]
    return Group(*(Text(complaint(row), "bold red") for row in wrong))


def complaint(row: Row) -> str:
    """What a watch should have told, and what it told instead."""
    told_instead = ", ".join(row.outcomes) or "nothing"
    return f"{row.story.execution} should have told {', '.join(row.story.outcomes)}; it told {told_instead}."


def line(told: Told) -> Text:
    """A notification in one line."""
    label = f"{told.data['account']}_{told.data['export_id']}"
    colour = COLOURS.get(told.outcome, "red")
    return Text.assemble(
        (clock(told.at), "dim"), f"  {label:13} ", (f"{told.outcome:9}", colour), told.essence
    )


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    return str(timedelta(seconds=int(seconds)))


def _told(row: Row) -> Text:
    told = Text(", then ").join(Text(outcome, COLOURS.get(outcome, "red")) for outcome in row.outcomes)
    if row.ended and not row.right:
        told.append(f" (should be {', '.join(row.story.outcomes)})", "bold red")
    return told
