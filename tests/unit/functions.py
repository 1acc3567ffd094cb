"""The functions, as a test builds them: from an environment and fakes, with what they write read back."""

import importlib
import itertools
import json
import os
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
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
CONTEXT = SimpleNamespace(
    function_name="function", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="request-1"
)
_services = itertools.count()


@cache
def app(name: str) -> Any:
    """The module of a function. Importing it builds its handler from the environment, as Lambda does."""
    with patch.dict(os.environ, ENVIRONMENT):
        return importlib.import_module(f"functions.{name}.app")


def build(name: str, *, level: str = "INFO", **options: Any) -> Any:
    """The handler of a function. Each has a service of its own: Powertools keeps one logger for each, for ever."""
    service = {"POWERTOOLS_SERVICE_NAME": f"my-stack-{next(_services)}", "POWERTOOLS_LOG_LEVEL": level}
    return app(name).build(ENVIRONMENT | service, **options)


@dataclass(frozen=True)
class Written:
    """What a function answered, logged and counted."""

    answer: Any
    logs: list[dict[str, Any]]
    metrics: list[dict[str, Any]]

    @property
    def failed(self) -> list[str]:
        """The messages of a batch that are to be delivered again."""
        return [failure["itemIdentifier"] for failure in self.answer["batchItemFailures"]]

    @property
    def counted(self) -> dict[str, float]:
        """The metrics by their names."""
        names = [
            (record, metric["Name"])
            for record in self.metrics
            for metric in record["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        ]
        return {name: sum(record[name]) for record, name in names}


def invoke(handler: Any, event: dict[str, Any], capsys: Any) -> Written:
    """Call a handler as Lambda does."""
    capsys.readouterr()
    answer = handler(event, CONTEXT)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [record for record in records if "_aws" in record]
    return Written(answer, [record for record in records if "_aws" not in record], metrics)


def sqs_event(*details: dict[str, Any]) -> dict[str, Any]:
    """A batch of messages about events of such details, with ids by their place."""
    return {
        "Records": [
            {
                "messageId": f"message-{place}",
                "eventSource": "aws:sqs",
                "body": json.dumps({"detail": detail}),
            }
            for place, detail in enumerate(details)
        ]
    }
