"""Deletes a stack: lets no watch begin, stops those that run, and has `lost` published for each.

A state machine with an execution in a Wait would hang in DELETING until the watch's deadline.
"""

import contextlib
from argparse import Namespace
from collections.abc import Iterator

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.prompt import Confirm

from operations.stack import CommandError, Stack, messages, polls, say

POLL_SECONDS = 15
QUIET_WITHIN_SECONDS = 3600
"""What a function refuses is moved to the dead-letter queue after five deliveries, three minutes apart."""

QUIET_POLLS = 4
"""SQS counts roughly, and EventBridge delivers a while after a rule is disabled: quiet counts so often in a row."""


def delete(stack: Stack, given: Namespace) -> bool:
    """Whether the stack was deleted; False where the answer was no. Raises CommandError.

    Whatever goes wrong before CloudFormation begins to delete leaves the stack as it was, but for the watches that
    were stopped.
    """
    if stack.is_protected:
        raise CommandError(
            f"the stack {stack.name} has termination protection. To end it: aws cloudformation "
            f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
        )
    watches = _running(stack)
    for arn in watches:
        say(f"running: {arn.rpartition(':')[2]}")
    if dead_letters := messages(stack.outputs["DeadLetterQueueUrl"]):
        say(f"{dead_letters} messages of the dead-letter queue will be deleted too")
    question = f"Stop {len(watches)} running watches and delete the stack {stack.name}?"
    if not (given.yes or Confirm.ask(question)):
        return False
    cloudformation = boto3.client("cloudformation")
    with _no_event_starts_a_watch(stack):
        _end_watches(stack, dead_letters)
        say("deleting the stack")
        cloudformation.delete_stack(StackName=stack.arn)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.arn)
    say(
        f"deleted {stack.name} with its logs, but not the secrets: docs/how-to/delete.md names all that stays"
    )
    return True


@contextlib.contextmanager
def _no_event_starts_a_watch(stack: Stack) -> Iterator[None]:
    """From now on; where what is done meanwhile fails, events start watches again."""
    events, bus = boto3.client("events"), stack.parameters["EventBusName"]
    # The physical id of a rule on a bus of one's own is `bus|rule`.
    rule = stack.physical_id("ExportCreatedRule").rpartition("|")[2]
    try:
        events.disable_rule(Name=rule, EventBusName=bus)
        say("from now on no export-created event starts a watch")
        yield
    except BaseException:
        try:
            events.enable_rule(Name=rule, EventBusName=bus)
            say("the stack stays, and export-created events start watches again")
        except (BotoCoreError, ClientError):
            say(
                "the stack stays, but no event starts a watch until you log in and run: "
                f"aws events enable-rule --name {rule} --event-bus-name {bus}"
            )
        raise


def _running(stack: Stack) -> list[str]:
    """The ARNs of the running executions."""
    paginator = boto3.client("stepfunctions").get_paginator("list_executions")
    pages = paginator.paginate(stateMachineArn=stack.outputs["StateMachineArn"], statusFilter="RUNNING")
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _end_watches(stack: Stack, dead_letters: int) -> None:
    """Have what is in the inbox begin, stop all that run, and wait until each `lost` is published. Raises CommandError.

    `dead_letters` is how many there may be in the end: one more is an event or a `lost` that reached nobody.
    """
    queues = {
        "export-created events to be watched": stack.outputs["InboxQueueUrl"],
        "`lost` to be published": stack.physical_id("LostWatchQueue"),
    }
    quiet = 0
    for _ in polls(POLL_SECONDS, QUIET_WITHIN_SECONDS):
        stopped = _stop(_running(stack))
        if messages(stack.outputs["DeadLetterQueueUrl"]) > dead_letters:
            raise CommandError(
                "an event could not start its watch, or a `lost` not be published: it is in the dead-letter queue, "
                "so the stack is not deleted. docs/runbooks/dead-letter-queue.md says how to fix it; then run the "
                "command again"
            )
        waiting = [f"{count} {what}" for what, url in queues.items() if (count := messages(url))]
        quiet = 0 if stopped or waiting else quiet + 1
        if quiet == QUIET_POLLS:
            return
        if waiting:
            say(", ".join(waiting))
    raise CommandError(
        f"after {QUIET_WITHIN_SECONDS} s there are still {', '.join(waiting) or 'watches that begin'}, so the stack "
        "is not deleted: docs/runbooks/inbox.md says why; or purge the queue, then run the command again"
    )


def _stop(watches: list[str]) -> int:
    # Step Functions lets 25 executions a second be stopped, and 500 at once: with thousands some calls wait.
    retries = Config(retries={"mode": "standard", "total_max_attempts": 10})
    client = boto3.client("stepfunctions", config=retries)
    for arn in watches:
        client.stop_execution(
            executionArn=arn, error="StackDeleted", cause="The stack of this watch is being deleted."
        )
    if watches:
        say(f"stopped {len(watches)}, waiting until `lost` is published for each")
    return len(watches)
