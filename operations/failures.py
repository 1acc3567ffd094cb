"""Why the last steps of a few watches failed, by the histories of their executions."""

from argparse import Namespace

import boto3

from operations.stack import Stack, moment, say

WATCHES = 5
EVENTS = 20
"""Of each watch the last ones: a check that fails takes three, with its retries nine."""

MAX_CAUSE = 300


def failures(stack: Stack, given: Namespace) -> bool:
    """Print the last errors of the newest watches of a status, each of a watch's once, in the order of time."""
    watches = boto3.client("stepfunctions").list_executions(
        stateMachineArn=stack.outputs["StateMachineArn"], statusFilter=given.status, maxResults=WATCHES
    )["executions"]
    latest: dict[tuple[str, str, str], tuple[float, str]] = {}
    for watch in watches:
        for event in stack.last_events(watch["executionArn"], EVENTS):
            for failed in (of for of in event.values() if isinstance(of, dict) and of.get("error")):
                key = watch["name"], failed.get("resourceType", "execution"), failed["error"]
                latest.setdefault(key, (event["timestamp"].timestamp(), failed.get("cause", "")))
    for what, (at, cause) in sorted(latest.items(), key=lambda found: found[1]):
        say(moment(at), *what, " ".join(cause.split())[:MAX_CAUSE])
    if not latest:
        say(f"none of the last steps of {len(watches)} watches that are {given.status} failed")
    return True
