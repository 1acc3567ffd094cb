"""`python -m sandbox demo`."""

import argparse
import math
import sys
import time

from rich.console import Console
from rich.live import Live

EXIT_RIGHT = 0
EXIT_WRONG = 1
_FRAME_SECONDS = 0.05


def run(_: argparse.Namespace) -> int:
    """Shows the demo, and returns the exit status."""
    # Where the output is no terminal, a notification is one line, however long.
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 500)
    waiting = "shortened: an hour and a half pass in half a minute" if console.is_terminal else "left out"
    console.print("[bold]Emarsys Export Watch[/bold]: ten exports at once, in simulated time")
    console.print(
        "The template of this folder is deployed on this machine, with its default parameters: EventBridge, SQS, "
        "Lambda, Step Functions and SNS in one process, against an Emarsys on a local port. Events, requests and "
        f"notifications are what they would be; only the waiting is {waiting}.\n",
        style="dim",
    )
    return show(console)


def show(console: Console) -> int:
    """Plays the stories on a console: each notification when it comes, and below them a table of all watches."""
    # It takes seconds, in which the first words are read.
    from sandbox.aws import VirtualClock  # noqa: PLC0415
    from sandbox.demo import screen  # noqa: PLC0415
    from sandbox.demo.board import Board  # noqa: PLC0415

    shown = 0
    console.print(screen.heading())
    live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def draw(now: float) -> None:
        nonlocal shown
        for published in board.published[shown:]:
            console.print(screen.line(published))
        shown = len(board.published)
        live.update(screen.table(board, now - board.begin, console.width), refresh=True)

    class ShownClock(VirtualClock):
        """Draws frame by frame until it is time; where the output is no terminal, there is nothing to wait for."""

        begin: float | None = None

        def advance(self, when: float) -> None:
            if self.begin is None:
                self.begin = time.monotonic()
            while (
                console.is_terminal
                and (now := board.begin + life_seconds_at(time.monotonic() - self.begin)) < when
            ):
                draw(now)
                time.sleep(_FRAME_SECONDS)
            super().advance(when)
            if board.published[shown:]:
                draw(when)

    clock = ShownClock()
    board = Board(clock)
    with live:
        finished, refused = board.play()
        draw(clock.now())
    if not console.is_terminal:  # there a live display does not end its last line
        console.print()
    console.print(screen.verdict(board))
    for letter in refused:
        console.print(f"refused: {letter.body}", style="bold red", markup=False)
    return EXIT_RIGHT if board.right and finished and not refused else EXIT_WRONG


def life_seconds_at(shown_seconds: float) -> float:
    """The moment of the demo's life that is shown after so many seconds.

    5,400 s pass in 30, slower at first, as most happens in the first 90.
    """
    return 90 * math.expm1(shown_seconds / 30 * math.log1p(5400 / 90))
