"""The tables in the documents, each between two markers, made by `python -m benchmarks --render`, never by hand.

<!-- table: NAME -->
<!-- end -->
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"


def table(header: str, rows: Iterable[str]) -> str:
    """A Markdown table of lines with ` | ` between cells, the first column on the left, others on the right."""
    rule = " | ".join(["---", *["--:"] * header.count(" | ")])
    return "\n".join(f"| {line} |" for line in (header, rule, *rows))


def fill(text: str, tables: Mapping[str, str]) -> str:
    """A document with these tables between their markers. Raises KeyError at a marker that has none."""
    return re.sub(
        r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)",
        lambda part: f"{part[1]}\n{tables[part[2]]}\n\n{part[3]}",
        text,
        flags=re.DOTALL,
    )


def fill_all(tables: Mapping[str, str]) -> None:
    """Fill README.md and each document in docs/."""
    for file in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        file.write_text(fill(file.read_text(encoding="utf-8"), tables), encoding="utf-8")
