"""The generated parts of the documents, each between two markers, and the pictures in docs/images/.

<!-- table: NAME -->
... made by `python -m benchmarks --render`, never by hand ...
<!-- end -->
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT = DOCS / "benchmarks.md"
DOCUMENTS = (DOCUMENT, DOCS / "reliability.md", DOCS.parent / "README.md")
IMAGES = DOCS / "images"

_PART = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class UnknownTableError(Exception):
    """A document has a marker that no benchmark makes a table for, or a table has no marker in any."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its first column on the left and all others on the right."""
    lines = [header, ["---", *(["--:"] * (len(header) - 1))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fill(documents: Mapping[Path, str], tables: Mapping[str, str]) -> dict[Path, str]:
    """The documents with these tables between their markers. Raises UnknownTableError."""
    wanted = {part["name"] for text in documents.values() for part in _PART.finditer(text)}
    if difference := wanted ^ set(tables):
        raise UnknownTableError(
            f"in the documents or in the benchmarks only: {', '.join(sorted(difference))}"
        )

    def filled(part: re.Match[str]) -> str:
        return f"{part[1]}\n{tables[part['name']]}\n\n{part[3]}"

    return {file: _PART.sub(filled, text) for file, text in documents.items()}


def render(tables: Mapping[str, str], pictures: Mapping[str, str]) -> dict[Path, str]:
    """What each generated file should hold."""
    documents = {file: file.read_text(encoding="utf-8") for file in DOCUMENTS}
    return {IMAGES / f"{name}.svg": picture for name, picture in pictures.items()} | fill(documents, tables)


def write(files: Mapping[Path, str]) -> None:
    """Write the generated files."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        file.write_text(content, encoding="utf-8")


def stale(files: Mapping[Path, str]) -> list[str]:
    """The generated files that hold something else, by their names in the project."""
    return [
        str(file.relative_to(DOCS.parent))
        for file, content in files.items()
        if not file.exists() or file.read_text(encoding="utf-8") != content
    ]
