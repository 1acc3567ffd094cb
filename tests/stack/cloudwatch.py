"""What CloudWatch would measure of a deployed stack, and which of its alarms would go off.

Metrics are found where AWS finds them: in logs, queues and executions.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from sandbox.aws import Deployment
from sandbox.aws.template import REGION

Metric = tuple[str, str, str, str]
"""Namespace and name, and the name and value of its only dimension."""

Points = Mapping[Metric, list[tuple[float, float]]]
"""When (unix seconds) a metric was measured, and what."""

Combine = Callable[[list[float]], float]
_COMBINE: dict[str, Combine] = {"Sum": sum, "Maximum": max, "SUM(METRICS())": sum, "MAX(METRICS())": max}

_FAILED = {"FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}
_PUBLISHES_FAILED = {"TaskFailed": "ServiceIntegrationsFailed", "TaskTimedOut": "ServiceIntegrationsTimedOut"}


def alarms(stack: Deployment) -> dict[str, Any]:
    """The alarms of the deployed stack, by their logical ids."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName="sandbox")
    found = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    by_name = {alarm["AlarmName"]: alarm for alarm in found}
    return {
        resource["LogicalResourceId"]: by_name[resource["PhysicalResourceId"]]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
    }


def measured(stack: Deployment, since: float) -> Points:
    """All that has been measured since a moment (unix seconds)."""
    points: dict[Metric, list[tuple[float, float]]] = defaultdict(list)
    for metric, at, value in (*_of_queues(stack), *_of_executions(stack, since), *_logged(stack, since)):
        points[metric].append((at, value))
    return points


def metrics(alarm: Any) -> list[Metric]:
    """The metrics that an alarm rests on."""
    return [metric for metric, _, _ in statistics(alarm)]


def times_it_goes_off(alarm: Any, points: Points, now: float) -> int:
    """How often an alarm has gone from OK to ALARM; what is missing is not breaching."""
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"
    [period] = {period for _, _, period in statistics(alarm)}
    breaching = {at for at, value in _series(alarm, points) if value > alarm["Threshold"]}
    if not breaching:
        return 0
    periods = alarm["EvaluationPeriods"]
    wanted = alarm.get("DatapointsToAlarm", periods)
    states = [
        sum(at - before in breaching for before in range(periods)) >= wanted
        for at in range(min(breaching) - 1, int(now // period) + 1)
    ]
    return sum(after and not before for before, after in pairwise(states))


def statistics(alarm: Any) -> Iterator[tuple[Metric, str, int]]:
    """Each metric of an alarm, with its statistic and period."""
    queries = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    for of in queries or [{"Metric": alarm, "Stat": alarm["Statistic"], "Period": alarm["Period"]}]:
        [dimension] = of["Metric"]["Dimensions"]
        namespace, name = of["Metric"]["Namespace"], of["Metric"]["MetricName"]
        yield (namespace, name, dimension["Name"], dimension["Value"]), of["Stat"], of["Period"]


def _series(alarm: Any, points: Points) -> Iterator[tuple[int, float]]:
    """What an alarm looks at: the number of a period, and the value in it."""
    together: dict[int, list[float]] = defaultdict(list)
    for metric, statistic, period in statistics(alarm):
        periods: dict[int, list[float]] = defaultdict(list)
        for at, value in points.get(metric, []):
            periods[int(at // period)].append(value)
        for number, values in periods.items():
            together[number].append(_COMBINE[statistic](values))
    expressions = [query["Expression"] for query in alarm.get("Metrics", []) if "Expression" in query]
    [combine] = expressions or ["Sum"]
    for number, values in together.items():
        yield number, _COMBINE[combine](values)


def _of_queues(stack: Deployment) -> Iterator[tuple[Metric, float, float]]:
    """As they are now."""
    now = stack.clock.now()
    for name, queue in sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues.items():
        messages: list[Any] = queue._messages
        sent = [message.sent_timestamp / 1000 for message in messages]
        yield ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name), now, len(sent)
        yield (
            ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name),
            now,
            now - min(sent, default=now),
        )


def _of_executions(stack: Deployment, since: float) -> Iterator[tuple[Metric, float, float]]:
    machine = ("StateMachineArn", stack.outputs["StateMachineArn"])
    publish = ("ServiceIntegrationResourceArn", f"arn:aws:states:{REGION}:{DEFAULT_ACCOUNT_ID}:sns:publish")
    for execution in stack.executions():
        if execution.started_at < since:
            continue
        if execution.status in _FAILED:
            assert execution.ended_at
            yield ("AWS/States", _FAILED[execution.status], *machine), execution.ended_at, 1
        for event in stack.history(execution.name):
            kind = event["type"]
            details = event.get(f"{kind[0].lower()}{kind[1:]}EventDetails", {})
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            if kind in _PUBLISHES_FAILED and details["resourceType"] == "sns":
                yield ("AWS/States", _PUBLISHES_FAILED[kind], *publish), at, 1
            if kind == "TaskScheduled" and details["resourceType"] == "aws-sdk:cloudwatch":
                put = json.loads(details["parameters"])
                for datum in put["MetricData"]:
                    [dimension] = datum["Dimensions"]
                    metric = (put["Namespace"], datum["MetricName"], dimension["Name"], dimension["Value"])
                    yield metric, at, datum["Value"]


def _logged(stack: Deployment, since: float) -> Iterator[tuple[Metric, float, float]]:
    """What stands in the logs, in the embedded metric format."""
    for line in stack.logs.lines:
        record = line.record if line.at >= since else {}
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            [[dimension]] = directive["Dimensions"]
            for name in (of["Name"] for of in directive["Metrics"]):
                for value in record[name]:
                    yield (directive["Namespace"], name, dimension, record[dimension]), line.at, value
