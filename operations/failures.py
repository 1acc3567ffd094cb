"""Why the last steps of a few watches failed, by the histories of their executions."""

from argparse import Namespace

import boto3

from operations.stack import Stack, moment, say

WATCHES = 5
EVENTS = 20
"""Of each watch the last ones: a check that fails takes three, with its retries nine."""

MAX_CAUSE = 300


def failures(stack: Stack, given: Namespace) -> bool:
    """Print the last failures of the newest watches of a status: each kind of a watch's once, in the order of time."""
    client = boto3.client("stepfunctions")
    watches = client.list_executions(
        stateMachineArn=stack.outputs["StateMachineArn"], statusFilter=given.status, maxResults=WATCHES
    )["executions"]
    latest: dict[str, float] = {}
    for watch in watches:
        history = client.get_execution_history(
            executionArn=watch["executionArn"], reverseOrder=True, maxResults=EVENTS
        )
        for event in history["events"]:
            for failed in (of for of in event.values() if isinstance(of, dict) and of.get("error")):
                cause = " ".join(failed.get("cause", "").split())[:MAX_CAUSE]
                what = failed.get("resourceType", "execution"), failed["error"], cause
                latest.setdefault(" ".join((watch["name"], *what)), event["timestamp"].timestamp())
    for failure, at in sorted(latest.items(), key=lambda found: found[1]):
        say(moment(at), failure)
    if not latest:
        say(f"none of the last steps of {len(watches)} watches that are {given.status} failed")
    return True
