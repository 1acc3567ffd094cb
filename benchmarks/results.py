"""The committed results: a JSON file for each benchmark that says how it came about."""

import json
import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Measured

FOLDER = Path(__file__).parent / "results"


def write(name: str, seed: int, measured: Measured) -> None:
    """Write what a benchmark measured, just now and here, to six digits: more would only be noise in a diff."""
    info = Path("/proc/cpuinfo")  # Linux alone names its processor there
    model = (
        re.search(r"^model name\s*: (.+)", info.read_text("utf-8"), re.MULTILINE) if info.exists() else None
    )
    result = {
        "benchmark": name,
        "command": f"python -m benchmarks {name}",
        "seed": seed,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": {
            "processor": model[1] if model else platform.processor(),
            "cores": os.cpu_count() or 0,
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "measured": json.loads(
            json.dumps(measured), parse_float=lambda number: float(f"{float(number):.6g}")
        ),
    }
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """The whole result of a benchmark: its `measured`, and how it came about."""
    result: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return result


def provenance(result: Mapping[str, Any]) -> str:
    """How a result came about, in a sentence."""
    machine = result["machine"]
    return (
        f"Made by `{result['command']}` with the seed {result['seed']} on {result['measured_on']}, by Python "
        f"{machine['python']} on {machine['cores']} cores of {machine['processor']} ({machine['system']})."
    )
