"""The log lines of the three functions: what went wrong lately, or all about one watch."""

import json
import time
from argparse import Namespace

import boto3

from operations.stack import Stack, say

FUNCTIONS = ("StartWatch", "CheckExport", "ReportLostWatch")
TROUBLE = "?ERROR ?WARNING ?timed ?killed"
"""Our own lines of these levels, and those of Lambda about a function that ran out of time or memory."""


def logs(stack: Stack, given: Namespace) -> bool:
    """Show the lines of the last hours in the order of time: those of an execution, or all warnings and errors."""
    lines = []
    for function in FUNCTIONS:
        pages = (
            boto3.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=stack.physical_id(f"{function}LogGroup"),
                startTime=int((time.time() - given.hours * 3600) * 1000),
                filterPattern=f'{{ $.execution = "{given.execution}" }}' if given.execution else TROUBLE,
            )
        )
        lines += [(line["timestamp"], function, line["message"]) for page in pages for line in page["events"]]
    for timestamp, function, message in sorted(lines):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp / 1000))
        say(moment, function, _essence(message))
    if not lines:
        say(f"no such line in the last {given.hours:g} h")
    return True


def _essence(line: str) -> str:
    """Level, execution or message id, and message of one of our lines; any other line as it is."""
    try:
        record = json.loads(line)
        about = record.get("execution") or record.get("message_id") or ""
        return " ".join(filter(None, [record["level"], about, str(record["message"])]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return line.strip()
