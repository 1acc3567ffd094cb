"""Deploying a template on this machine, and taking it away again."""

import contextlib
import io
import json
import os
import threading
import zipfile
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
from sandbox.aws.logs import LogStream

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
        reactions = moto_gaps.Reactions(
            invoke=lambda name, payload: deployment.functions[name].invoke(payload),
            arrived=deployment.arrived,
        )
        stack.enter_context(moto_gaps.filled(deployment.clock, deployment.faults, reactions))
        stack.callback(deployment.clock.stop)
        _create(deployment, source, stack_name)
        for account, secret in (secrets or {}).items():
            deployment.put_secret(account, secret)
        yield deployment


def _create(deployment: Deployment, source: sam.Template, stack_name: str) -> None:
    _upload_empty_code(deployment)
    if (bus := deployment.parameters.get("EventBusName", "default")) != "default":
        deployment.client("events").create_event_bus(Name=bus)
    cloudformation = deployment.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=json.dumps(source.cloudformation, default=str),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in deployment.parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    deployment.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    for resource in cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            folder = source.code_folder(resource["LogicalResourceId"])
            function = _function(deployment, resource["PhysicalResourceId"], folder)
            deployment.functions[function.name] = function
    _poll_queues(deployment)
    _subscribe(deployment)


def _upload_empty_code(deployment: Deployment) -> None:
    """Functions are called where their source lies, but Lambda wants an archive."""
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    s3 = deployment.client("s3")
    s3.create_bucket(Bucket=sam.CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": sam.REGION})
    s3.put_object(Bucket=sam.CODE_BUCKET, Key=sam.CODE_KEY, Body=archive.getvalue())


def _function(deployment: Deployment, name: str, folder: Path) -> Function:
    configuration = deployment.client("lambda").get_function_configuration(FunctionName=name)
    return Function(
        name=name,
        arn=configuration["FunctionArn"],
        handler=configuration["Handler"],
        code_folder=folder,
        environment=configuration.get("Environment", {}).get("Variables", {}),
        timeout_seconds=configuration["Timeout"],
        memory_mb=configuration["MemorySize"],
        log=LogStream(deployment.logs, folder.name),
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"),
        options={"now": deployment.clock.now},
        fault=lambda event: deployment.faults.response(folder.name, event),
    )


def _poll_queues(deployment: Deployment) -> None:
    sqs, awslambda = deployment.client("sqs"), deployment.client("lambda")

    def invoke(arn: str, payload: bytes) -> tuple[bytes, bool]:
        response = awslambda.invoke(FunctionName=arn, Payload=payload)
        return response["Payload"].read(), "FunctionError" in response

    for mapping in awslambda.list_event_source_mappings()["EventSourceMappings"]:
        # moto would deliver each message once, at once, and delete it whatever comes back.
        awslambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        arn = mapping["EventSourceArn"]
        url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        if isinstance(deployment.clock, RealClock):  # nobody wants to watch a sandbox wait for three minutes
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        deployment.sources[arn] = EventSource(
            queue_arn=arn,
            queue_url=url,
            function_arn=mapping["FunctionArn"],
            batch_size=mapping["BatchSize"],
            reports_failures="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
            visibility_timeout_seconds=int(queue["VisibilityTimeout"]),
            clock=deployment.clock,
            sqs=sqs,
            invoke=invoke,
        )


def _subscribe(deployment: Deployment) -> None:
    """The sandbox is a subscriber like any other: a queue, with raw delivery."""
    if topic := deployment.outputs.get("NotificationTopicArn"):
        sqs, sns = deployment.client("sqs"), deployment.client("sns")
        url = sqs.create_queue(QueueName="sandbox-subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        deployment.subscriber_arn = arn
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
