"""The tables in the documents, each between two markers, made by `python -m benchmarks --render`, never by hand.

<!-- table: NAME -->
<!-- end -->
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"

_PART = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(header: str, rows: Iterable[str]) -> str:
    """A Markdown table of lines with ` | ` between cells, the first column on the left, others on the right."""
    rule = " | ".join(["---", *["--:"] * header.count(" | ")])
    return "\n".join(f"| {line} |" for line in (header, rule, *rows))


def fill(text: str, tables: Mapping[str, str]) -> str:
    """A document with these tables between their markers. Ends the command at a marker that has none."""

    def filled(part: re.Match[str]) -> str:
        if part["name"] not in tables:
            raise SystemExit(f"no benchmark makes the table {part['name']}")
        return f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}"

    return _PART.sub(filled, text)


def fill_all(tables: Mapping[str, str]) -> None:
    """Fill README.md and each document in docs/."""
    for file in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        file.write_text(fill(file.read_text(encoding="utf-8"), tables), encoding="utf-8")
