"""README and docs/: where they are, what is shown in them, and the commands of the Makefile that they name."""

import re

from tests.contract.schemas import ROOT

README = ROOT / "README.md"
OPERATING = ROOT / "docs" / "operating.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def make_targets() -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
