"""Executions that an earlier version of the code began go on correctly under this one.

`states/` holds what waited between two checks, as the code of its version wrote it, and `machines/` the state machine
of that version, which an execution keeps to its end. When the form of the state changes, its new version adds files
to both; those that are there stay as they are. Until version 1 is released, its state machine is the present one.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.schemas import ROOT
from tests.world import World, moment, timeline

HERE = Path(__file__).parent
DEFINITION = ROOT / "statemachine" / "export_watch.asl.json"
STATES = sorted((HERE / "states").glob("version-*.json"))
WRITTEN_AT = {"version-1-begun": 0, "version-1-ready": 900, "version-1-after-failed-check": 900}
"""Seconds after the start of the watch when the state was written."""

EXPORT = {
    "ftp_host": "88.99.123.23",
    "ftp_dir": "folder/subfolder",
    "file_name": "clicks.csv",
    "timeline": timeline(in_progress=0, ready=300, done=6000),
}


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_an_execution_of_an_earlier_version_is_carried_on_to_its_end(world, path):
    w = world(exports={123: EXPORT})
    begun = json.loads(path.read_text("utf-8"))
    version = "-".join(path.stem.split("-")[:2])
    deploy_machine(w, (HERE / "machines" / f"{version}.asl.json").read_text("utf-8"))
    w.stack.clock.call_later(WRITTEN_AT[path.stem], lambda: start(w, begun))
    w.run(until=WRITTEN_AT[path.stem] + 1)
    assert w.statuses == {"default_123": "RUNNING"}
    deploy_machine(w, DEFINITION.read_text("utf-8"))
    w.run()

    assert w.outcomes == ["stuck", "done"]
    stuck, done = w.data
    assert w.statuses == {"default_123": "SUCCEEDED"}
    assert done["context"] == {"campaign": "spring"}
    assert done["file"]["uri"] == "sftp://88.99.123.23/~/folder/subfolder/clicks.csv"
    assert done["watch"]["started_at"] == "2027-01-15T08:00:00Z"
    checks = [seen for seen in w.server.requests if "/export/" in seen.path]
    assert done["watch"]["checks"] == begun["watch"]["checks"] + len(checks)
    ready_since = moment(stuck["watch"]["ready_since"])
    assert ready_since == begun["watch"]["ready_since"] or begun["watch"]["ready_since"] is None
    assert moment(w.published[0]["message"]["time"]) == ready_since + 3900


def deploy_machine(w: World, definition: str) -> None:
    [check] = [function for function in w.stack.functions.values() if function.label == "check_export"]
    substitutions = {
        "CheckExportFunctionArn": check.arn,
        "NotificationTopicArn": w.stack.outputs["NotificationTopicArn"],
        "StackName": "sandbox",
        "Partition": "aws",
    }
    for name, value in substitutions.items():
        definition = definition.replace(f"${{{name}}}", value)
    assert "${" not in definition
    w.stack.client("stepfunctions").update_state_machine(
        stateMachineArn=w.stack.outputs["StateMachineArn"], definition=definition
    )


def start(w: World, state: dict[str, Any]) -> None:
    w.stack.client("stepfunctions").start_execution(
        stateMachineArn=w.stack.outputs["StateMachineArn"], name="default_123", input=json.dumps(state)
    )
