"""AWS's list prices of us-east-1, without the free tiers.

Each is from the source beside it, and was not compared with AWS's own page on that day.
"""

from collections.abc import Mapping
from enum import Enum

REGION = "us-east-1"
AS_OF = "2026-11-24"
HOURS_A_MONTH = 730  # as AWS's own calculator has it

_LAMBDA = "reprints of aws.amazon.com/lambda/pricing"
_STEP_FUNCTIONS = "aws.amazon.com/step-functions/pricing"


class Item(Enum):
    """What AWS counts, and the dollars that it asks for so many units of it."""

    def __init__(self, label: str, dollars: float, units: int, source: str) -> None:
        self.label, self.dollars, self.units, self.source = label, dollars, units, source

    TRANSITION = "Step Functions, a state transition (standard)", 0.025, 1_000, _STEP_FUNCTIONS
    LAMBDA_REQUEST = "Lambda, a request", 0.20, 1_000_000, _LAMBDA
    LAMBDA_GB_SECOND = "Lambda, a GB-second (Arm)", 0.0000133334, 1, _LAMBDA
    DURABLE_OPERATION = "Lambda, a durable operation", 8.0, 1_000_000, f"{_LAMBDA}, read 2026-09-20"
    DURABLE_GB_WRITTEN = "Lambda, a GB written by durable operations", 0.25, 1, "an estimate"
    EVENT = "EventBridge, a custom event", 1.0, 1_000_000, "cloudburn.io, 2026-03"
    SQS_REQUEST = "SQS, a request (standard)", 0.40, 1_000_000, "cloudburn.io, 2026-03"
    SNS_PUBLISH = "SNS, a publish", 0.50, 1_000_000, "factualminds.com, 2026-06"
    LOG_GB = "CloudWatch Logs, a GB ingested", 0.50, 1, "signoz.io and factualminds.com, 2026"
    SECRET_CALL = "Secrets Manager, a call", 0.05, 10_000, "hivebook.wiki"
    SECRET_MONTH = "Secrets Manager, a secret for a month", 0.40, 1, "hivebook.wiki"
    METRIC_MONTH = "CloudWatch, a custom metric for a month", 0.30, 1, "signoz.io, 2026"
    ALARM_MONTH = "CloudWatch, a metric in an alarm for a month", 0.10, 1, "c3x.dev"
    DASHBOARD_MONTH = "CloudWatch, a dashboard for a month", 3.0, 1, "factualminds.com, 2026-06"
    VCPU_HOUR = "Fargate, a vCPU for an hour (Arm)", 0.03238, 1, "vantage.sh"
    FARGATE_GB_HOUR = "Fargate, a GB for an hour (Arm)", 0.00356, 1, "vantage.sh"
    IPV4_HOUR = "VPC, a public IPv4 address for an hour", 0.005, 1, "doit.com, since 2024-02"


Usage = Mapping[Item, float]
"""How many units of each item."""


def add(*usages: Usage) -> Usage:
    """The units of all usages together."""
    return {item: sum(usage.get(item, 0) for usage in usages) for usage in usages for item in usage}


def bill(usage: Usage) -> dict[str, float]:
    """What these units cost, by the item's label."""
    return {item.label: item.dollars / item.units * units for item, units in usage.items()}
