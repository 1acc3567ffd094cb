"""The matrix in parts that run by themselves, each in a deployment of its own, so that they can run side by side."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.stack.faults import of_emarsys, of_the_way, ours
from tests.stack.faults.matrix import Moment, Row
from tests.stack.faults.rig import Found, cells, run

TABLES = {
    "Faults of Emarsys": of_emarsys.ROWS,
    "Faults on the way to Emarsys": [*of_the_way.NETWORK, *of_the_way.SLOW, *of_the_way.TOKEN_ENDPOINT],
    "Faults on our side": [*ours.OF_CHECKS, *ours.OF_ALL_ELSE],
}


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rows: Sequence[Row]
    moments: Sequence[Moment] = tuple(Moment)
    whole_seconds: float | None = None

    def run(self) -> list[Found]:
        return run(cells(self.rows, self.moments), whole_seconds=self.whole_seconds)


GROUPS = [
    *(Group(f"Emarsys, {moment}", of_emarsys.ROWS, [moment]) for moment in Moment),
    Group("no reply in time", of_the_way.SLOW, whole_seconds=of_the_way.WHOLE_SECONDS),
    Group("network", of_the_way.NETWORK),
    Group("tokens", of_the_way.TOKEN_ENDPOINT),
    Group("our checks", ours.OF_CHECKS),
    Group("all else of ours", ours.OF_ALL_ELSE),
]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one group, as it can be handed from process to process."""

    name: str
    exports: int
    wrong: list[str]
    seconds: float


def report_of(number: int) -> Report:
    """Runs the group of this number."""
    group, begin = GROUPS[number], time.monotonic()
    found = group.run()
    wrong = [cell.wrong for cell in found if cell.wrong]
    return Report(group.name, len(found), wrong, time.monotonic() - begin)
