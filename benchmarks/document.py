"""The tables in the documents, each between two markers, made by `python -m benchmarks --render`, never by hand.

<!-- table: NAME -->
<!-- end -->
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
IMAGES = DOCS / "images"

_PART = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class UnknownTableError(Exception):
    """A document has a marker that no benchmark makes a table for."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its first column on the left and all others on the right."""
    lines = [header, ["---", *(["--:"] * (len(header) - 1))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fill(text: str, tables: Mapping[str, str]) -> str:
    """A document with these tables between their markers. Raises UnknownTableError."""

    def filled(part: re.Match[str]) -> str:
        if part["name"] not in tables:
            raise UnknownTableError(f"no benchmark makes the table {part['name']}")
        return f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}"

    return _PART.sub(filled, text)


def filled_documents(tables: Mapping[str, str]) -> dict[Path, str]:
    """What README.md and each document in docs/ should hold. Raises UnknownTableError."""
    files = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
    return {file: fill(file.read_text(encoding="utf-8"), tables) for file in files}
