"""README and docs/: where they are, and what is shown in them."""

import re
from pathlib import Path

from tests.contract.schemas import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

_GENERATED = re.compile(r"<!-- (table|state machine|fault matrix).*?<!-- end.*?-->", re.DOTALL)


def name(path: Path) -> str:
    """A document's path in the project."""
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def written(path: Path) -> str:
    """A document without its generated parts."""
    return _GENERATED.sub("", path.read_text("utf-8"))


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the rows of the one table whose header line begins with `| heading |`."""
    lines = path.read_text("utf-8").splitlines()
    [start] = [at for at, line in enumerate(lines) if line.startswith(f"| {heading} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def make_targets() -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
