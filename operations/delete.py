"""Deletes a stack: lets no watch begin, stops those that run, and has `lost` published for each.

A state machine with an execution in a Wait would hang in DELETING until the watch's deadline.
"""

import time
from collections.abc import Callable

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from operations.stack import CommandError, Stack, messages

POLL_SECONDS = 15
EMPTY_WITHIN_SECONDS = 1800
"""What a function refuses is moved to the dead-letter queue after five deliveries, three minutes apart."""

EMPTY_POLLS = 4
"""SQS counts roughly, and EventBridge delivers a while after a rule is disabled: empty counts so often in a row."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]


def delete(stack: Stack, say: Say, confirm: Callable[[str], bool], sleep: Sleep = time.sleep) -> bool:
    """Whether the stack was deleted; False where `confirm` said no. Raises CommandError.

    Whatever goes wrong before CloudFormation begins to delete leaves the stack as it was, but for the watches that
    were stopped.
    """
    if stack.is_protected:
        raise CommandError(
            f"the stack {stack.name} has termination protection. To end it: aws cloudformation "
            f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
        )
    watches = running(stack)
    for arn in watches:
        say(f"running: {arn.rpartition(':')[2]}")
    if count := messages(stack.outputs["InboxQueueUrl"]):
        say(f"{count} export-created events are in the inbox: their watches begin, and are stopped too")
    if dead_letters := messages(stack.outputs["DeadLetterQueueUrl"]):
        say(f"{dead_letters} messages of the dead-letter queue will be deleted too")
    if not confirm(f"Stop {len(watches)} running watches and delete the stack {stack.name}?"):
        return False
    cloudformation, events = boto3.client("cloudformation"), boto3.client("events")
    # The physical id of a rule on a bus of one's own is `bus|rule`.
    rule = stack.physical_id("ExportCreatedRule").rpartition("|")[2]
    bus = stack.parameters["EventBusName"]
    try:
        events.disable_rule(Name=rule, EventBusName=bus)
        say("from now on no export-created event starts a watch")
        _end_watches(stack, dead_letters, say, sleep)
        say("deleting the stack")
        cloudformation.delete_stack(StackName=stack.arn)
    except BaseException:
        try:
            events.enable_rule(Name=rule, EventBusName=bus)
        except (BotoCoreError, ClientError):
            say(
                "the stack stays, but no event starts a watch until you log in and run: "
                f"aws events enable-rule --name {rule} --event-bus-name {bus}"
            )
        else:
            say("the stack stays, and export-created events start watches again")
        raise
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.arn)
    except WaiterError as error:
        raise CommandError(f"the stack is not deleted, CloudFormation's events say why: {error}") from None
    say(f"deleted {stack.name} with its logs")
    say(
        f"still there: the secrets {stack.parameters['CredentialsPrefix']}/…, the topic of the alarms, and the bucket "
        "in which SAM keeps packages (the stack aws-sam-cli-managed-default)"
    )
    return True


def running(stack: Stack) -> list[str]:
    """The ARNs of the running executions."""
    pages = (
        boto3.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=stack.outputs["StateMachineArn"], statusFilter="RUNNING")
    )
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _end_watches(stack: Stack, dead_letters: int, say: Say, sleep: Sleep) -> None:
    """Have what is in the inbox begin, stop all that run, and wait until each `lost` is published. Raises CommandError.

    `dead_letters` is how many there may be in the end: one more is an event or a `lost` that reached nobody.
    """
    if not _becomes_empty(stack.outputs["InboxQueueUrl"], "to be watched", say, sleep):
        raise CommandError(
            "export-created events are not received from the inbox, so the stack is not deleted: "
            "see docs/runbooks/inbox.md, or purge the queue; then run the command again"
        )
    while True:
        if watches := running(stack):
            _stop(watches, say)
        # Also with none to stop: `lost` of one that failed before may not be published yet.
        published = _becomes_empty(stack.physical_id("LostWatchQueue"), "`lost` to be published", say, sleep)
        if messages(stack.outputs["DeadLetterQueueUrl"]) > dead_letters:
            raise CommandError(
                "an event could not start its watch, or a `lost` not be published: it is in the dead-letter queue, "
                "so the stack is not deleted. docs/runbooks/dead-letter-queue.md says how to fix it; then run the "
                "command again"
            )
        if not published:
            raise CommandError(
                f"after {EMPTY_WITHIN_SECONDS} s `lost` is not published yet, so the stack is not deleted: "
                "read the log of ReportLostWatchFunction, then run the command again"
            )
        if not running(stack):
            return


def _stop(watches: list[str], say: Say) -> None:
    # Step Functions lets 25 executions a second be stopped, and 500 at once: with thousands some calls wait.
    retries = Config(retries={"mode": "standard", "total_max_attempts": 10})
    step_functions = boto3.client("stepfunctions", config=retries)
    for arn in watches:
        step_functions.stop_execution(
            executionArn=arn, error="StackDeleted", cause="The stack of this watch is being deleted."
        )
    say(f"stopped {len(watches)}, waiting until `lost` is published for each")


def _becomes_empty(queue_url: str, what: str, say: Say, sleep: Sleep) -> bool:
    empty = 0
    for _ in range(EMPTY_WITHIN_SECONDS // POLL_SECONDS):
        sleep(POLL_SECONDS)
        waiting = messages(queue_url)
        empty = 0 if waiting else empty + 1
        if empty == EMPTY_POLLS:
            return True
        if waiting:
            say(f"{waiting} {what}")
    return False
