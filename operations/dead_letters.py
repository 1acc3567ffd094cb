"""The messages of the dead-letter queue: what each is, what to do with it, and back to where they came from."""

import contextlib
import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from export_watch import export_created, lost_watch
from export_watch.errors import InvalidEventError, InvalidExecutionError
from operations.stack import CommandError, Stack, messages, moment, say

RECEIVE: Any = {
    "AttributeNames": ["SentTimestamp"],
    "MaxNumberOfMessages": 10,
    "MessageAttributeNames": ["All"],
    "VisibilityTimeout": 60,
    "WaitTimeSeconds": 1,
}
"""A message is hidden from others while a command works. Without a wait SQS asks only some of its servers."""

MAX_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of SQS: what it is, what to do first, and the logical id of the queue to which it then goes back.

    `queue` is None where it would be refused again.
    """

    message: Any
    what: str
    to_do: str
    queue: str | None

    def __str__(self) -> str:
        return f"{moment(int(self.message.attributes['SentTimestamp']) / 1000)} {self.what}"


def dead_letters(stack: Stack, given: Namespace) -> bool:
    """List the messages with what to do, or delete the one of the given id. Whether that is done, or there is none."""
    with _received(stack) as (letters, unread):
        if given.delete:
            if not (letter := letters.pop(given.delete, None)):
                raise CommandError(f"no message {given.delete} can be read now: list them again")
            letter.message.delete()
            say(f"{letter}\ndeleted; {len(letters) + unread} left")
            return True
        for message_id, letter in letters.items():
            command = "redrive" if letter.queue else f"dead-letters --delete {message_id}"
            lines = (_detail(letter.message.body), f"{letter.to_do}, then:", stack.command(command))
            say(letter, *lines, sep="\n    ")
        return _is_empty(letters, unread)


def redrive(stack: Stack, _: Namespace) -> bool:
    """Send the messages back that may succeed now. Whether the queue is empty then.

    SQS's own redrive fails at the first message that EventBridge could not deliver, and takes those along that will
    be refused again.
    """
    with _received(stack) as (letters, unread):
        origins = {message_id: letter.queue for message_id, letter in letters.items() if letter.queue}
        for message_id, origin in origins.items():
            message = letters[message_id].message
            boto3.resource("sqs").Queue(stack.physical_id(origin)).send_message(MessageBody=message.body)
            message.delete()
            say(f"sent back to {origin}: {letters.pop(message_id)}")
        if origins:
            say("what fails again returns in a quarter of an hour")
        if letters:
            say(f"{len(letters)} would be refused again: {stack.command('dead-letters')} says why")
        return _is_empty(letters, unread)


def _is_empty(letters: dict[str, DeadLetter], unread: int) -> bool:
    if unread:
        say(f"{unread} more could not be read: someone else is reading them. Run this again in a minute")
    elif not letters:
        say("the dead-letter queue has no message")
    return not (unread or letters)


@contextlib.contextmanager
def _received(stack: Stack) -> Iterator[tuple[dict[str, DeadLetter], int]]:
    """Every message that can be received now, by its id, and how many more the queue counts, about.

    Whatever is left of them at the end is visible again: the next command reads it at once.
    """
    url, letters = stack.outputs["DeadLetterQueueUrl"], dict[str, DeadLetter]()
    queue, count = boto3.resource("sqs").Queue(url), messages(url)
    try:
        while fresh := [got for got in queue.receive_messages(**RECEIVE) if got.message_id not in letters]:
            for message in fresh:
                what, to_do, origin = sort(message.body, int(stack.parameters["DeadlineSeconds"]))
                if error := (message.message_attributes or {}).get("ERROR_MESSAGE"):
                    what = f"{what} (EventBridge could not deliver it: {error.get('StringValue')})"
                letters[message.message_id] = DeadLetter(message, what, to_do, origin)
        yield letters, max(0, count - len(letters))
    finally:
        for letter in letters.values():
            letter.message.change_visibility(VisibilityTimeout=0)


def sort(body: str, max_deadline_seconds: int) -> tuple[str, str, str | None]:
    """What a message is, what to do first, and the queue to which it belongs; None where it would be refused again."""
    try:
        event = json.loads(body)
        kind, source = str(event["detail-type"]), ascii(event["source"])
    except (KeyError, TypeError, ValueError):
        return "no EventBridge event", "find out who sends to this queue", None
    try:
        if kind == "Emarsys Export Created":
            asked = export_created.parse(body, max_deadline_seconds)
            return f"event of {source}: {asked.execution_name} is not watched yet", _FIX, "InboxQueue"
        if kind == "Step Functions Execution Status Change":
            watch = lost_watch.parse(body).watch
            return f"lost watch {watch.execution} is not published yet", _FIX, "LostWatchQueue"
    except InvalidEventError as error:
        return f"refused event of {source}: {error}", "have its sender send a right one", None
    except InvalidExecutionError as error:
        return f"failed execution that was no watch: {error}", "nobody waits for it", None
    return (
        f"event of {source} with detail-type {kind[:60]!a}, which means nothing here",
        "find its sender",
        None,
    )


_FIX = "fix the cause (docs/runbooks/dead-letter-queue.md)"


def _detail(body: str) -> str:
    """The detail of an event, or whatever else was sent."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return json.dumps(json.loads(body)["detail"])[:MAX_SHOWN]
    return json.dumps(body)[:MAX_SHOWN]
