"""`python -m sandbox demo`."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

EXIT_RIGHT = 0
EXIT_WRONG = 1
SCENARIO = Path(__file__).parent / "scenario.yaml"
GIVE_UP_SECONDS = 120.0
"""Of real time: the demo takes half a minute."""


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
    from sandbox.aws import VirtualClock, deploy  # noqa: PLC0415
    from sandbox.demo.board import Board  # noqa: PLC0415
    from sandbox.demo.pace import Pace  # noqa: PLC0415
    from sandbox.demo.screen import LiveTable, PlainLines, line  # noqa: PLC0415
    from sandbox.demo.stories import SECRETS, STORIES  # noqa: PLC0415
    from sandbox.emarsys import EmarsysServer, load  # noqa: PLC0415

    clock = VirtualClock()
    board = Board(STORIES, clock.now())
    screen: Any = (LiveTable if console.is_terminal else PlainLines)(console, board)
    with EmarsysServer(load(SCENARIO), clock=clock.now) as emarsys:
        parameters = {"EmarsysHost": emarsys.url, "EmarsysTokenUrl": f"{emarsys.url}/oauth2/token"}
        with deploy(parameters, secrets=SECRETS, clock=clock) as deployment, screen:
            deployment.logs.listeners.append(board.logged)
            deployment.listeners.append(board.notified)
            for story in STORIES:
                deployment.announce(story.event_detail)
                if story.stopped_after_seconds is not None:
                    stop = partial(
                        deployment.stop, story.execution, "Operator", "stopped by hand, for the demo"
                    )
                    clock.call_later(story.stopped_after_seconds, stop)
            # Where nobody looks on, nobody needs to wait.
            pace = Pace(screen.draw)
            clock.before_jump = pace.before_jump if console.is_terminal else screen.draw
            finished = deployment.run(timeout_seconds=GIVE_UP_SECONDS)
            screen.draw(clock.now() - board.begin)
            refused = deployment.dead_letters()
    if console.is_terminal:
        console.print("\n[bold]What subscribers were told[/bold]")
        for told in board.told:
            console.print(line(told), soft_wrap=True)
    if board.right and finished and not refused:
        console.print(f"\nAll {len(STORIES)} watches ended as they should.", style="green")
        return EXIT_RIGHT
    for row in board.rows.values():
        if not row.right:
            told_instead = ", ".join(row.outcomes) or "nothing"
            console.print(
                f"{row.story.execution} should have told {', '.join(row.story.outcomes)}; it told {told_instead}.",
                style="bold red",
            )
    for letter in refused:
        console.print(f"refused: {letter.body}", style="bold red", markup=False)
    return EXIT_WRONG
