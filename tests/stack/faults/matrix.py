"""What the matrix is made of: faults (`Row`), when they strike (`Moment`), and what is published and logged then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DEAD_LETTER = "dead-letter queue"


class Moment(StrEnum):
    """When a fault strikes; the columns of the matrix."""

    FIRST = "first check"
    MIDDLE = "mid-watch"
    LAST = "last moment"  # the check at the deadline
    ALWAYS = "all the time"


FIRST, MIDDLE, LAST, ALWAYS = Moment


@dataclass(frozen=True, slots=True)
class Timing:
    """How a watch goes, in seconds since its export was announced: its deadline, the export's end, the fault's time."""

    deadline_seconds: int
    done_at: float
    begins: float
    ends: float = float("inf")


Course = Mapping[Moment, Timing]

QUICK: Course = {
    FIRST: Timing(120, 90, 0, 31),
    MIDDLE: Timing(120, 90, 31, 85),
    LAST: Timing(150, 100, 100),  # the fault hides that the export is done
    ALWAYS: Timing(120, 90, 0),
}
"""For watches with CHECK_COST_SECONDS, whose second check is made within a minute of the first."""

CHECK_COST_SECONDS = 15
"""More than by default: fewer checks, and more than 30 s from one to the next, which no connection outlives."""

Published = Mapping[Moment, str]
"""What is published where a fault strikes at a moment: outcomes in order, `expired: rate_limited`, or DEAD_LETTER.

A moment is left out where the fault cannot strike then.
"""

NEVER_SHOWS: Published = dict.fromkeys(Moment, "done")


def heals_or_expires(code: str) -> Published:
    """A fault that heals does not show; one that lasts to the deadline is the reason then."""
    return {FIRST: "done", MIDDLE: "done", LAST: f"expired: {code}", ALWAYS: f"expired: {code}"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One export, watched while a fault strikes. `account` is its own, and so may be its secret."""

    row: "Row"
    moment: Moment
    export_id: int = 1
    account: str = "default"
    announced_at: float = 0

    @property
    def execution(self) -> str:
        return f"{self.account}_{self.export_id}"

    @property
    def timing(self) -> Timing:
        return self.row.course[self.moment]

    def strikes(self, now: float) -> bool:
        """Whether this is the time of the fault."""
        return self.timing.begins <= now - self.announced_at < self.timing.ends

    def as_fault(self, fault: Mapping[str, Any]) -> dict[str, Any]:
        """A fault of a scenario, at the time at which it strikes."""
        lasts = {"until": self.timing.ends} if self.timing.ends < float("inf") else {}
        return {**fault, "from": self.timing.begins, **lasts}


def healthy(cell: Cell) -> dict[str, Any]:
    """An export of a scenario with which nothing is wrong."""
    return {"timeline": [{"at": 0, "status": "in progress"}, {"at": cell.timing.done_at, "status": "done"}]}


Log = str | Mapping[Moment, str] | None
"""What stands in each line that says that something is wrong, at each moment or by moment; None if there is none."""


@dataclass(frozen=True)
class Row:
    """One fault. `plan` makes the export, as a scenario of the sandbox's Emarsys has it."""

    fault: str
    published: Published
    log: Log
    course: Course = field(default_factory=lambda: QUICK)
    plan: Callable[[Cell], dict[str, Any]] = healthy

    def wrong(self, moment: Moment, published: Sequence[str], logged: Sequence[str]) -> str | None:
        """What is not as the row says where the fault strikes at this moment, or None."""
        log = self.log.get(moment) if isinstance(self.log, Mapping) else self.log
        as_said = all(log in line for line in logged) and logged if log else not logged
        if ", ".join(published) == self.published[moment] and as_said:
            return None
        return f"{self.fault} ({moment}): published {published}, logged {logged} and not {log!r}"
