"""The messages of the dead-letter queue: what each is, what to do with it, and back to where they came from."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3

from export_watch import export_created, lost_watch
from export_watch.errors import InvalidEventError, InvalidExecutionError
from operations.stack import CommandError, Stack

WAIT_SECONDS = 1
"""Without a wait SQS asks only some of its servers."""

HIDDEN_SECONDS = 60
"""For so long a message that was listed is hidden from others, and from the next listing."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message. `queue` is the logical id of the queue to send it back to, None where it would be refused again."""

    message_id: str
    receipt_handle: str
    body: str
    what: str
    queue: str | None


def dead_letters(stack: Stack, say: Say, delete: str | None = None) -> bool:
    """List the messages with what to do; delete the one of this id. Whether none is left that was listed."""
    found = list(_receive(stack))
    for letter in found:
        advice = (
            "fix the cause, then: redrive"
            if letter.queue
            else f"then: dead-letters --delete {letter.message_id}"
        )
        say(f"{letter.message_id}: {letter.what}; {advice}")
    if delete:
        _delete(stack, [letter for letter in found if letter.message_id == delete], delete)
        say(f"deleted {delete}")
        found = [letter for letter in found if letter.message_id != delete]
    if not found:
        say(
            "the dead-letter queue has no message; for a minute after a listing those that were listed are hidden"
        )
    return not found


def redrive(stack: Stack, say: Say) -> bool:
    """Send the messages back that may succeed now. Whether none is left.

    SQS's own redrive fails at the first message that EventBridge could not deliver, and takes those along that will
    be refused again.
    """
    sqs, left = boto3.client("sqs"), 0
    for letter in list(_receive(stack)):
        if letter.queue:
            sqs.send_message(QueueUrl=stack.physical_id(letter.queue), MessageBody=letter.body)
            sqs.delete_message(
                QueueUrl=stack.outputs["DeadLetterQueueUrl"], ReceiptHandle=letter.receipt_handle
            )
            say(f"sent back to {letter.queue}: {letter.what}")
        else:
            left += 1
            say(f"stays: {letter.what}; then: dead-letters --delete {letter.message_id}")
    say(f"{left} stay. What fails again comes back in a quarter of an hour" if left else "all were sent back")
    return not left


def _delete(stack: Stack, found: list[DeadLetter], message_id: str) -> None:
    if not found:
        raise CommandError(f"no message {message_id} was received: wait a minute, and list them again")
    boto3.client("sqs").delete_message(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"], ReceiptHandle=found[0].receipt_handle
    )


def _receive(stack: Stack) -> Iterator[DeadLetter]:
    """Every message that can be received now, each once."""
    sqs, seen = boto3.client("sqs"), set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=stack.outputs["DeadLetterQueueUrl"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            MessageAttributeNames=["All"],
        )
        fresh = [m for m in answer.get("Messages", []) if m["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        for message in fresh:
            what, queue = sort(message["Body"], int(stack.parameters["DeadlineSeconds"]))
            if error := message.get("MessageAttributes", {}).get("ERROR_MESSAGE"):
                what = f"{what} (EventBridge could not deliver it: {error.get('StringValue')})"
            yield DeadLetter(message["MessageId"], message["ReceiptHandle"], message["Body"], what, queue)


def sort(body: str, max_deadline_seconds: int) -> tuple[str, str | None]:
    """What a message is, and the queue to which it belongs; None where it would be refused again."""
    try:
        event = json.loads(body)
        kind, source = str(event["detail-type"]), ascii(event["source"])
    except (KeyError, TypeError, ValueError):
        return "no EventBridge event: look who sends to this queue", None
    match kind:
        case "Emarsys Export Created":
            try:
                asked = export_created.parse(body, max_deadline_seconds)
            except InvalidEventError as error:
                return f"refused event of {source}: {error}. Have its sender send a right one", None
            return f"event of {source}: {asked.execution_name} is not watched yet", "InboxQueue"
        case "Step Functions Execution Status Change":
            try:
                watch = lost_watch.parse(body).watch
            except InvalidExecutionError as error:
                return f"failed execution that was no watch: {error}. Nobody waits for it", None
            return f"lost watch {watch.execution} is not published yet", "LostWatchQueue"
    return f"event of {source} with detail-type {kind[:60]!a}, which means nothing here", None
