"""The matrix in docs/reference/fault-matrix.md, between two markers; never written by hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.stack.faults.matrix import Moment, Row

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "fault-matrix.md"

_PART = re.compile(r"(<!-- fault matrix -->\n).*?(<!-- end of fault matrix -->)", re.DOTALL)


def matrix(tables: Mapping[str, Sequence[Row]]) -> str:
    """The rows as Markdown, a table for each heading."""
    return "\n\n".join("\n".join(_table(heading, rows)) for heading, rows in tables.items())


def _table(heading: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {' | '.join([heading, *Moment])} |"
    yield "|---" * (1 + len(Moment)) + "|"
    for row in rows:
        yield f"| {' | '.join([row.fault, *(row.told.get(moment, '-') for moment in Moment)])} |"


def filled(document: str, text: str) -> str:
    """The document with this matrix between its markers."""
    return _PART.sub(lambda part: f"{part[1]}\n{text}\n\n{part[2]}", document)
