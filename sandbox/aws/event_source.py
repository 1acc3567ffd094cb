"""Between a queue and a function: Lambda's event source mapping for SQS, as far as a batch of messages can notice.

A message is delivered at least once; it is deleted when its function took it, comes again when its visibility timeout
is over, and is moved to the dead-letter queue after `maxReceiveCount` deliveries, which is SQS's own doing.
"""

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sandbox.aws.clock import VirtualClock
from sandbox.aws.faults import NeverAnswered

_RECEIVE_AT_ONCE = 10
"""SQS hands out no more messages in one call."""


@dataclass(slots=True, eq=False)
class EventSource:
    """A queue, a function, and how messages come from the one to the other."""

    queue_arn: str
    queue_url: str
    function_arn: str
    batch_size: int
    reports_failures: bool
    visibility_timeout_seconds: int
    clock: VirtualClock
    sqs: Any
    invoke: Callable[[str, bytes], tuple[bytes, bool]]
    _due: bool = False

    def arrived(self) -> None:
        """Something may be in the queue: it is polled as soon as possible, once."""
        if not self._due:
            self._due = True
            self.clock.call_later(0, self._deliver)

    def _deliver(self) -> None:
        self._due = False
        messages = list(self._received())
        if not messages:
            return
        failed = self._failed(messages)
        for message in messages:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        if failed:
            # A message is visible after its time, not at it.
            self.clock.call_later(self.visibility_timeout_seconds + 0.01, self.arrived)
        self.arrived()

    def _received(self) -> Iterable[dict[str, Any]]:
        wanted = self.batch_size
        while wanted > 0:
            reply = self.sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(wanted, _RECEIVE_AT_ONCE),
                WaitTimeSeconds=0,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            messages = reply.get("Messages", [])
            if not messages:
                return
            wanted -= len(messages)
            yield from messages

    def _failed(self, messages: list[dict[str, Any]]) -> set[str]:
        """The ids of the messages that the function did not take."""
        ids = {message["MessageId"] for message in messages}
        event = {"Records": [self._record(message) for message in messages]}
        try:
            payload, error = self.invoke(self.function_arn, json.dumps(event).encode())
        except (ClientError, NeverAnswered):
            return ids
        if error:
            return ids
        return _reported(payload, ids) if self.reports_failures else set()

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: {
                    "dataType": value["DataType"],
                    "stringValue": value.get("StringValue"),
                    "stringListValues": [],
                    "binaryListValues": [],
                }
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue_arn,
            "awsRegion": self.queue_arn.split(":")[3],
        }


def _reported(payload: bytes, ids: set[str]) -> set[str]:
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
