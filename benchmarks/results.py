"""The committed results: one JSON file for each benchmark, and how it came about."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.benchmark import Benchmark, Measured

FOLDER = Path(__file__).parent / "results"
COMMAND = "python -m benchmarks"
SIGNIFICANT_DIGITS = 6


class ResultMissingError(Exception):
    """There is no committed result to render or to compare with."""


def write(benchmark: Benchmark, measured: Measured) -> None:
    """Write what a benchmark measured, just now and here."""
    result = {
        "benchmark": benchmark.name,
        "command": f"{COMMAND} {benchmark.name}",
        "seed": benchmark.seed,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": machine.describe(),
        "measured": _rounded(measured),
    }
    FOLDER.mkdir(exist_ok=True)
    _file(benchmark.name).write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def read(name: str) -> dict[str, Any]:
    """The whole result of a benchmark, its `measured` and how it came about. Raises ResultMissingError."""
    try:
        result: dict[str, Any] = json.loads(_file(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultMissingError(f"benchmarks/results/{name}.json is missing: run {COMMAND} {name}") from None
    return result


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"


def _rounded(value: Any) -> Any:
    """Floats to a few digits: more would only be noise in a diff."""
    match value:
        case float():
            return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value
