"""Alarms and dashboard name metrics that exist, and no alarm goes without a test that moves each of its metrics."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.metrics import COUNTED
from tests.contract.template import PARAMETERS, of_type
from tests.stack import cloudwatch
from tests.stack.test_alarms import CONDITIONS

ALARMS = of_type("AWS::CloudWatch::Alarm")
DASHBOARD = of_type("AWS::CloudWatch::Dashboard")["WatchesDashboard"]["DashboardBody"]["Fn::Sub"]
WIDGETS = json.loads(DASHBOARD)["widgets"]

METRICS = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "QueueName"): {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "FunctionName"): {"Invocations"},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    ("AWS/States", "StateMachineArn"): {
        f"Executions{end}" for end in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
    },
    ("AWS/States", "ServiceIntegrationResourceArn"): {
        "ServiceIntegrationsFailed",
        "ServiceIntegrationsTimedOut",
    },
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    ("AWS/SNS", "TopicName"): {"NumberOfNotificationsFailed"},
    ("EmarsysExportWatch", "service"): COUNTED,
}
"""The metrics that there are, by namespace and dimension: AWS's own that are used here, and all of ours."""


def drawn(widget: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Namespace, name and dimension of each metric of a widget, where a dot repeats what stands above it."""
    before: list[Any] = []
    for row in widget["properties"]["metrics"]:
        if isinstance(row[0], str):
            before = [before[at] if part == "." else part for at, part in enumerate(row)]
            yield before[0], before[1], before[2]


def test_alarms_rest_on_metrics_that_exist_and_each_is_moved_by_a_test():
    used = set()
    for name, alarm in ALARMS.items():
        for namespace, metric, dimension, _ in cloudwatch.metrics(alarm):
            assert metric in METRICS[namespace, dimension]
            used.add((name, metric))
    assert {(name, metric) for name, metric, _ in CONDITIONS} == used


def test_the_dashboard_draws_metrics_that_exist_and_all_that_the_functions_write():
    shown = {metric for widget in WIDGETS for metric in drawn(widget)}
    for namespace, metric, dimension in shown:
        assert metric in METRICS[namespace, dimension]
    assert {metric for _, metric, _ in shown} >= COUNTED


@pytest.mark.parametrize("name", ["CredentialsAlarm", "EmarsysUnavailableAlarm"])
def test_an_alarm_that_rests_on_checks_begins_with_one_and_lasts_to_the_next(name):
    alarm = ALARMS[name]
    [period] = {period for _, _, period in cloudwatch.statistics(alarm)}
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (0, 1)
    assert period <= 900
    assert (alarm["EvaluationPeriods"] - 1) * period >= PARAMETERS["MaxWaitSeconds"]["Default"]
