"""The logger and the metrics of all functions: structured logs and CloudWatch's embedded metric format.

Their service, namespace and level come from the environment (`POWERTOOLS_…`).
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


def count(name: str) -> None:
    """Add one to a metric."""
    measure(name, MetricUnit.Count, 1)


def measure(name: str, unit: MetricUnit, value: float) -> None:
    """Add a value to a metric."""
    metrics.add_metric(name=name, unit=unit, value=value)
