"""How far each watch of the demo is: what its log and its notifications have told so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws import LogLine, Notification
from sandbox.demo.stories import Story


@dataclass(slots=True)
class Row:
    """A watch. `outcomes` are those told so far, `looked` what the last look found."""

    story: Story
    looks: int = 0
    looked: str = "announced"
    outcomes: list[str] = field(default_factory=list)
    ended: bool = False

    @property
    def right(self) -> bool:
        """Whether it has ended as its story demands."""
        return self.ended and tuple(self.outcomes) == self.story.outcomes


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, `at` seconds after the start of the demo."""

    at: float
    outcome: str
    data: Mapping[str, Any]

    @property
    def essence(self) -> str:
        """What a reader wants to know of it: where the file is, or what went wrong."""
        file = self.data["file"] or {}
        where = file.get("uri") or file.get("name") or ""
        reason = (self.data["reason"] or {}).get("message", "")
        return " ".join(part for part in (reason, where) if part)


class Board:
    """All watches of the demo."""

    def __init__(self, stories: tuple[Story, ...], begin: float) -> None:
        self.rows = {story.execution: Row(story) for story in stories}
        self.told: list[Told] = []
        self.begin = begin

    @property
    def right(self) -> bool:
        return all(row.right for row in self.rows.values())

    def logged(self, line: LogLine) -> None:
        """Takes note of a look, which `check_export` logs with its number."""
        record = line.record
        if (row := self.rows.get(record.get("execution", ""))) and "checks" in record:
            row.looks = record["checks"]
            row.looked = record["message"].partition(". ")[0]

    def notified(self, notification: Notification) -> None:
        data = notification.message["data"]
        self.told.append(Told(notification.at - self.begin, data["outcome"], data))
        if row := self.rows.get(data["watch"]["execution"]):
            row.outcomes.append(data["outcome"])
            row.ended = row.ended or data["terminal"]
