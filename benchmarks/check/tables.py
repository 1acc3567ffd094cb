"""The tables of a check in docs/benchmarks.md."""

from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table

FIGURES = {"warm_cpu": "CPU, warm", "cold_cpu": "CPU, cold", "peak_mib": "peak memory"}
NAMES = {
    "ours_oauth": "Export Watch, OAuth",
    "ours_wsse": "Export Watch, WSSE",
    "ours_compiling": "Export Watch, OAuth, without bytecode",
    "common_oauth": "the common way",
    "common_wsse": "the common way",
    "floor": "a bare GET",
}

PARTS = {
    "http": "HTTP and TLS, by the standard library",
    "powertools": "Powertools' logger",
    "own": "the function itself",
}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "check-ways": _ways(measured),
        "check-ratios": _ratios(measured),
        "check-cold": _cold(measured),
    }


def _ways(measured: Measured) -> str:
    header = ["a check", "cold: imports", "first check", "together", "warm: CPU", "wall", "peak memory"]
    return table(header, (_way(of) for of in measured["ways"].values()))


def _way(of: dict[str, Any]) -> list[str]:
    cold = [f"{1000 * of[figure]:.0f} ms" for figure in ("import_cpu", "first_cpu", "cold_cpu")]
    warm = [f"{1000 * of[figure]:.2f} ms" for figure in ("warm_cpu", "warm_wall")]
    return [of["label"], *cold, *warm, f"{of['peak_mib']:.0f} MiB"]


def _ratios(measured: Measured) -> str:
    rows = (
        [
            f"{FIGURES[of['figure']]}: {NAMES[of['way']]} / {NAMES[of['other']]}",
            f"{of['ratio']:.3g}",
            f"{of['error']:.1g}",
        ]
        for of in measured["ratios"]
    )
    return table(["ratio", "median of the rounds", "standard error"], rows)


def _cold(measured: Measured) -> str:
    parts = measured["cold_parts"]
    rows = ([PARTS[part], f"{1000 * seconds:.0f} ms"] for part, seconds in parts.items())
    return table(["the imports of a cold start", "CPU"], rows)
