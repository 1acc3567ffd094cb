"""AWS's list prices of us-east-1 as known on 2026-11-24, without the free tiers.

Each is from the source that stands before it, and was not compared with AWS's own page on that day.
"""

from collections.abc import Mapping
from enum import Enum

HOURS_A_MONTH = 730  # as AWS's own calculator has it


class Item(Enum):
    """What AWS counts, and the dollars that it asks for one of it."""

    def __init__(self, label: str, dollars: float) -> None:
        self.label, self.dollars = label, dollars

    # aws.amazon.com/step-functions/pricing
    TRANSITION = "Step Functions, a state transition (standard)", 0.025 / 1_000
    # Reprints of aws.amazon.com/lambda/pricing, of durable operations from 2026-09-20.
    LAMBDA_REQUEST = "Lambda, a request", 0.20 / 1_000_000
    LAMBDA_GB_SECOND = "Lambda, a GB-second (Arm)", 0.0000133334
    DURABLE_OPERATION = "Lambda, a durable operation", 8.0 / 1_000_000
    # An estimate.
    DURABLE_GB_WRITTEN = "Lambda, a GB written by durable operations", 0.25
    # cloudburn.io, 2026-03
    EVENT = "EventBridge, a custom event", 1.0 / 1_000_000
    SQS_REQUEST = "SQS, a request (standard)", 0.40 / 1_000_000
    # factualminds.com, 2026-06, and of logs signoz.io, too
    SNS_PUBLISH = "SNS, a publish", 0.50 / 1_000_000
    DASHBOARD_MONTH = "CloudWatch, a dashboard for a month", 3.0
    LOG_GB = "CloudWatch Logs, a GB ingested", 0.50
    # hivebook.wiki
    SECRET_CALL = "Secrets Manager, a call", 0.05 / 10_000
    SECRET_MONTH = "Secrets Manager, a secret for a month", 0.40
    # signoz.io, 2026
    METRIC_MONTH = "CloudWatch, a custom metric for a month", 0.30
    # c3x.dev
    ALARM_MONTH = "CloudWatch, a metric in an alarm for a month", 0.10
    # vantage.sh
    VCPU_HOUR = "Fargate, a vCPU for an hour (Arm)", 0.03238
    FARGATE_GB_HOUR = "Fargate, a GB for an hour (Arm)", 0.00356
    # doit.com, since 2024-02
    IPV4_HOUR = "VPC, a public IPv4 address for an hour", 0.005


Usage = Mapping[Item, float]
"""How many units of each item."""


def add(*usages: Usage) -> Usage:
    """The units of all usages together."""
    return {item: sum(usage.get(item, 0) for usage in usages) for usage in usages for item in usage}


def bill(usage: Usage) -> dict[str, float]:
    """What these units cost in dollars, by the item's label."""
    return {item.label: item.dollars * units for item, units in usage.items()}
