"""A deployed stack, as CloudFormation describes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

from export_watch.errors import InvalidEventError
from export_watch.export_created import parse
from export_watch.schedule import Policy
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


def overrides(name: str, file: Path | None = None) -> str:
    """The option that gives `sam deploy` the parameters of a deployed stack, and over them those of a file.

    `sam deploy --guided` would offer the defaults of the template in their place, whatever is deployed. An empty value
    is its default, so it is left out unless the file says it. Raises CommandError where the parameters do not fit
    together, which CloudFormation does not notice, or where the file is not lines of `Name=value`.
    """
    deployed = {key: value for key, value in _parameters(_describe(name) or {}).items() if value}
    given = _read(file) if file else {}
    if file:
        refuse_wrong_waits(deployed | given)
    options = [f"{key}={value or json.dumps('')}" for key, value in sorted((deployed | given).items())]
    return " ".join(["--parameter-overrides", *options]) if options else ""


def _read(file: Path) -> dict[str, str]:
    """The lines `Name=value` of a file; empty ones and those that begin with `#` say nothing."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"PARAMETERS={file} cannot be read: {error}") from None
    given = [line for line in lines if line and not line.startswith("#")]
    for line in given:
        name, equals, value = line.partition("=")
        if not (equals and name.isalnum()) or set(value) & set(" \t'\"$`\\"):
            raise CommandError(
                f"PARAMETERS={file} has a line that is not Name=value without quotes or blanks: {line}"
            )
    return dict(line.split("=", 1) for line in given)


def refuse_wrong_waits(parameters: Mapping[str, str]) -> None:
    """Raises CommandError where MinWaitSeconds is above MaxWaitSeconds; both have their defaults where not given."""
    policy = Policy()
    least = float(parameters.get("MinWaitSeconds", policy.min_wait_seconds))
    most = float(parameters.get("MaxWaitSeconds", policy.max_wait_seconds))
    if least > most:
        raise CommandError(
            f"MinWaitSeconds ({least:g}) is above MaxWaitSeconds ({most:g}): no watch would begin. Deploy with others"
        )


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
    """About how many messages a queue holds, those included that are being processed."""
    kinds: list[Any] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=kinds)
    return sum(int(count) for count in answer["Attributes"].values())
