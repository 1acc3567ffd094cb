"""The machine that measured, as far as it matters to a figure; nothing that tells whose it is."""

import os
import platform
from pathlib import Path


def describe() -> dict[str, str | int]:
    """Processor, cores, memory, system and Python, as well as they can be found out here."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    return _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or "unknown"


def _memory_gib() -> int:
    kibibytes = _field(Path("/proc/meminfo"), "MemTotal").removesuffix("kB").strip()
    return round(int(kibibytes) / 2**20) if kibibytes else 0


def _field(file: Path, name: str) -> str:
    """The first value of that name in one of Linux's `name : value` files; empty elsewhere."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
