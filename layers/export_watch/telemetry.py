"""The logger of all functions, and the metrics, which are on the lines that tell of the same thing.

Such a line is in CloudWatch's embedded metric format as well: CloudWatch makes metrics of it, and whoever asks what
moved one finds the lines by its name, each with the account and the export. Service, namespace and level come from the
environment (`POWERTOOLS_…`).
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from logging import ERROR, INFO, WARNING
from typing import Any

from aws_lambda_powertools import Logger

logger = Logger(
    # One encoder for all lines: `json.dumps` would make one for each.
    json_serializer=json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode,
    # A message is a text, even one that reads like JSON.
    json_deserializer=str,
)
_NAMESPACE = os.environ["POWERTOOLS_METRICS_NAMESPACE"]
_LOG = {INFO: logger.info, WARNING: logger.warning, ERROR: logger.error}
_UNITS = {"DetectionSeconds": "Seconds", "RateLimitHeadroom": "Percent"}


def tell(level: int, message: str, metrics: Mapping[str, float], **keys: Any) -> None:
    """Log a line that carries metrics, by their names.

    Where lines of its level (as `logging` numbers them) are not logged, the metrics are written by themselves.
    """
    embedded = {
        "_aws": {
            "Timestamp": int(1000 * time.time()),
            "CloudWatchMetrics": [
                {
                    "Namespace": _NAMESPACE,
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in metrics],
                }
            ],
        },
        **metrics,
    }
    if level >= logger.log_level:
        # The place that the line names is the caller's.
        _LOG[level](message, extra={**keys, **embedded}, stacklevel=3)
    else:
        sys.stdout.write(json.dumps({"service": logger.service, **embedded}) + "\n")
