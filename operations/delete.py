"""Deletes a stack: ends the running watches first, and lets each be told as `lost`.

A state machine with an execution in a Wait would hang in DELETING until the watch's deadline.
"""

import time
from collections.abc import Callable

import boto3
from botocore.exceptions import WaiterError

from operations.stack import CommandError, Stack, messages

POLL_SECONDS = 15
TOLD_WITHIN_SECONDS = 1800
"""A `lost` that cannot be told is tried five times, three minutes apart, before it is a dead letter."""

EMPTY_POLLS = 3
"""SQS counts roughly and EventBridge delivers within seconds: the queue must be seen empty so often in a row."""


def delete(
    stack: Stack,
    say: Callable[[str], None],
    confirm: Callable[[str], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Whether the stack was deleted; False where `confirm` said no. Raises CommandError."""
    watches = running(stack)
    for arn in watches:
        say(f"running: {arn.rpartition(':')[2]}")
    for what, queue_url in (
        ("announced exports that are not watched yet", stack.outputs["InboxQueueUrl"]),
        ("dead letters", stack.outputs["DeadLetterQueueUrl"]),
    ):
        if count := messages(queue_url):
            say(f"{count} {what} will be deleted too")
    if not confirm(f"Stop {len(watches)} running watches and delete the stack {stack.name}?"):
        return False
    while watches := running(stack):  # again: one may have begun meanwhile
        _stop(watches, say)
        _wait_until_told(stack, say, sleep)
    say("deleting the stack")
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.arn)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.arn)
    except WaiterError as error:
        raise CommandError(f"the stack is not deleted, CloudFormation's events say why: {error}") from None
    say(f"deleted {stack.name}; the secrets of the accounts are untouched")
    return True


def running(stack: Stack) -> list[str]:
    """The ARNs of the running executions."""
    pages = (
        boto3.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=stack.outputs["StateMachineArn"], statusFilter="RUNNING")
    )
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _stop(watches: list[str], say: Callable[[str], None]) -> None:
    for arn in watches:
        boto3.client("stepfunctions").stop_execution(
            executionArn=arn, error="StackDeleted", cause="The stack of this watch is being deleted."
        )
    say(f"stopped {len(watches)}, waiting until their subscribers are told `lost`")


def _wait_until_told(stack: Stack, say: Callable[[str], None], sleep: Callable[[float], None]) -> None:
    lost, dead = stack.queue_url("LostWatchQueue"), stack.outputs["DeadLetterQueueUrl"]
    dead_before, empty = messages(dead), 0
    for _ in range(TOLD_WITHIN_SECONDS // POLL_SECONDS):
        sleep(POLL_SECONDS)
        waiting = messages(lost)
        if messages(dead) > dead_before:
            raise CommandError(
                "a `lost` could not be told and is a dead letter, so the stack is not deleted: "
                "docs/operating.md says how to put it right; then run the command again"
            )
        empty = 0 if waiting else empty + 1
        if empty == EMPTY_POLLS:
            return
        if waiting:
            say(f"{waiting} to be told")
    raise CommandError(
        f"after {TOLD_WITHIN_SECONDS} s `lost` is not told yet, so the stack is not deleted: "
        "look into the log of ReportLostWatchFunction, then run the command again"
    )
