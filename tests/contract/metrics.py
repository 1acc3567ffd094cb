"""The metrics that functions and state machine write, read from their code."""

import re

from export_watch.watch import ObstacleCode, Outcome
from tests.contract.schemas import ROOT

_SOURCES = "".join(
    path.read_text("utf-8")
    for folder in ("functions", "layers/export_watch")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
_MACHINE = (ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8")

COUNTED = {
    *re.findall(r'"([A-Z][a-z]+[A-Z]\w+)(?<!Exception)"(?:: 1[,.}]|\] = (?!\")|: 100 \*| if )', _SOURCES),
    *(code.title().replace("_", "") for code in ObstacleCode),
    *(f"Watches{outcome.title()}" for outcome in Outcome),
    *re.findall(r'"MetricName": "(\w+)"', _MACHINE),
}
"""All names in the namespace EmarsysExportWatch."""
