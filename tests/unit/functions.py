"""The functions, as a test builds them: from an environment and fakes, with what they write read back."""

import importlib.util
import itertools
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "my-stack",
    "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "STACK_NAME": "my-stack",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:export-watch",
    "CHECK_COST_SECONDS": "2",
    "MIN_WAIT_SECONDS": "10",
    "MAX_WAIT_SECONDS": "900",
    "STUCK_AFTER_SECONDS": "3900",
    "DEADLINE_SECONDS": "86400",
    "DEFAULT_DISTRIBUTION_METHOD": "ftp",
    "EMARSYS_HOST": "https://api.emarsys.net",
    "EMARSYS_TOKEN_URL": "https://auth.emarsys.net/oauth2/token",
    "CREDENTIALS_PREFIX": "emarsys",
    "TOKEN_TABLE": "tokens",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:notifications",
}
_services = itertools.count()


def environment(**changes: str) -> dict[str, str]:
    """The environment of a function. Each has a service of its own: Powertools keeps one logger for each, for ever."""
    return ENVIRONMENT | {"POWERTOOLS_SERVICE_NAME": f"my-stack-{next(_services)}"} | changes


CONTEXT = SimpleNamespace(
    function_name="function", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="request-1"
)


@cache
def app(name: str) -> ModuleType:
    """The module of a function. Importing it builds its handler from the environment, as Lambda does."""
    path = Path(__file__).parents[2] / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"app_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with patch.dict(os.environ, ENVIRONMENT):
        spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Written:
    """What a function answered, logged and counted."""

    answer: Any
    logs: list[dict[str, Any]]
    metrics: list[dict[str, Any]]

    @property
    def counted(self) -> dict[str, float]:
        """The metrics by their names, all values of one added up."""
        total: dict[str, float] = {}
        for record in self.metrics:
            for metric in record["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                total[metric["Name"]] = total.get(metric["Name"], 0) + sum(record[metric["Name"]])
        return total


def invoke(handler: Any, event: dict[str, Any], capsys: Any) -> Written:
    """Call a handler as Lambda does."""
    capsys.readouterr()
    answer = handler(event, CONTEXT)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return Written(
        answer,
        [record for record in records if "_aws" not in record],
        [record for record in records if "_aws" in record],
    )


def sqs_event(*bodies: str) -> dict[str, Any]:
    """A batch of messages, with ids by their place."""
    return {
        "Records": [
            {"messageId": f"message-{place}", "eventSource": "aws:sqs", "body": body}
            for place, body in enumerate(bodies)
        ]
    }
