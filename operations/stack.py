"""A deployed stack, as CloudFormation describes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from export_watch.export_created import InvalidEventError, parse
from export_watch.watch import WatchRequest


class CommandError(Exception):
    """A command cannot go on: says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Parameters and outputs by name. `arn` still names the stack once it is deleted."""

    name: str
    arn: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    is_protected: bool

    @classmethod
    def read(cls, name: str) -> Self:
        """Raises CommandError where there is no such stack, or where it is not one of ours."""
        found = _describe(name)
        if found is None:
            region = boto3.client("cloudformation").meta.region_name
            raise CommandError(
                f"there is no stack {name} in {region}: name another by STACK=… or AWS_REGION=…"
            )
        stack = cls(
            name=name,
            arn=found["StackId"],
            parameters=_parameters(found),
            outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
            is_protected=found.get("EnableTerminationProtection", False),
        )
        if "StateMachineArn" not in stack.outputs:
            status = found["StackStatus"]
            raise CommandError(
                f"the stack {name} ({status}) has no output StateMachineArn: it is not this project's, or it was "
                f"never deployed to the end. Then `aws cloudformation delete-stack --stack-name {name}` removes it"
            )
        return stack

    def execution_arn(self, name: str) -> str:
        return self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"

    def physical_id(self, logical_id: str) -> str:
        """What AWS calls a resource that is no output: the URL of a queue, the name of a rule."""
        answer = boto3.client("cloudformation").describe_stack_resource(
            StackName=self.arn, LogicalResourceId=logical_id
        )
        return answer["StackResourceDetail"]["PhysicalResourceId"]


def request(detail: Mapping[str, Any], stack: Stack) -> WatchRequest:
    """What the detail of an export-created event asks of a stack. Raises CommandError where it asks nothing valid."""
    try:
        return parse(json.dumps({"detail": detail}), int(stack.parameters["DeadlineSeconds"]))
    except InvalidEventError as error:
        raise CommandError(str(error)) from None


def overrides(name: str) -> str:
    """The option that gives `sam deploy` the parameters of a deployed stack; empty where there is none yet.

    SAM would offer the defaults of the template in their place, whatever is deployed. An empty value is its default.
    """
    parameters = _parameters(_describe(name) or {})
    given = [f"{key}={value}" for key, value in sorted(parameters.items()) if value]
    return " ".join(["--parameter-overrides", *given]) if given else ""


def _describe(name: str) -> Any:
    """What CloudFormation knows of a stack, or None where there is none."""
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return found


def _parameters(found: Any) -> dict[str, str]:
    return {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])}


def messages(queue_url: str) -> int:
    """About how many messages a queue holds, those included that a function has just now."""
    kinds: list[Any] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=kinds)
    return sum(int(count) for count in answer["Attributes"].values())
