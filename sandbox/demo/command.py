"""`python -m sandbox demo`."""

import argparse
import sys
from typing import Any

EXIT_RIGHT = 0
EXIT_WRONG = 1


def register(subparsers: Any) -> None:
    """Adds the command to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "demo",
        help="watch ten exports end, live",
        description=(
            "Deploys the template on this machine, announces ten exports to it, and shows every watch until it has "
            "ended as it should; the exit status is 1 if one has not."
        ),
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Shows the demo, and returns the exit status."""
    from rich.console import Console  # noqa: PLC0415 - `--help` is quick

    console = Console(file=sys.stdout, highlight=False)
    console.print("[bold]Emarsys Export Watch[/bold]: ten exports at once, in simulated time")
    waiting = "shortened: an hour and a half pass in half a minute" if console.is_terminal else "left out"
    console.print(
        "The template of this folder is deployed on this machine, with its default parameters: EventBridge, SQS, "
        "Lambda, Step Functions and SNS in one process, against an Emarsys on a local port. Events, requests and "
        f"notifications are what they would be; only the waiting is {waiting}.\n",
        style="dim",
        soft_wrap=not console.is_terminal,
    )
    return show(console)


def show(console: Any) -> int:
    """Plays the stories on a console."""
    from sandbox.aws import VirtualClock  # noqa: PLC0415
    from sandbox.demo import stories  # noqa: PLC0415
    from sandbox.demo.board import Board  # noqa: PLC0415
    from sandbox.demo.pace import Pace  # noqa: PLC0415
    from sandbox.demo.play import play  # noqa: PLC0415
    from sandbox.demo.screen import LiveTable, PlainLines, told_lines, verdict  # noqa: PLC0415

    clock = VirtualClock()
    board = Board(stories.STORIES, clock.now())
    screen: Any = (LiveTable if console.is_terminal else PlainLines)(console, board)
    # Where nobody looks on, nobody needs to wait.
    before_jump = Pace(screen.draw).before_jump if console.is_terminal else screen.draw
    with screen:
        finished, refused = play(board, clock, before_jump)
        screen.draw(clock.now() - board.begin)
    if console.is_terminal:
        console.print(told_lines(board), soft_wrap=True)
    console.print(verdict(board))
    for letter in refused:
        console.print(f"refused: {letter.body}", style="bold red", markup=False)
    return EXIT_RIGHT if board.right and finished and not refused else EXIT_WRONG
