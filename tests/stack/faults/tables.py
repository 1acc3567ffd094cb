"""All rows of the matrix, by the headings of docs/reference/fault-matrix.md."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.stack.faults import of_emarsys, of_the_way, ours
from tests.stack.faults.matrix import Moment, Row

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "fault-matrix.md"

TABLES: dict[str, Sequence[Row]] = {
    "Faults of Emarsys": of_emarsys.ROWS,
    "Faults on the way to Emarsys": of_the_way.ROWS,
    "Faults on our side": [*ours.OF_CHECKS, *ours.OF_ALL_ELSE],
}


def filled(document: str) -> str:
    """The document with the matrix between its markers."""
    text = "\n\n".join("\n".join(_table(heading, rows)) for heading, rows in TABLES.items())
    markers = re.compile(r"(<!-- fault matrix -->\n).*?(<!-- end of fault matrix -->)", re.DOTALL)
    return markers.sub(lambda part: f"{part[1]}\n{text}\n\n{part[2]}", document)


def _table(heading: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {' | '.join([heading, *Moment])} |"
    yield "|---" * (1 + len(Moment)) + "|"
    for row in rows:
        yield f"| {' | '.join([row.fault, *(row.published.get(moment, '-') for moment in Moment)])} |"
