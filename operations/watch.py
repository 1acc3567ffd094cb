"""Sends the export-created event of an export to a deployed stack, and follows its execution to the end."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations.stack import CommandError, Stack, request

POLL_SECONDS = 5
_SECONDS_AFTER_FAILURE = {"Wait after failed check": 300, "Wait longer after failed checks": 900}
"""The state machine's waits after a check that failed with all its retries."""

APPEARS_WITHIN_SECONDS = 60

Say = Callable[[str], None]


def watch(
    stack: Stack, detail: Mapping[str, Any], say: Say, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Whether the export ended as `done`. Raises CommandError where it cannot be watched.

    `detail` is that of an export-created event. A watch that runs already is followed, and no event is sent.
    """
    asked = request(detail, stack)
    arn = stack.execution_arn(asked.execution_name)
    known = _describe(arn)
    if known is None:
        _announce(stack, detail)
        say(f"sent the event of export {asked.export_id}, waiting for its execution {asked.execution_name}")
        _wait_until_it_appears(stack, arn, sleep)
    elif known["status"] != "RUNNING":
        raise CommandError(
            f"{asked.execution_name} was watched before and is {known['status']}: "
            f"watch it again with an ATTEMPT that was not used in the last 90 days, say {asked.attempt + 1}"
        )
    else:
        say(f"{asked.execution_name} is being watched already: following it")
    return _follow(arn, say, sleep)


def _describe(arn: str) -> Mapping[str, Any] | None:
    try:
        return boto3.client("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None
        raise


def _announce(stack: Stack, detail: Mapping[str, Any]) -> None:
    entry: Any = {
        "EventBusName": stack.parameters["EventBusName"],
        "Source": "emarsys-export-watch.operations",
        "DetailType": "Emarsys Export Created",
        "Detail": json.dumps(detail),
    }
    answer = boto3.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        [refused] = answer["Entries"]
        raise CommandError(f"EventBridge does not accept the event: {refused.get('ErrorMessage')}")


def _wait_until_it_appears(stack: Stack, arn: str, sleep: Callable[[float], None]) -> None:
    for _ in range(APPEARS_WITHIN_SECONDS // POLL_SECONDS):
        sleep(POLL_SECONDS)
        if _describe(arn):
            return
    raise CommandError(
        f"no execution began within {APPEARS_WITHIN_SECONDS} s. `python -m operations logs --stack {stack.name}` and "
        f"`python -m operations dead-letters --stack {stack.name}` say why"
    )


def _follow(arn: str, say: Say, sleep: Callable[[float], None]) -> bool:
    said = ""
    while execution := _describe(arn):
        if execution["status"] != "RUNNING":
            return _say_the_end(execution, say)
        if (now := progress(_latest_events(arn))) != said:
            said = now
            say(said)
        sleep(POLL_SECONDS)
    raise CommandError("the execution is gone: was the stack deleted meanwhile?")


def _latest_events(arn: str) -> list[Any]:
    """The last events of an execution, the newest first; a check takes nine, and fifteen with both retries."""
    answer = boto3.client("stepfunctions").get_execution_history(
        executionArn=arn, reverseOrder=True, maxResults=50
    )
    return sorted(answer["events"], key=lambda event: event["id"], reverse=True)


def progress(events: list[Any]) -> str:
    """What the last check found, from the newest events of an execution's history."""
    for event in events:
        entered = (event.get("stateEnteredEventDetails") or {}).get("name")
        if entered in _SECONDS_AFTER_FAILURE:
            seconds = _SECONDS_AFTER_FAILURE[entered]
            return f"the check failed with all its retries: the next one comes in {seconds} s"
        exited = event.get("stateExitedEventDetails") or {}
        if exited.get("name") == "Check export" and "notification" in (found := json.loads(exited["output"])):
            words = [
                f"check {found['watch']['checks']}: {_finding(found['watch'], _watch_before(events, event))}"
            ]
            if found["notification"]:
                words.append(essence(json.loads(found["notification"]["message"])))
            words.append(f"next check {found['wait_seconds']} s later" if found["wait_seconds"] else "")
            return ", ".join(filter(None, words))
    return "the first check comes in a few seconds"


def _watch_before(events: list[Any], checked: Any) -> dict[str, Any]:
    """The watch with which a check began; an empty one where its beginning is not among the events."""
    for event in events:
        entered = event.get("stateEnteredEventDetails") or {}
        if event["id"] < checked["id"] and entered.get("name") == "Check export":
            watch: dict[str, Any] = json.loads(entered["input"])["watch"]
            return watch
    return {}


def _finding(watch: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """What a check found. A watch remembers the last status, and when it came, but not why there was none."""
    if before and watch.get("answered_at") == before.get("answered_at"):
        return "no status, the log of CheckExportFunction says why"
    if watch["refused_since"]:
        return f"{', '.join(watch['refused_since'])} so far"
    return str((watch["export"] or {}).get("status"))


def _say_the_end(execution: Mapping[str, Any], say: Say) -> bool:
    if execution["status"] != "SUCCEEDED":
        say(f"lost: the execution is {execution['status']}, nobody watches this export any more")
        return False
    message = json.loads(json.loads(execution["output"])["notification"]["message"])
    say(essence(message))
    return bool(message["data"]["outcome"] == "done")


def essence(message: Mapping[str, Any]) -> str:
    """A notification in a line: the outcome, where the file is, and why."""
    data = message["data"]
    file, reason = data["file"] or {}, data["reason"] or {}
    return ": ".join(
        filter(None, [data["outcome"], file.get("uri") or file.get("name"), reason.get("message")])
    )
