"""Tells each change of an execution's status that is delivered to it, as it came."""

import os
from typing import Any

import boto3

sns = boto3.client("sns")


def handler(event: dict[str, Any], context: Any) -> None:
    """Tell one."""
    for record in event["Records"]:
        sns.publish(
            TopicArn=os.environ["TOPIC"],
            Message=record["body"],
            MessageAttributes={"outcome": {"DataType": "String", "StringValue": "lost"}},
        )
