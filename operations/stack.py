"""A deployed stack, as CloudFormation describes it."""

from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError


class CommandError(Exception):
    """A command cannot go on: says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Parameters and outputs by name. `arn` still names the stack once it is deleted."""

    name: str
    arn: str
    parameters: dict[str, str]
    outputs: dict[str, str]

    @classmethod
    def read(cls, name: str) -> Self:
        """Raises CommandError where there is no such stack, or where it is not one of ours."""
        cloudformation = boto3.client("cloudformation")
        try:
            [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            region = cloudformation.meta.region_name
            message = f"there is no stack {name} in {region}: name another by STACK=… or AWS_REGION=…"
            raise CommandError(message) from None
        stack = cls(
            name=name,
            arn=found["StackId"],
            parameters={p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
            outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
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


def messages(queue_url: str) -> int:
    """About how many messages a queue holds, those included that a function has just now."""
    kinds: list[Any] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=kinds)
    return sum(int(count) for count in answer["Attributes"].values())
