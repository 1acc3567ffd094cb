"""Logs and metrics: Powertools' Logger and Metrics, together for what one record or check is about."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from logging import ERROR, INFO, WARNING
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

Handler = Callable[[dict[str, Any], Any], Any]
"""What Lambda calls, with the event and the context."""

_UNITS = {"DetectionDelay": MetricUnit.Seconds, "RateLimitHeadroom": MetricUnit.Percent}


class Telemetry:
    """The logger and the metrics of one function.

    Service, namespace and level come from the environment (`POWERTOOLS_…`).
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        service = environment["POWERTOOLS_SERVICE_NAME"]
        self.logger = Logger(
            service=service,
            level=environment.get("POWERTOOLS_LOG_LEVEL", "INFO"),
            # One encoder for all lines: `json.dumps` would make one for each.
            json_serializer=json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode,
        )
        self._metrics = EphemeralMetrics(
            service=service, namespace=environment["POWERTOOLS_METRICS_NAMESPACE"]
        )

    def handler(self, handle: Handler) -> Handler:
        """What Lambda calls, each line of its log with the request's id, and none with what another request left."""
        return self.logger.inject_lambda_context(handle, clear_state=True)

    @contextlib.contextmanager
    def about(self, **keys: Any) -> Iterator[None]:
        """What is logged and counted within is about these keys, as `account` and `export_id`.

        The metrics carry them as metadata, so that a query finds whose they are.
        """
        try:
            with self.logger.append_context_keys(**keys):
                yield
        finally:
            if self._metrics.metric_set:
                for key, value in keys.items():
                    self._metrics.add_metadata(key, value)
                self._metrics.flush_metrics()

    def log(self, level: int, message: str, metrics: Mapping[str, float] | None = None, **keys: Any) -> None:
        """Log a line at a level of `logging`, and count the metrics that belong to it, by their names."""
        write = {INFO: self.logger.info, WARNING: self.logger.warning, ERROR: self.logger.error}[level]
        write(message, extra=keys, stacklevel=3)
        for name, value in (metrics or {}).items():
            self._metrics.add_metric(name, _UNITS.get(name, MetricUnit.Count), value)
