"""A deployed stack, as CloudFormation describes it; and how the commands print, wait and fail."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import inf
from time import gmtime, sleep, strftime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from export_watch.errors import ExportWatchError
from export_watch.export_created import parse
from export_watch.watch import WatchRequest

DEFAULT_NAME = "emarsys-export-watch"

say = partial(print, flush=True)


class CommandError(ExportWatchError):
    """A command cannot go on: says what is wrong and what to do."""


class Stack:
    """A stack: its parameters and outputs by name, none where there is no such stack.

    `arn` still names it once it is deleted.
    """

    def __init__(self, name: str) -> None:
        client = boto3.client("cloudformation")
        [found] = _known(client.describe_stacks, {"Stacks": [{}]}, StackName=name)["Stacks"]
        self.name, self.region = name, client.meta.region_name
        self.arn, self.status = found.get("StackId", ""), found.get("StackStatus")
        self.parameters = {of["ParameterKey"]: of["ParameterValue"] for of in found.get("Parameters", [])}
        self.outputs = {of["OutputKey"]: of["OutputValue"] for of in found.get("Outputs", [])}
        self.is_protected = found.get("EnableTerminationProtection", False)

    def refuse_others(self) -> None:
        """Raises CommandError where there is no such stack, or where it is not one of ours."""
        if not self.arn:
            raise CommandError(
                f"there is no stack {self.name} in {self.region}: name yours by --stack (with make: STACK=…), its "
                "region by AWS_REGION"
            )
        if "StateMachineArn" not in self.outputs:
            raise CommandError(
                f"the stack {self.name} ({self.status}) has no output StateMachineArn: it is not this project's, or it "
                f"was never deployed to the end. Then `aws cloudformation delete-stack --stack-name {self.name}` "
                "removes it"
            )

    def physical_id(self, logical_id: str) -> str:
        """What AWS calls a resource: a queue's URL, a topic's ARN. Raises CommandError where there is none."""
        describe = boto3.client("cloudformation").describe_stack_resource
        answer = _known(describe, None, StackName=self.arn, LogicalResourceId=logical_id)
        if answer is None:
            raise CommandError(
                f"the stack {self.name} has no resource {logical_id}: their names are those in template.yaml"
            )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def execution_arn(self, name: str) -> str:
        """The ARN that the execution of this name has, or would have."""
        return f"{self.outputs['StateMachineArn']}:{name}".replace(":stateMachine:", ":execution:")

    def last_events(self, execution_arn: str, most: int) -> list[Any]:
        """The events at the end of an execution's history, the newest first."""
        history = boto3.client("stepfunctions").get_execution_history(
            executionArn=execution_arn, reverseOrder=True, maxResults=most
        )
        # moto ignores both options
        return sorted(history["events"], key=lambda event: -event["id"])[:most]

    def command(self, text: str) -> str:
        """A command of these for this stack, as it is pasted into a shell."""
        other = "" if self.name == DEFAULT_NAME else f" --stack {self.name}"
        return f".venv/bin/python -m operations {text}{other}"

    def request(self, detail: Mapping[str, Any]) -> WatchRequest:
        """What the detail of an export-created event asks of it. Raises InvalidEventError."""
        return parse(json.dumps({"detail": detail}), int(self.parameters["DeadlineSeconds"]))


def _known(describe: Callable[..., Any], otherwise: Any, **what: str) -> Any:
    """What CloudFormation says of a stack or a resource, and otherwise where it knows none of that name."""
    try:
        return describe(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return otherwise


def resource(stack: Stack, given: Namespace) -> bool:
    """Print the physical id of a resource, for the commands of `aws` in the runbooks."""
    say(stack.physical_id(given.name))
    return True


def messages(queue_url: str) -> int:
    """About how many messages a queue holds, those included that are being processed."""
    kinds = ("", "NotVisible", "Delayed")
    attributes: Any = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=attributes)
    return sum(map(int, answer["Attributes"].values()))


def moment(unix_seconds: float) -> str:
    """A time in UTC, as the logs write it."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(unix_seconds))


def polls(every_seconds: int, within_seconds: float = inf) -> Iterator[None]:
    """Wait, and go on, until the time is over."""
    waited = 0
    while waited < within_seconds:
        sleep(every_seconds)
        waited += every_seconds
        yield
