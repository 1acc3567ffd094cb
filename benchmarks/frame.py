"""What a benchmark is, its committed result, and the tables that are made of it.

To add one, write a module that holds a `Benchmark`, and name it in benchmarks/__main__.py.
"""

import json
import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"

Measured = Mapping[str, Any]
"""What a run measured, as JSON: objects, arrays, texts and numbers."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A run that measures, less if quick, and renderings of what was measured, which are pure functions of it.

    `tables` gives Markdown by the name of its marker, `pictures` drawings by the name of their file. `ratios` are the
    figures that must not grow by more than `noise`: the share of a figure that chance, rounding, another machine and
    other versions of Python and numpy may add.
    """

    name: str
    run: Callable[[bool], Measured]
    tables: Callable[[Measured], Mapping[str, str]]
    pictures: Callable[[Measured], Mapping[str, Figure]]
    ratios: Callable[[Measured], Mapping[str, float]]
    seed: int = 0
    noise: float = 0.002

    def write(self, measured: Measured) -> None:
        """Write what was measured, just now and here, to six digits: more would only be noise in a diff."""
        made = f"Made by `python -m benchmarks {self.name}` with the seed {self.seed} on {datetime.now(UTC):%Y-%m-%d}"
        rounded = json.loads(json.dumps(measured), parse_float=lambda text: float(f"{float(text):.6g}"))
        result = {"made": f"{made}, by {_machine()}.", "measured": rounded}
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        (RESULTS / f"{self.name}.json").write_text(text, encoding="utf-8")


def read(name: str) -> Measured:
    """What a benchmark measured, from its committed result."""
    measured: Measured = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["measured"]
    return measured


def _machine() -> str:
    info = Path("/proc/cpuinfo")  # Linux alone names its processor there
    model = re.search(r"^model name\s*: (.+)", info.read_text("utf-8") if info.exists() else "", re.MULTILINE)
    processor = model[1] if model else platform.processor()
    system = f"{platform.system()} {platform.machine()}"
    return f"Python {platform.python_version()} on {os.cpu_count()} cores of {processor} ({system})"


def table(header: str, rows: Iterable[str]) -> str:
    """A Markdown table of lines with ` | ` between cells, the first column on the left, others on the right."""
    rule = " | ".join(["---", *["--:"] * header.count(" | ")])
    return "\n".join(f"| {line} |" for line in (header, rule, *rows))


def fill(text: str, tables: Mapping[str, str]) -> str:
    """A document with these tables, each between `<!-- table: NAME -->` and `<!-- end -->`.

    Raises KeyError at a name that has no table.
    """
    return re.sub(
        r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)",
        lambda part: f"{part[1]}\n{tables[part[2]]}\n\n{part[3]}",
        text,
        flags=re.DOTALL,
    )
