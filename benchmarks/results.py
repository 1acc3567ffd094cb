"""The committed results: a JSON file for each benchmark with how it came about, and its tables beside it."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Measured

FOLDER = Path(__file__).parent / "results"
SIGNIFICANT_DIGITS = 6


class ResultMissingError(Exception):
    """There is no committed result to render or to compare with."""


def write(benchmark: Benchmark, measured: Measured) -> None:
    """Write what a benchmark measured, just now and here."""
    result = {
        "benchmark": benchmark.name,
        "command": f"python -m benchmarks {benchmark.name}",
        "seed": benchmark.seed,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": _linux("/proc/cpuinfo", "model name"),
            "cores": os.cpu_count() or 0,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "measured": _rounded(measured),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{benchmark.name}.json").write_text(text, encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """The whole result of a benchmark, its `measured` and how it came about. Raises ResultMissingError."""
    try:
        result: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultMissingError(
            f"benchmarks/results/{name}.json is missing: run python -m benchmarks {name}"
        ) from None
    return result


def provenance(result: dict[str, Any]) -> str:
    """How a result came about, in a sentence."""
    machine = result["machine"]
    return (
        f"Made by `{result['command']}` with the seed {result['seed']} on {result['measured_on']}, by Python "
        f"{machine['python']} on {machine['cores']} cores of {machine['processor']} ({machine['system']})."
    )


def _linux(file: str, name: str) -> str:
    """The first value of that name in one of Linux's `name : value` files; else what Python knows."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, platform.processor() or "unknown")


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
