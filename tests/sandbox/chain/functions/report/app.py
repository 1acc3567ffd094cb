"""Publishes each change of an execution's status that is delivered to it, as it came."""

import os
from typing import Any

import boto3

sns = boto3.client("sns")
topic = os.environ["TOPIC"]


def handler(event: dict[str, Any], context: Any) -> None:
    """Publish one."""
    outcome: Any = {"DataType": "String", "StringValue": "lost"}
    for record in event["Records"]:
        sns.publish(TopicArn=topic, Message=record["body"], MessageAttributes={"outcome": outcome})
