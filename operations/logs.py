"""The log lines of the three functions: what went wrong lately, or all about one watch."""

import json
import re
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator

import boto3

from operations.stack import Stack, moment, say

FUNCTIONS = ("StartWatch", "CheckExport", "ReportLostWatch")
TROUBLE = "?ERROR ?WARNING ?timed ?killed"
"""Our own lines of these levels, and those of Lambda about a function that ran out of time or memory."""

PASSING = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|again in \d+ s")
"""What differs between lines that say the same: times, ids of requests, and waits."""

MAX_NAMES = 20


def logs(stack: Stack, given: Namespace) -> bool:
    """Show the lines of the last hours: those of an execution, or all warnings and errors.

    What is said again, of whichever watch of an account, is one line, where it was said last.
    """
    same: dict[tuple[str, ...], list[tuple[float, str, str]]] = defaultdict(list)
    for at, function, line in sorted(_lines(stack, given)):
        if read := _read(line):
            account, name, text = read
            same[function, account, PASSING.sub("", text)].append((at, name, text))
    for (function, *_), said in sorted(same.items(), key=lambda found: found[1][-1]):
        at, _, text = said[-1]
        names = list(dict.fromkeys(name for _, name, _ in said if name))
        others = f"and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        times = f"({len(said)} times since {moment(said[0][0])})" if len(said) > 1 else ""
        say(*filter(None, [moment(at), function, ", ".join(names[-MAX_NAMES:]), others, text, times]))
    if not same:
        say(f"no such line in the last {given.hours:g} h")
    return True


def _lines(stack: Stack, given: Namespace) -> Iterator[tuple[float, str, str]]:
    """When (unix seconds), which function, and what."""
    pages = boto3.client("logs").get_paginator("filter_log_events")
    for function in FUNCTIONS:
        for page in pages.paginate(
            logGroupName=stack.physical_id(f"{function}LogGroup"),
            startTime=int((time.time() - given.hours * 3600) * 1000),
            filterPattern=f'{{ $.execution = "{given.execution}" }}' if given.execution else TROUBLE,
        ):
            for line in page["events"]:
                yield line["timestamp"] / 1000, function, line["message"]


def _read(line: str) -> tuple[str, str, str] | None:
    """Account, name of the execution or message, and text of a line; None where it only carries metrics."""
    try:
        record = json.loads(line)
        text = f"{record['level']} {record['message']}"
    except (KeyError, TypeError, ValueError):
        return None if '"_aws":' in line else ("", "", line.strip())
    error = str(record.get("exception", "")).strip().rpartition("\n")[2]
    name = record.get("execution") or record.get("message_id") or ""
    return record.get("account", ""), name, f"{text} {error}".strip()
