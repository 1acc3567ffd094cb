"""The log lines of the three functions: what went wrong lately, or all about one watch."""

import json
import time
from collections.abc import Callable

import boto3

from operations.stack import Stack

GROUPS = ("StartWatchLogGroup", "CheckExportLogGroup", "ReportLostWatchLogGroup")
TROUBLE = "?ERROR ?WARNING ?timed ?killed"
"""Our own lines of these levels, and those of Lambda about a function that ran out of time or memory."""


def logs(stack: Stack, say: Callable[[str], None], hours: float, execution: str | None = None) -> bool:
    """Show the lines of the last hours in the order of time: those of an execution, or all warnings and errors."""
    client = boto3.client("logs")
    pattern = f'{{ $.execution = "{execution}" }}' if execution else TROUBLE
    lines = []
    for group in GROUPS:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=stack.physical_id(group),
            startTime=int((time.time() - hours * 3600) * 1000),
            filterPattern=pattern,
        )
        name = group.removesuffix("LogGroup")
        lines += [(event["timestamp"], name, event["message"]) for page in pages for event in page["events"]]
    for timestamp, name, message in sorted(lines):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp / 1000))
        say(f"{moment} {name} {_essence(message)}")
    if not lines:
        say(f"no such line in the last {hours:g} h")
    return True


def _essence(line: str) -> str:
    """Level, execution or message id, and message of one of our lines; any other line as it is."""
    try:
        record = json.loads(line)
        about = record.get("execution") or record.get("message_id") or ""
        return " ".join(filter(None, [record["level"], about, str(record["message"])]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return line.strip()
