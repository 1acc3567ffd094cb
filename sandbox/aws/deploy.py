"""Deploying a template on this machine, and taking it away again."""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from sandbox.aws import moto_gaps
from sandbox.aws import parameters as template_parameters
from sandbox.aws import template as sam
from sandbox.aws.client import session
from sandbox.aws.clock import RealClock, VirtualClock
from sandbox.aws.deployment import Deployment
from sandbox.aws.event_source import EventSource
from sandbox.aws.function import Function

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

_the_only_one = threading.Lock()

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_SESSION_TOKEN": "sandbox",
    "AWS_REGION": sam.REGION,
    "AWS_DEFAULT_REGION": sam.REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "VALIDATE_LAMBDA_S3": "false",  # functions are called where their source lies: moto needs no archive of it
}
"""Nothing of a developer's own AWS configuration is left, so that nothing can reach the real AWS."""

_MOTO: Any = {
    "lambda": {"use_docker": False},
    "stepfunctions": {"execute_state_machine": True},
    "core": {"mock_credentials": False},  # those above are as false as moto's own
}


@contextlib.contextmanager
def deploy(
    parameters: Mapping[str, object] | None = None,
    *,
    secrets: Mapping[str, Mapping[str, Any] | str] | None = None,
    clock: VirtualClock | None = None,
    template: Path = TEMPLATE,
    stack_name: str = "sandbox",
) -> Iterator[Deployment]:
    """Deploys a SAM template for the time of a `with` block, on the real clock unless another one is given.

    `secrets` are the credentials of accounts by name. An event bus other than the default one is made beforehand, as
    its owner would have.

    Raises
    ------
    sandbox.aws.parameters.ParameterError
        Where CloudFormation would refuse the parameters.

    Examples
    --------
    >>> with deploy({"MinWaitSeconds": 5}, secrets={"default": {...}}, clock=VirtualClock()) as stack:
    ...     stack.announce({"export_id": 123})
    ...     stack.run()
    ...     [notification.attributes["outcome"] for notification in stack.notifications]
    """
    source = sam.read(template)
    values = template_parameters.effective(source.parameters, parameters or {})
    deployment = Deployment(clock or RealClock(), values)
    if not _the_only_one.acquire(blocking=False):
        raise RuntimeError("one deployment at a time: functions share the process's environment")
    with contextlib.ExitStack() as stack:
        stack.callback(_the_only_one.release)
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        stack.enter_context(patch.dict(os.environ, {**others, **_ENVIRONMENT}, clear=True))
        stack.enter_context(mock_aws(config=_MOTO))
        stack.enter_context(patch.object(boto3, "DEFAULT_SESSION", session()))
        stack.enter_context(moto_gaps.filled(deployment))
        stack.callback(deployment.clock.stop)
        _create(deployment, source, stack_name)
        for account, secret in (secrets or {}).items():
            deployment.put_secret(account, secret)
        yield deployment


def _create(deployment: Deployment, source: sam.Template, stack_name: str) -> None:
    if (bus := deployment.parameters.get("EventBusName", "default")) != "default":
        deployment.client("events").create_event_bus(Name=bus)
    cloudformation, functions = deployment.client("cloudformation"), deployment.client("lambda")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=source.body,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in deployment.parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    deployment.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    for resource in cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            name = resource["PhysicalResourceId"]
            deployment.functions[name] = Function(
                functions.get_function_configuration(FunctionName=name),
                source.code_folders[resource["LogicalResourceId"]],
                deployment.logs,
                deployment.faults,
                {"now": deployment.clock.now},
            )
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        event_source = EventSource(mapping, deployment.clock)
        deployment.sources[event_source.queue_arn] = event_source
    if topic := deployment.outputs.get("NotificationTopicArn"):
        _subscribe(deployment, topic)


def _subscribe(deployment: Deployment, topic: str) -> None:
    """The sandbox is a subscriber like any other: a queue, with raw delivery."""
    sqs = deployment.client("sqs")
    url = sqs.create_queue(QueueName="sandbox-subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deployment.subscriber_arn = arn
    raw = {"RawMessageDelivery": "true"}
    deployment.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
