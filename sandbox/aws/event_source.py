"""Between a queue and a function: Lambda's event source mapping for SQS, as far as a batch of messages can notice.

A message is delivered at least once; it is deleted when its function took it, comes again when its visibility timeout
is over, and is moved to the dead-letter queue after `maxReceiveCount` deliveries, which is SQS's own doing.
"""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.aws.client import client
from sandbox.aws.clock import RealClock, VirtualClock
from sandbox.aws.faults import NeverAnswered


class EventSource:
    """A queue, a function, and how messages come from the one to the other."""

    def __init__(self, mapping: Mapping[str, Any], clock: VirtualClock) -> None:
        self._clock, self._sqs, self._lambda = clock, client("sqs"), client("lambda")
        # moto would deliver each message once, at once, and delete it whatever comes back.
        self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        self.queue_arn = mapping["EventSourceArn"]
        self._function = mapping["FunctionArn"]
        self._batch_size = min(mapping["BatchSize"], 10)  # SQS hands out no more in one call
        self._reports_failures = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
        self._url = self._sqs.get_queue_url(QueueName=self.queue_arn.rpartition(":")[2])["QueueUrl"]
        if isinstance(clock, RealClock):  # nobody wants to watch a sandbox wait for three minutes
            self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"VisibilityTimeout": "1"})
        named = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["VisibilityTimeout"])
        self._visibility_timeout_seconds = int(named["Attributes"]["VisibilityTimeout"])
        self._due = False

    def arrived(self) -> None:
        """Something may be in the queue: it is polled as soon as possible, once."""
        if not self._due:
            self._due = True
            self._clock.call_later(0, self._deliver)

    def _deliver(self) -> None:
        self._due = False
        messages = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            AttributeNames=["All"],
            WaitTimeSeconds=0,
        ).get("Messages")
        if not messages:
            return
        failed = self._failed(messages)
        for message in messages:
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        if failed:
            # A message is visible after its time, not at it.
            self._clock.call_later(self._visibility_timeout_seconds + 0.01, self.arrived)
        self.arrived()

    def _failed(self, messages: list[dict[str, Any]]) -> set[str]:
        """The ids of the messages that the function did not take."""
        ids = {message["MessageId"] for message in messages}
        event = {"Records": [self._record(message) for message in messages]}
        try:
            response = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        except (ClientError, NeverAnswered):
            return ids
        if "FunctionError" in response:
            return ids
        return reported(response["Payload"].read(), ids) if self._reports_failures else set()

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},  # EventBridge sets none
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue_arn,
            "awsRegion": self.queue_arn.split(":")[3],
        }


def reported(payload: bytes, ids: set[str]) -> set[str]:
    """What ReportBatchItemFailures means: no list is a success of all; a list that cannot be read, a failure of all."""
    answer = json.loads(payload)
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if not failures:
        return set()
    with contextlib.suppress(KeyError, TypeError):
        named = {failure["itemIdentifier"] for failure in failures}
        if named <= ids:
            return named
    return ids
