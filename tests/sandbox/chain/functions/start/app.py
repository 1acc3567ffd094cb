"""Starts an execution with the detail of each event as its input; an event can ask for trouble."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3


def build(environment: Mapping[str, str], *, now: Callable[[], float] = time.time) -> Callable[..., Any]:
    """The handler of an environment, which logs as loggers do: to the standard output that it finds at its start."""
    step_functions = boto3.client("stepfunctions")
    starts: list[float] = []
    logger = logging.getLogger("chain")
    logger.addHandler(logging.StreamHandler(sys.stdout))

    def handler(event: dict[str, Any], context: Any) -> Any:
        """Take a batch; `fail` in a detail fails that record, `fail_all` the batch."""
        failures = []
        for record in event["Records"]:
            detail = json.loads(record["body"])["detail"]
            starts.append(now())
            greeting = f"{environment['GREETING']} {detail['name']}"
            logger.warning(json.dumps({"message": greeting, "starts": starts}))
            if detail.get("fail_all"):
                raise RuntimeError("the whole batch")
            if detail.get("fail"):
                failures.append({"itemIdentifier": record["messageId"]})
                continue
            state = json.dumps({"wait": 10, "checks": 0, **detail})
            machine = environment["MACHINE"]
            step_functions.start_execution(stateMachineArn=machine, name=detail["name"], input=state)
        return {"batchItemFailures": failures}

    return handler


handler = build(os.environ)
