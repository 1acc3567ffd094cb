"""AWS's list prices of us-east-1, without the free tiers.

Each is from the source beside it, and was not compared with AWS's own page on that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

REGION = "us-east-1"
AS_OF = "2026-11-24"
HOURS_A_MONTH = 730
"""As AWS's own calculator has it."""


class Item(StrEnum):
    """What AWS counts."""

    TRANSITION = "Step Functions, a state transition (standard)"
    LAMBDA_REQUEST = "Lambda, a request"
    LAMBDA_GB_SECOND = "Lambda, a GB-second (Arm)"
    DURABLE_OPERATION = "Lambda, a durable operation"
    DURABLE_GB_WRITTEN = "Lambda, a GB written by durable operations"
    EVENT = "EventBridge, a custom event"
    SQS_REQUEST = "SQS, a request (standard)"
    SNS_PUBLISH = "SNS, a publish"
    LOG_GB = "CloudWatch Logs, a GB ingested"
    SECRET_CALL = "Secrets Manager, a call"
    SECRET_MONTH = "Secrets Manager, a secret for a month"
    METRIC_MONTH = "CloudWatch, a custom metric for a month"
    ALARM_MONTH = "CloudWatch, a metric in an alarm for a month"
    DASHBOARD_MONTH = "CloudWatch, a dashboard for a month"
    VCPU_HOUR = "Fargate, a vCPU for an hour (Arm)"
    FARGATE_GB_HOUR = "Fargate, a GB for an hour (Arm)"
    IPV4_HOUR = "VPC, a public IPv4 address for an hour"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for so many units, as the price list says it."""

    dollars: float
    units: int
    source: str

    @property
    def each(self) -> float:
        return self.dollars / self.units


_LAMBDA = "reprints of aws.amazon.com/lambda/pricing"

PRICES: Mapping[Item, Price] = {
    Item.TRANSITION: Price(0.025, 1_000, "aws.amazon.com/step-functions/pricing"),
    Item.LAMBDA_REQUEST: Price(0.20, 1_000_000, _LAMBDA),
    Item.LAMBDA_GB_SECOND: Price(0.0000133334, 1, _LAMBDA),
    Item.DURABLE_OPERATION: Price(8.00, 1_000_000, f"{_LAMBDA}, read 2026-09-20"),
    Item.DURABLE_GB_WRITTEN: Price(0.25, 1, "an estimate"),
    Item.EVENT: Price(1.00, 1_000_000, "cloudburn.io, 2026-03"),
    Item.SQS_REQUEST: Price(0.40, 1_000_000, "cloudburn.io, 2026-03"),
    Item.SNS_PUBLISH: Price(0.50, 1_000_000, "factualminds.com, 2026-06"),
    Item.LOG_GB: Price(0.50, 1, "signoz.io and factualminds.com, 2026"),
    Item.SECRET_CALL: Price(0.05, 10_000, "hivebook.wiki"),
    Item.SECRET_MONTH: Price(0.40, 1, "hivebook.wiki"),
    Item.METRIC_MONTH: Price(0.30, 1, "signoz.io, 2026"),
    Item.ALARM_MONTH: Price(0.10, 1, "c3x.dev"),
    Item.DASHBOARD_MONTH: Price(3.00, 1, "factualminds.com, 2026-06"),
    Item.VCPU_HOUR: Price(0.03238, 1, "vantage.sh"),
    Item.FARGATE_GB_HOUR: Price(0.00356, 1, "vantage.sh"),
    Item.IPV4_HOUR: Price(0.005, 1, "doit.com, since 2024-02"),
}

Usage = Mapping[Item, float]
"""How many units of each item."""


def dollars(usage: Usage) -> float:
    """What these units cost."""
    return sum(PRICES[item].each * units for item, units in usage.items())
