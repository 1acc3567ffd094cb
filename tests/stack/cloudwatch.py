"""What CloudWatch would measure in the world of a test, and which alarms would go off.

Metrics are found where AWS finds them: in logs, queues and executions.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import Queue, sqs_backends

from sandbox.aws.template import REGION
from tests.world import World

Dimensions = dict[str, str]
Metric = tuple[str, str, Dimensions]
"""Namespace, name and dimensions."""

Point = tuple[float, float]
"""When something was measured (unix seconds), and what."""

Combine = Callable[[list[float]], float]

_STATISTICS: dict[str, Combine] = {"Sum": sum, "Maximum": max}
_EXPRESSIONS: dict[str, Combine] = {"SUM(METRICS())": sum, "MAX(METRICS())": max}


def alarms(world: World) -> dict[str, Any]:
    """The alarms of the deployed stack, by their logical ids."""
    resources = world.stack.client("cloudformation").describe_stack_resources(StackName="sandbox")
    found = world.stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    by_name = {alarm["AlarmName"]: alarm for alarm in found}
    return {
        resource["LogicalResourceId"]: by_name[resource["PhysicalResourceId"]]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
    }


def metrics(alarm: Any) -> Iterator[Metric]:
    """Each metric of an alarm."""
    for metric, _, _ in _statistics(alarm):
        yield metric


def times_it_goes_off(world: World, alarm: Any) -> int:
    """How often an alarm has gone from OK to ALARM; what is missing is not breaching."""
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"
    [period] = {period for _, _, period in _statistics(alarm)}
    breaching = {at for at, value in _series(world, alarm) if value > alarm["Threshold"]}
    if not breaching:
        return 0
    periods = alarm["EvaluationPeriods"]
    wanted = alarm.get("DatapointsToAlarm", periods)
    now = int(world.stack.clock.now() // period)
    states = [
        sum(at - before in breaching for before in range(periods)) >= wanted
        for at in range(min(breaching) - 1, now + 1)
    ]
    return sum(after and not before for before, after in pairwise(states))


def value(world: World, namespace: str, name: str, dimensions: Dimensions) -> float:
    """What a metric has come to; 0 where nothing is measured under this name with these dimensions."""
    return sum(value for _, value in _points(world, (namespace, name, dimensions)))


def _statistics(alarm: Any) -> Iterator[tuple[Metric, str, int]]:
    """Each metric of an alarm, with its statistic and period."""
    queries = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    for of in queries or [{"Metric": alarm, "Stat": alarm["Statistic"], "Period": alarm["Period"]}]:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in of["Metric"]["Dimensions"]}
        yield (of["Metric"]["Namespace"], of["Metric"]["MetricName"], dimensions), of["Stat"], of["Period"]


def _series(world: World, alarm: Any) -> Iterator[tuple[int, float]]:
    """What an alarm looks at: the number of a period, and the value in it."""
    expressions = [query["Expression"] for query in alarm.get("Metrics", []) if "Expression" in query]
    [combined] = [_EXPRESSIONS[expression] for expression in expressions] or [_STATISTICS["Sum"]]
    together: dict[int, list[float]] = defaultdict(list)
    for metric, statistic, period in _statistics(alarm):
        periods: dict[int, list[float]] = defaultdict(list)
        for at, measured in _points(world, metric):
            periods[int(at // period)].append(measured)
        for number, values in periods.items():
            together[number].append(_STATISTICS[statistic](values))
    for number, values in together.items():
        yield number, combined(values)


def _points(world: World, metric: Metric) -> Iterator[Point]:
    namespace, name, dimensions = metric
    match namespace:
        case "AWS/SQS":  # as it is now
            now = world.stack.clock.now()
            yield now, _of_queue(_queue(dimensions["QueueName"]), name, now)
        case "AWS/States" if "StateMachineArn" in dimensions:
            assert dimensions == {"StateMachineArn": world.stack.outputs["StateMachineArn"]}
            status = {"Failed": "FAILED", "TimedOut": "TIMED_OUT", "Aborted": "ABORTED"}
            for execution in world.stack.executions():
                if execution.status == status[name.removeprefix("Executions")]:
                    assert execution.ended_at
                    yield execution.ended_at, 1
        case "AWS/States":
            publish = f"arn:aws:states:{REGION}:{DEFAULT_ACCOUNT_ID}:sns:publish"
            assert dimensions == {"ServiceIntegrationResourceArn": publish}
            ended = {"Failed": "TaskFailed", "TimedOut": "TaskTimedOut"}
            for at, _ in _tasks(world, "sns", ended[name.removeprefix("ServiceIntegrations")]):
                yield at, 1
        case _:
            yield from _logged(world, metric)
            yield from _put(world, metric)


def _queue(name: str) -> Queue:
    queue: Queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[name]
    return queue


def _of_queue(queue: Queue, name: str, now: float) -> float:
    messages: list[Any] = queue._messages
    match name:
        case "ApproximateNumberOfMessagesVisible":
            return len(messages)
        case "ApproximateAgeOfOldestMessage":
            return max((now - message.sent_timestamp / 1000 for message in messages), default=0)
    raise KeyError(name)


def _tasks(world: World, service: str, event_type: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """All events of a type for tasks of a service, in all executions: when, and their details."""
    details = f"{event_type[0].lower()}{event_type[1:]}EventDetails"
    for execution in world.statuses:
        for event in world.stack.history(execution):
            if event["type"] == event_type and event[details]["resourceType"] == service:
                yield datetime.fromisoformat(event["timestamp"]).timestamp(), event[details]


def _logged(world: World, metric: Metric) -> Iterator[Point]:
    """The values of a metric in the logs, in the embedded metric format."""
    namespace, name, dimensions = metric
    for line in world.stack.logs.lines:
        record = line.record
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            known = [{key: record[key] for key in keys} for keys in directive["Dimensions"]]
            names = [of["Name"] for of in directive["Metrics"]]
            if directive["Namespace"] == namespace and name in names and dimensions in known:
                values = record[name]
                for each in values if isinstance(values, list) else [values]:
                    yield line.at, each


def _put(world: World, metric: Metric) -> Iterator[Point]:
    """The values of a metric that the state machine puts."""
    for at, details in _tasks(world, "aws-sdk:cloudwatch", "TaskScheduled"):
        put = json.loads(details["parameters"])
        for datum in put["MetricData"]:
            known = {dimension["Name"]: dimension["Value"] for dimension in datum["Dimensions"]}
            if (put["Namespace"], datum["MetricName"], known) == metric:
                yield at, datum["Value"]
