"""What CloudWatch would measure in the world of a test, found where AWS finds it: in logs, queues and executions."""

from collections.abc import Iterator
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import Queue, sqs_backends

from sandbox.aws.template import REGION
from tests.stack.conftest import World

Dimensions = dict[str, str]


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


def metrics(alarm: Any) -> Iterator[tuple[str, str, Dimensions]]:
    """Namespace, name and dimensions of each metric of an alarm."""
    queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    for metric in queries or [alarm]:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
        yield metric["Namespace"], metric["MetricName"], dimensions


def value(world: World, namespace: str, name: str, dimensions: Dimensions) -> float:
    """What a metric has come to; 0 where nothing is measured under this name with these dimensions."""
    match namespace:
        case "AWS/SQS":
            return _of_queue(_queue(dimensions["QueueName"]), name, world.stack.clock.now())
        case "AWS/States" if "StateMachineArn" in dimensions:
            assert dimensions == {"StateMachineArn": world.stack.outputs["StateMachineArn"]}
            status = {"Failed": "FAILED", "TimedOut": "TIMED_OUT", "Aborted": "ABORTED"}
            return list(world.statuses.values()).count(status[name.removeprefix("Executions")])
        case "AWS/States":
            publish = f"arn:aws:states:{REGION}:{DEFAULT_ACCOUNT_ID}:sns:publish"
            assert dimensions == {"ServiceIntegrationResourceArn": publish}
            ended = {"Failed": "TaskFailed", "TimedOut": "TaskTimedOut"}
            return len(list(_tasks(world, "sns", ended[name.removeprefix("ServiceIntegrations")])))
        case "AWS/Lambda":
            [function] = [f for f in world.stack.functions.values() if f.label == "check_export"]
            assert dimensions == {"FunctionName": function.name}
            return _of_checks(world, name)
        case _:
            return sum(_logged(world, namespace, name, dimensions))


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


def _of_checks(world: World, name: str) -> float:
    failures = list(_failures(world, "lambda"))
    throttles = [failure for failure in failures if "TooManyRequests" in failure["error"]]
    match name:
        case "Errors":
            return len(failures) - len(throttles)
        case "Throttles":
            return len(throttles)
        case "Invocations":
            return len(list(_tasks(world, "lambda", "TaskScheduled"))) - len(throttles)
    raise KeyError(name)


def _failures(world: World, service: str) -> Iterator[dict[str, Any]]:
    return _tasks(world, service, "TaskFailed")


def _tasks(world: World, service: str, event_type: str) -> Iterator[dict[str, Any]]:
    """The details of all events of a type in the histories of all executions, for tasks of a service."""
    details = f"{event_type[0].lower()}{event_type[1:]}EventDetails"
    for execution in world.statuses:
        for event in world.stack.history(execution):
            if event["type"] == event_type and event[details]["resourceType"] == service:
                yield event[details]


def _logged(world: World, namespace: str, name: str, dimensions: Dimensions) -> Iterator[float]:
    """The values of a metric in the logs, in the embedded metric format."""
    for record in world.stack.logs.records():
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            known = [{key: record[key] for key in keys} for keys in directive["Dimensions"]]
            names = [metric["Name"] for metric in directive["Metrics"]]
            if directive["Namespace"] == namespace and name in names and dimensions in known:
                values = record[name]
                yield from values if isinstance(values, list) else [values]
