"""Starts an execution with the detail of each event as its input; an event can ask for trouble."""

import json
import os
import sys
from typing import Any

import boto3

from export_watch import clock

step_functions = boto3.client("stepfunctions")
machine = os.environ["MACHINE"]
starts: list[float] = []


def handler(event: dict[str, Any], context: Any) -> Any:
    """Take a batch; `fail` in a detail fails that record, `fail_all` the batch."""
    failures = []
    for record in event["Records"]:
        detail = json.loads(record["body"])["detail"]
        starts.append(clock.now())
        count = record["attributes"]["ApproximateReceiveCount"]
        greeting = f"{os.environ['GREETING']} {detail['name']}"
        sys.stdout.write(json.dumps({"message": greeting, "receive": count, "starts": starts}) + "\n")
        if detail.get("fail_all"):
            raise RuntimeError("the whole batch")
        if detail.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        state = {"wait": 10, "checks": 0, **detail}
        step_functions.start_execution(stateMachineArn=machine, name=detail["name"], input=json.dumps(state))
    return {"batchItemFailures": failures}
