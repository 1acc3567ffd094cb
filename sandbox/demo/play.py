"""Plays the stories: deploys the template, announces the exports, and lets the board learn what becomes of them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sandbox.aws import DeadLetter, VirtualClock, deploy
from sandbox.demo import stories
from sandbox.demo.board import Board
from sandbox.emarsys import EmarsysServer, load

SCENARIO = Path(__file__).parent / "scenario.yaml"
GIVE_UP_SECONDS = 120.0
"""Of real time: the demo takes half a minute."""


def play(
    board: Board, clock: VirtualClock, before_jump: Callable[[float], None]
) -> tuple[bool, list[DeadLetter]]:
    """Whether nothing is left to do at the end, and the events that were refused.

    `before_jump` is told the seconds of each jump of the clock, ahead of it.
    """
    with (
        EmarsysServer(load(SCENARIO), clock=clock.now) as emarsys,
        deploy(emarsys.parameters, secrets=stories.SECRETS, clock=clock) as deployment,
    ):
        deployment.logs.listeners.append(board.logged)
        deployment.listeners.append(board.notified)
        for row in board.rows.values():
            story = row.story
            deployment.announce(story.event_detail)
            if story.stopped_after_seconds is not None:
                stop = partial(deployment.stop, story.execution, "Operator", "stopped by hand, for the demo")
                clock.call_later(story.stopped_after_seconds, stop)
        clock.before_jump = before_jump
        finished = deployment.run(timeout_seconds=GIVE_UP_SECONDS)
        return finished, deployment.dead_letters()
