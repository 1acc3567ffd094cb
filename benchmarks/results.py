"""The committed results: a JSON file for each benchmark with how it came about, and its tables beside it."""

import json
import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
SIGNIFICANT_DIGITS = 6
"""More would only be noise in a diff."""

Measured = Mapping[str, Any]
"""What a run measured, as JSON: objects, arrays, texts and numbers."""


def write(name: str, seed: int, measured: Measured) -> None:
    """Write what a benchmark measured, just now and here."""
    result = {
        "benchmark": name,
        "command": f"python -m benchmarks {name}",
        "seed": seed,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count() or 0,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "measured": json.loads(json.dumps(measured), parse_float=_rounded),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """The whole result of a benchmark, its `measured` and how it came about. Ends the command if there is none."""
    file = FOLDER / f"{name}.json"
    if not file.exists():
        raise SystemExit(f"benchmarks/results/{name}.json is missing: run python -m benchmarks {name}")
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result


def provenance(result: Mapping[str, Any]) -> str:
    """How a result came about, in a sentence."""
    machine = result["machine"]
    return (
        f"Made by `{result['command']}` with the seed {result['seed']} on {result['measured_on']}, by Python "
        f"{machine['python']} on {machine['cores']} cores of {machine['processor']} ({machine['system']})."
    )


def _processor() -> str:
    """Linux alone says it in a file."""
    info = Path("/proc/cpuinfo")
    model = (
        re.search(r"^model name\s*: (.+)", info.read_text("utf-8"), re.MULTILINE) if info.exists() else None
    )
    return model[1] if model else platform.processor() or "unknown"


def _rounded(number: str) -> float:
    return float(f"{float(number):.{SIGNIFICANT_DIGITS}g}")
