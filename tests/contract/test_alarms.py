"""Alarms and dashboard name metrics that exist, and no alarm goes without a test that moves each of its metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.metrics import COUNTED
from tests.contract.template import PARAMETERS, of_type
from tests.contract.test_state_machine import CHECK, STATES
from tests.stack.test_alarms import CONDITIONS

ALARMS = of_type("AWS::CloudWatch::Alarm")
OWN = "EmarsysExportWatch"

DOCUMENTED = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {"QueueName": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}},
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {"FunctionName": {"Invocations"}},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": {
        "StateMachineArn": {
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
        },
        "ServiceIntegrationResourceArn": {"ServiceIntegrationsFailed", "ServiceIntegrationsTimedOut"},
    },
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    "AWS/SNS": {"TopicName": {"NumberOfNotificationsFailed"}},
    OWN: {"service": COUNTED},
}
"""The metrics that there are, by namespace and dimension: AWS's own that are used here, and all of ours."""


def measured(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """What an alarm measures: its queries that have a period, or itself where it has one metric."""
    return [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [alarm]


def metrics(alarm: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Namespace, name and the names of the dimensions of each metric of an alarm."""
    for metric in (of.get("Metric", of) for of in measured(alarm)):
        dimensions = [dimension["Name"] for dimension in metric["Dimensions"]]
        yield metric["Namespace"], metric["MetricName"], dimensions


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_rests_on_metrics_that_exist(name):
    for namespace, metric, [dimension] in metrics(ALARMS[name]):
        assert metric in DOCUMENTED[namespace][dimension]


def test_each_metric_of_each_alarm_is_moved_by_a_test():
    used = {(name, metric) for name, alarm in ALARMS.items() for _, metric, _ in metrics(alarm)}
    assert {(name, metric) for name, metric, _ in CONDITIONS} == used


@pytest.mark.parametrize("name", ALARMS)
def test_an_expression_uses_what_it_names(name):
    for query in ALARMS[name].get("Metrics", []):
        ids = {other["Id"] for other in ALARMS[name]["Metrics"]}
        names = set(re.findall(r"\b[a-z_]+\b", query.get("Expression", "")))
        assert names <= ids, json.dumps(query)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_returns_one_series(name):
    queries = ALARMS[name].get("Metrics")
    if queries:
        assert [query.get("ReturnData", True) for query in queries].count(True) == 1


def seconds(alarm: dict[str, Any]) -> int:
    """How long an alarm looks back."""
    [period] = {of["Period"] for of in measured(alarm)}
    return int(period) * int(alarm["EvaluationPeriods"])


def test_one_check_without_credentials_raises_the_alarm_within_a_quarter_of_an_hour():
    alarm = ALARMS["CredentialsAlarm"]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["DatapointsToAlarm"] == 1
    assert seconds(alarm) / alarm["EvaluationPeriods"] <= 900


@pytest.mark.parametrize("name", ["CredentialsAlarm", "EmarsysUnavailableAlarm"])
def test_an_alarm_that_rests_on_checks_lasts_from_one_check_to_the_next(name):
    alarm = ALARMS[name]
    assert alarm["DatapointsToAlarm"] == 1
    a_period = seconds(alarm) / alarm["EvaluationPeriods"]
    assert seconds(alarm) >= PARAMETERS["MaxWaitSeconds"]["Default"] + a_period


[_RETRY] = CHECK["Retry"]
_TRIES = 1 + _RETRY["MaxAttempts"]
_BACKOFF_SECONDS = sum(
    _RETRY["IntervalSeconds"] * _RETRY["BackoffRate"] ** n for n in range(_RETRY["MaxAttempts"])
)
LONGEST_ROUND_SECONDS = int(_TRIES * CHECK["TimeoutSeconds"] + _BACKOFF_SECONDS)


def alarm_for_failed_checks(begins: int, round_seconds: int, lasts: int) -> list[bool]:
    """For each period, whether the alarm is on, if the checks of one watch fail from a time on, and how long."""
    alarm = ALARMS["CheckFunctionAlarm"]
    period, now, rounds, breaching = alarm["Period"], begins, 0, set()
    while now < begins + lasts:
        now, rounds = now + round_seconds, rounds + 1
        breaching.add(now // period)
        now += STATES["Wait after failed check" if rounds < 3 else "Wait longer after failed checks"][
            "Seconds"
        ]
    return [
        sum(at - before in breaching for before in range(alarm["EvaluationPeriods"]))
        >= alarm["DatapointsToAlarm"]
        for at in range((begins + lasts) // period + 1)
    ]


@pytest.mark.parametrize("round_seconds", [0, 60, LONGEST_ROUND_SECONDS])
@pytest.mark.parametrize("begins", range(0, 900, 75))
def test_checks_that_go_on_failing_raise_one_alarm_within_an_hour_that_lasts(begins, round_seconds):
    on = alarm_for_failed_checks(begins, round_seconds, lasts=86_400)
    period = ALARMS["CheckFunctionAlarm"]["Period"]
    first = on.index(True)
    assert (first + 1) * period - begins <= 3600
    assert all(on[first:-1])  # the last period is not over


@pytest.mark.parametrize("begins", range(0, 900, 75))
def test_checks_that_fail_for_ten_minutes_raise_none(begins):
    assert not any(alarm_for_failed_checks(begins, 0, lasts=600))


WIDGETS = json.loads(of_type("AWS::CloudWatch::Dashboard")["WatchesDashboard"]["DashboardBody"]["Fn::Sub"])[
    "widgets"
]


def drawn(widget: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Namespace, name and dimension of each metric of a widget, where a dot repeats what stands above it."""
    before: list[Any] = []
    for row in widget["properties"]["metrics"]:
        if isinstance(row[0], str):
            before = [before[at] if part == "." else part for at, part in enumerate(row)]
            yield before[0], before[1], before[2]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget["properties"]["title"])
def test_a_widget_draws_metrics_that_exist(widget):
    for namespace, metric, dimension in drawn(widget):
        assert metric in DOCUMENTED[namespace][dimension]


def test_the_dashboard_shows_all_that_the_functions_write():
    assert {metric for widget in WIDGETS for _, metric, _ in drawn(widget)} >= COUNTED


def test_widgets_do_not_overlap():
    places = [(widget["x"], widget["y"]) for widget in WIDGETS]
    assert places == [(8 * (at % 3), 6 * (at // 3)) for at in range(len(WIDGETS))]
    assert {(widget["width"], widget["height"]) for widget in WIDGETS} == {(8, 6)}


MAX_ALARM_METRICS = 11


def test_a_metric_in_an_alarm_is_paid_for_each_month_and_there_are_few():
    assert sum(len(measured(alarm)) for alarm in ALARMS.values()) == MAX_ALARM_METRICS
