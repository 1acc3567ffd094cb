"""An hourly job, deployed by hourly.yaml: creates an export and has it watched for 55 minutes.

Where it is late, `expired` is published; the template late_exports.yaml makes an e-mail of it.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from emarsys import Emarsys

EXPECTED_SECONDS = 600  # how long the last ones took: `watch.elapsed_seconds` of their notifications

events = boto3.client("events")
emarsys = Emarsys(os.environ["SECRET_ID"])


def handler(event: dict[str, Any], context: Any) -> int:  # noqa: ARG001
    """`event["time"]` is when the job was due. Raises where the export is not created or not watched."""
    due = datetime.fromisoformat(event["time"]).astimezone(UTC)
    hour = [(due - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M"), due.strftime("%Y-%m-%d %H:%M")]
    wanted = {"distribution_method": "local", "origin": "all", "time_range": hour, "contact_fields": [3]}
    reply = json.loads(emarsys.call("POST", "contact/getchanges", wanted).data)
    if reply["replyCode"] != 0:
        raise RuntimeError(f"no export was created: replyCode {reply['replyCode']}")
    export_id = int(reply["data"]["id"])
    detail = {
        "export_id": export_id,
        "distribution_method": "local",
        "deadline_seconds": 3300,
        "expected_seconds": EXPECTED_SECONDS,
        "context": {"job": "hourly-contacts", "due": event["time"]},
    }
    answer = events.put_events(
        Entries=[
            {"Source": "my.hourly-job", "DetailType": "Emarsys Export Created", "Detail": json.dumps(detail)}
        ]
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"export {export_id} is not watched: {answer['Entries']}")
    return export_id
