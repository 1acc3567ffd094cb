"""Sends the export-created event of an export to a deployed stack, and follows its execution to the end."""

import json
from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import boto3

from export_watch import state
from export_watch.watch import WatchRequest
from operations.stack import CommandError, Stack, moment, polls, say

POLL_SECONDS = 5
APPEARS_WITHIN_SECONDS = 60
EVENTS = 50
"""A check takes nine, and fifteen with both retries; a publish that is retried three for each time."""

FRESH_SECONDS = 5
"""A check that found a status answers within so many; the check before was longer ago."""

REPEATED = ("distribution_method", "expected_seconds", "context")


def watch(stack: Stack, given: Namespace) -> bool:
    """Whether the export ended as `done`. A watch that runs already is followed, and no event is sent.

    Raises CommandError where the export cannot be watched.
    """
    keys = ("export_id", "account", "attempt", "expected_seconds")
    detail = {key: getattr(given, key) for key in keys if getattr(given, key) is not None}
    asked = stack.request(detail)
    known = _attempt(stack, asked, asked.attempt)
    if known is None:
        _announce(stack, _attempt_before(stack, asked) | detail)
        say(f"sent the event of export {asked.export_id}, waiting for its execution {asked.execution_name}")
        appears = polls(POLL_SECONDS, APPEARS_WITHIN_SECONDS)
        if not any(_attempt(stack, asked, asked.attempt) for _ in appears):
            raise CommandError(
                f"no execution began within {APPEARS_WITHIN_SECONDS} s. `{stack.command('logs')}` and "
                f"`{stack.command('dead-letters')}` say why"
            )
    elif known["status"] == "RUNNING":
        say(f"{asked.execution_name} is being watched already: following it")
    else:
        unused = next(n for n in count(asked.attempt + 1) if not _attempt(stack, asked, n))
        account = "" if asked.account == "default" else f" --account {asked.account}"
        again = stack.command(f"watch --export-id {asked.export_id} --attempt {unused}{account}")
        _report(known)
        raise CommandError(f"{asked.execution_name} was watched before. To watch it again: {again}")
    return _follow(stack, stack.execution_arn(asked.execution_name))


def _attempt(stack: Stack, asked: WatchRequest, attempt: int) -> Mapping[str, Any] | None:
    """The execution of an attempt to watch the export; None where there was none in the last 90 days."""
    client = boto3.client("stepfunctions")
    name = replace(asked, attempt=attempt).execution_name
    try:
        return client.describe_execution(executionArn=stack.execution_arn(name))
    except client.exceptions.ExecutionDoesNotExist:
        return None


def _attempt_before(stack: Stack, asked: WatchRequest) -> dict[str, Any]:
    """What the event of the newest of the ten attempts before said, so that subscribers get the same as from it."""
    for attempt in range(asked.attempt - 1, max(0, asked.attempt - 11), -1):
        if known := _attempt(stack, asked, attempt):
            began = state.load(json.loads(known["input"])["watch"], known["executionArn"]).watch
            said = {key: value for key in REPEATED if (value := getattr(began, key))}
            say("as in attempt", attempt, json.dumps(said))
            return said
    return {}


def _announce(stack: Stack, detail: Mapping[str, Any]) -> None:
    entry: Any = {
        "EventBusName": stack.parameters["EventBusName"],
        "Source": "emarsys-export-watch.operations",
        "DetailType": "Emarsys Export Created",
        "Detail": json.dumps(detail),
    }
    answer = boto3.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise CommandError(f"EventBridge does not accept the event: {answer['Entries'][0]['ErrorMessage']}")


def _follow(stack: Stack, arn: str) -> bool:
    client, said = boto3.client("stepfunctions"), ""
    for _ in polls(POLL_SECONDS):
        execution = client.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            break
        if (now := progress(stack.last_events(arn, EVENTS))) != said:
            said = now
            say(said)
    return _report(execution)


def _report(execution: Mapping[str, Any]) -> bool:
    """Say how a watch ended. Whether the export is done."""
    if execution["status"] != "SUCCEEDED":
        say(f"lost: the execution is {execution['status']}, nobody watches this export any more")
        return False
    message = json.loads(json.loads(execution["output"])["notification"]["message"])
    say(essence(message))
    return bool(message["data"]["outcome"] == "done")


def progress(events: Iterable[Any]) -> str:
    """What the last check found, from the newest events of an execution's history, the newest first."""
    for event in events:
        exited = event.get("stateExitedEventDetails", {})
        if exited.get("name") == "Check export":
            return _found(json.loads(exited["output"]), event["timestamp"].timestamp())
    return "the first check comes in a few seconds"


def _found(answer: Mapping[str, Any], at: float) -> str:
    """What a check answered at a time (unix seconds)."""
    watch = answer["watch"]
    if "check_failure" in watch:
        return "the check failed with all its retries: the next one comes in 5 minutes, or in 15"
    answered_at = watch["answered_at"] or watch["started_at"]
    if at - answered_at > FRESH_SECONDS:
        finding = f"no status since {moment(answered_at)}, which the logs explain"
    elif watch["refused_since"]:
        finding = f"{', '.join(watch['refused_since'])} so far"
    else:
        finding = watch["export"]["status"]
    words = [f"check {watch['checks']}: {finding}"]
    if answer["notification"]:
        words.append(essence(json.loads(answer["notification"]["message"])))
    if answer["wait_seconds"]:
        words.append(f"next check {answer['wait_seconds']} s later")
    return ", ".join(words)


def essence(message: Mapping[str, Any]) -> str:
    """A notification in a line: the outcome, where the file is, and why."""
    data = message["data"]
    file, reason = data["file"] or {}, data["reason"] or {}
    return ": ".join(
        filter(None, [data["outcome"], file.get("uri") or file.get("name"), reason.get("message")])
    )
