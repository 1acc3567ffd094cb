"""The messages of the dead-letter queue: what each is, what to do with it, and back to where they came from."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3

from export_watch import export_created, lost_watch
from export_watch.errors import InvalidEventError, InvalidExecutionError
from operations.stack import CommandError, Stack, messages

WAIT_SECONDS = 1
"""Without a wait SQS asks only some of its servers."""

HIDDEN_SECONDS = 60
"""For so long a message is hidden from others while a command works; what is left is visible again after it."""

BATCH = 10
"""The most messages that one call of SQS takes or gives."""

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
    """List the messages with what to do; delete the one of this id. Whether the queue is empty then."""
    with _received(stack) as (found, unread):
        for letter in found:
            advice = (
                "fix the cause, then: redrive"
                if letter.queue
                else f"then: dead-letters --delete {letter.message_id}"
            )
            say(f"{letter.message_id}: {letter.what}; {advice}")
        if delete:
            unwanted = next((letter for letter in found if letter.message_id == delete), None)
            if unwanted is None:
                raise CommandError(
                    f"there is no message {delete}, or someone else is reading it: list them again"
                )
            _delete(stack, unwanted, found)
            say(f"deleted {delete}")
        return _is_empty(found, unread, say, "the dead-letter queue has no message")


def redrive(stack: Stack, say: Say) -> bool:
    """Send the messages back that may succeed now. Whether the queue is empty then.

    SQS's own redrive fails at the first message that EventBridge could not deliver, and takes those along that will
    be refused again.
    """
    with _received(stack) as (found, unread):
        for letter in tuple(found):
            if letter.queue:
                boto3.client("sqs").send_message(
                    QueueUrl=stack.physical_id(letter.queue), MessageBody=letter.body
                )
                _delete(stack, letter, found)
                say(f"sent back to {letter.queue}: {letter.what}")
            else:
                say(f"stays: {letter.what}; then: dead-letters --delete {letter.message_id}")
        if found:
            say(f"{len(found)} stay. What was sent back and fails again returns in a quarter of an hour")
        return _is_empty(
            found,
            unread,
            say,
            "none is left. What was sent back and fails again returns in a quarter of an hour",
        )


def _is_empty(found: list[DeadLetter], unread: int, say: Say, empty: str) -> bool:
    if unread:
        say(
            f"{unread} more in the queue could not be read: someone else is reading them. Run this again in a minute"
        )
    elif not found:
        say(empty)
    return not (found or unread)


def _delete(stack: Stack, letter: DeadLetter, found: list[DeadLetter]) -> None:
    boto3.client("sqs").delete_message(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"], ReceiptHandle=letter.receipt_handle
    )
    found.remove(letter)


@contextlib.contextmanager
def _received(stack: Stack) -> Iterator[tuple[list[DeadLetter], int]]:
    """Every message that can be received now, and how many more the queue counts, about.

    Whatever is still in the list at the end is visible again: the next command reads it at once.
    """
    url = stack.outputs["DeadLetterQueueUrl"]
    count, found = messages(url), list[DeadLetter]()
    try:
        found.extend(_receive(stack, url))
        yield found, max(0, count - len(found))
    finally:
        for start in range(0, len(found), BATCH):
            boto3.client("sqs").change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                    for at, letter in enumerate(found[start : start + BATCH])
                ],
            )


def _receive(stack: Stack, url: str) -> Iterator[DeadLetter]:
    """Every message that can be received now, each once."""
    sqs, seen = boto3.client("sqs"), set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
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
        return "no EventBridge event: find out who sends to this queue", None
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
