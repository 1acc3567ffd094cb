"""Sends many export-created events: PutEvents takes ten at a time, and may refuse some of them."""

import json
import time
from collections.abc import Iterable
from typing import Any

import boto3

ENTRIES = 10
TRIES = 5


def announce_all(export_ids: Iterable[int], account: str = "back-fill") -> None:
    """Have all of these watched. Raises RuntimeError with the entries that EventBridge refuses to the last.

    To announce one again does no harm: the watch that runs already goes on.
    """
    entries = [
        {
            "Source": "my.back-fill",
            "DetailType": "Emarsys Export Created",
            "Detail": json.dumps({"export_id": export_id, "account": account}),
        }
        for export_id in export_ids
    ]
    events: Any = boto3.client("events")
    for start in range(0, len(entries), ENTRIES):
        left = entries[start : start + ENTRIES]
        for pause_seconds in (2**attempt for attempt in range(TRIES)):
            results = events.put_events(Entries=left)["Entries"]
            left = [entry for entry, result in zip(left, results, strict=True) if "ErrorCode" in result]
            if not left:
                break
            time.sleep(pause_seconds)
        else:
            raise RuntimeError(f"not watched: {[entry['Detail'] for entry in left]} and all after them")
