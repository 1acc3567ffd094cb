"""Plays the stories, and knows how far each watch is: what its log and its notifications say so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.aws import LogLine, Notification, QueueMessage, VirtualClock, deploy
from sandbox.demo import stories
from sandbox.emarsys import EmarsysServer, load

SCENARIO = Path(__file__).parent / "scenario.yaml"
GIVE_UP_SECONDS = 120.0
"""Of real time: the demo takes half a minute."""


@dataclass(slots=True)
class Row:
    """A watch. `outcomes` are those published so far, `last_check` what the last check found."""

    story: stories.Story
    checks: int = 0
    last_check: str = "announced"
    outcomes: list[str] = field(default_factory=list)
    ended: bool = False

    @property
    def right(self) -> bool:
        """Whether it has ended as its story demands."""
        return self.ended and tuple(self.outcomes) == self.story.outcomes


@dataclass(frozen=True, slots=True)
class Published:
    """A notification, `at` seconds after the start of the demo."""

    at: float
    data: Mapping[str, Any]

    @property
    def detail(self) -> str:
        """Where the file is, or the first sentence of what went wrong."""
        file = self.data["file"] or {}
        reason = (self.data["reason"] or {}).get("message", "").partition(". ")[0]
        return " ".join(filter(None, (reason, file.get("uri") or file.get("name"))))


class Board:
    """All watches of the demo, as they are played on a clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self.rows = {story.execution: Row(story) for story in stories.STORIES}
        self.published: list[Published] = []
        self.begin = clock.now()
        self._clock = clock

    @property
    def right(self) -> bool:
        return all(row.right for row in self.rows.values())

    def play(self) -> tuple[bool, list[QueueMessage]]:
        """Whether nothing is left to do at the end, and the events that were refused."""
        with (
            EmarsysServer(load(SCENARIO), clock=self._clock.now) as emarsys,
            deploy(emarsys.parameters, secrets=stories.SECRETS, clock=self._clock) as deployment,
        ):
            deployment.logs.listeners.append(self.logged)
            deployment.listeners.append(self.notified)
            for execution, row in self.rows.items():
                deployment.announce(row.story.event_detail)
                if (seconds := row.story.stopped_after_seconds) is not None:
                    stop = partial(deployment.stop, execution, "Operator", "stopped by hand, for the demo")
                    self._clock.call_later(seconds, stop)
            return deployment.run(timeout_seconds=GIVE_UP_SECONDS), deployment.dead_letters()

    def logged(self, line: LogLine) -> None:
        """Takes note of a check, which `check_export` logs with its number."""
        record = line.record
        if (row := self.rows.get(record.get("execution", ""))) and "checks" in record:
            row.checks = record["checks"]
            row.last_check = record["message"].partition(". ")[0]

    def notified(self, notification: Notification) -> None:
        data = notification.message["data"]
        self.published.append(Published(notification.at - self.begin, data))
        if row := self.rows.get(data["watch"]["execution"]):
            row.outcomes.append(data["outcome"])
            row.ended = row.ended or data["terminal"]
