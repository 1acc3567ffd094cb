"""A deployed stack, as CloudFormation describes it; and how the commands print, wait and fail."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from math import inf
from time import sleep
from typing import Any

import boto3
from botocore.exceptions import ClientError

from export_watch.errors import InvalidEventError
from export_watch.export_created import parse
from export_watch.watch import WatchRequest

say = partial(print, flush=True)


class CommandError(Exception):
    """A command cannot go on: says what is wrong and what to do."""


class Stack:
    """A stack: its parameters and outputs by name, none where there is no such stack.

    `arn` still names it once it is deleted.
    """

    def __init__(self, name: str) -> None:
        client = boto3.client("cloudformation")
        found: Any = {}
        try:
            [found] = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
        self.name, self.region = name, client.meta.region_name
        self.arn, self.status = found.get("StackId", ""), found.get("StackStatus")
        self.parameters = {of["ParameterKey"]: of["ParameterValue"] for of in found.get("Parameters", [])}
        self.outputs = {of["OutputKey"]: of["OutputValue"] for of in found.get("Outputs", [])}
        self.is_protected = found.get("EnableTerminationProtection", False)

    def refuse_others(self) -> None:
        """Raises CommandError where there is no such stack, or where it is not one of ours."""
        if not self.arn:
            raise CommandError(
                f"there is no stack {self.name} in {self.region}: name another by STACK=… or AWS_REGION=…"
            )
        if "StateMachineArn" not in self.outputs:
            raise CommandError(
                f"the stack {self.name} ({self.status}) has no output StateMachineArn: it is not this project's, or it "
                f"was never deployed to the end. Then `aws cloudformation delete-stack --stack-name {self.name}` "
                "removes it"
            )

    def physical_id(self, logical_id: str) -> str:
        """What AWS calls a resource that is no output: the URL of a queue, the name of a rule."""
        answer = boto3.client("cloudformation").describe_stack_resource(
            StackName=self.arn, LogicalResourceId=logical_id
        )
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def request(self, detail: Mapping[str, Any]) -> WatchRequest:
        """What the detail of an export-created event asks of it. Raises CommandError where it asks nothing valid."""
        try:
            return parse(json.dumps({"detail": detail}), int(self.parameters["DeadlineSeconds"]))
        except InvalidEventError as error:
            raise CommandError(str(error)) from None


def messages(queue_url: str) -> int:
    """About how many messages a queue holds, those included that are being processed."""
    kinds = ("", "NotVisible", "Delayed")
    attributes: Any = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=attributes)
    return sum(map(int, answer["Attributes"].values()))


def polls(every_seconds: int, within_seconds: float = inf) -> Iterator[None]:
    """Wait, and go on, until the time is over."""
    waited = 0
    while waited < within_seconds:
        sleep(every_seconds)
        waited += every_seconds
        yield
