"""What the matrix is made of: a fault (`Row`), the moment at which it strikes, and what subscribers are told then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stack.faults.rig import Rig


class Moment(StrEnum):
    """When a fault strikes; the columns of the matrix."""

    FIRST = "first check"
    MIDDLE = "mid-watch"
    LAST = "last moment"  # the look at the deadline
    ALWAYS = "all the time"


FIRST, MIDDLE, LAST, ALWAYS = Moment

Told = Mapping[Moment, str]
"""What is told where a fault strikes at a moment: outcomes in order, `expired: still_scheduled`, or DEAD_LETTER.

A moment is left out where the fault cannot strike then.
"""

DEAD_LETTER = "dead-letter queue"


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
    MIDDLE: Timing(120, 90, 20, 80),
    LAST: Timing(150, 100, 100),  # the fault hides that the export is done
    ALWAYS: Timing(120, 90, 0),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One export, watched while a fault strikes. `account` is its own, and so may be its secret."""

    row: "Row"
    moment: Moment
    export_id: int
    announced_at: float
    account: str

    @property
    def execution(self) -> str:
        return f"{self.account}_{self.export_id}"

    @property
    def timing(self) -> Timing:
        return self.row.course[self.moment]

    def detail(self, **others: Any) -> dict[str, Any]:
        """The detail of the event that announces the export; `cell` is a key that the contract ignores."""
        return {
            "cell": self.execution,
            "export_id": self.export_id,
            "account": self.account,
            "deadline_seconds": self.timing.deadline_seconds,
            **others,
        }


def healthy(cell: Cell) -> dict[str, Any]:
    """An export of Emarsys with which nothing is wrong."""
    return {"timeline": [{"at": 0, "status": "in progress"}, {"at": cell.timing.done_at, "status": "done"}]}


def nothing(rig: "Rig", cell: Cell) -> None:
    """Nothing is wrong on our side."""


def announced(rig: "Rig", cell: Cell) -> None:
    """The export is announced, once."""
    rig.announce_at(0, cell, cell.detail())


Log = str | Mapping[Moment, str] | None
"""Words of the log, the same at each moment or not; None where no function takes notice."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes
    ----------
    log
        Words that the log says of it, in one line for each thing that it struck.
    plan
        The export, as a scenario of the sandbox's Emarsys has it.
    strike
        Arranges what happens on our side, and on the way to Emarsys.
    announce
        Announces the export.
    account
        The account, where it is not one of the cell's own.
    """

    fault: str
    told: Told
    log: Log
    course: Course = field(default_factory=lambda: QUICK)
    plan: Callable[[Cell], dict[str, Any]] = healthy
    strike: Callable[["Rig", Cell], None] = nothing
    announce: Callable[["Rig", Cell], None] = announced
    account: str | None = None

    def logs(self, moment: Moment) -> str | None:
        """What the log says where the fault strikes at this moment."""
        return self.log.get(moment) if isinstance(self.log, Mapping) else self.log


def heals_or_expires(code: str) -> Told:
    """A fault that heals does not show; one that lasts to the deadline is the reason then."""
    return {FIRST: "done", MIDDLE: "done", LAST: f"expired: {code}", ALWAYS: f"expired: {code}"}


NEVER_SHOWS: Told = dict.fromkeys(Moment, "done")
