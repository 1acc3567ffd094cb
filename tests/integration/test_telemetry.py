"""The lines that carry metrics, as a process of their own writes them."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from tests.contract.schemas import ROOT

TELL = """
from logging import ERROR, INFO, WARNING
from export_watch.telemetry import logger, tell
logger.append_keys(account="shop")
tell(INFO, "status ready: look again in 40 s", {"Checks": 1, "RateLimitHeadroom": 99.5}, checks=3)
tell(ERROR, "watch lost", {"WatchesLost": 1}, reason=None)
"""


def written(level: str) -> list[dict[str, Any]]:
    """What TELL writes where lines of this level and above are logged."""
    environment = {
        "PYTHONPATH": str(ROOT / "layers"),
        "POWERTOOLS_SERVICE_NAME": "my-stack",
        "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
        "POWERTOOLS_LOG_LEVEL": level,
    }
    command = [sys.executable, "-c", TELL]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert not done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_carries_its_metrics_and_says_who_told_them() -> None:
    look, lost = written("INFO")
    assert look["message"] == "status ready: look again in 40 s"
    assert (look["level"], look["account"], look["checks"]) == ("INFO", "shop", 3)
    assert (look["Checks"], look["RateLimitHeadroom"]) == (1, 99.5)
    assert look["location"].startswith("<module>:")
    assert (lost["level"], lost["WatchesLost"]) == ("ERROR", 1)


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_metrics_are_in_the_embedded_metric_format_as_powertools_writes_it(level: str) -> None:
    theirs = EphemeralMetrics(service="my-stack", namespace="EmarsysExportWatch")
    theirs.add_metric("Checks", MetricUnit.Count, 1)
    theirs.add_metric("RateLimitHeadroom", MetricUnit.Percent, 99.5)
    wanted: dict[str, Any] = {**theirs.serialize_metric_set()}
    look = written(level)[0]
    for record in (look, wanted):
        assert isinstance(record["_aws"].pop("Timestamp"), int)
    assert set(wanted) <= set(look)
    # A list of values or a value alone: the format takes either.
    assert look | {name: [look[name]] for name in ("Checks", "RateLimitHeadroom")} == look | wanted


def test_metrics_come_by_themselves_where_their_line_is_not_logged() -> None:
    look, lost = written("ERROR")
    assert sorted(look) == ["Checks", "RateLimitHeadroom", "_aws", "service"]
    assert lost["message"] == "watch lost"
