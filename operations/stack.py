"""A deployed stack, as CloudFormation describes it; and how the commands print, wait and fail."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
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
    """A stack by its name, read when it is first needed.

    That raises CommandError where there is no such stack, or where it is not one of ours.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _described(self) -> Any:
        found = described(self.name)
        if found is None:
            region = boto3.client("cloudformation").meta.region_name
            raise CommandError(
                f"there is no stack {self.name} in {region}: name another by STACK=… or AWS_REGION=…"
            )
        if "StateMachineArn" not in {output["OutputKey"] for output in found.get("Outputs", [])}:
            raise CommandError(
                f"the stack {self.name} ({found['StackStatus']}) has no output StateMachineArn: it is not this "
                "project's, or it was never deployed to the end. Then "
                f"`aws cloudformation delete-stack --stack-name {self.name}` removes it"
            )
        return found

    @property
    def arn(self) -> str:
        """It still names the stack once it is deleted."""
        return str(self._described["StackId"])

    @property
    def parameters(self) -> dict[str, str]:
        return parameters_of(self._described)

    @property
    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._described["Outputs"]}

    @property
    def is_protected(self) -> bool:
        return bool(self._described.get("EnableTerminationProtection"))

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


def described(name: str) -> Any:
    """What CloudFormation knows of a stack, None where there is none."""
    try:
        return boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None


def parameters_of(found: Any) -> dict[str, str]:
    """The values of a stack's parameters by name."""
    return {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])}


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
