"""Executions that an earlier version of the code began go on correctly under this one.

`states/` holds what waited between two checks, as the code of its version wrote it. When the form changes, its new
version adds files there; those that are there stay as they are.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stack.conftest import START, World, timeline

STATES = sorted((Path(__file__).parent / "states").glob("version-*.json"))
WRITTEN_AT = {"version-1-begun": 0, "version-1-ready": 900, "version-1-after-failed-check": 900}
"""Seconds after the start of the watch when the state was written."""

EXPORT = {
    "ftp_host": "88.99.123.23",
    "ftp_dir": "folder/subfolder",
    "file_name": "clicks.csv",
    "timeline": timeline(in_progress=0, ready=300, done=6000),
}


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_an_execution_of_an_earlier_version_is_carried_on_to_its_end(world, path) -> None:
    w = world(exports={123: EXPORT})
    begun = json.loads(path.read_text("utf-8"))
    w.stack.clock.call_later(WRITTEN_AT[path.stem], lambda: start(w, begun))
    w.run()

    assert w.outcomes == ["stuck", "done"]
    stuck, done = w.data
    assert w.statuses == {"default_123": "SUCCEEDED"}
    assert done["context"] == {"campaign": "spring"}
    assert done["file"]["uri"] == "sftp://88.99.123.23/folder/subfolder/clicks.csv"
    assert done["watch"]["started_at"] == "2027-01-15T08:00:00Z"
    looks = [seen for seen in w.server.requests if "/export/" in seen.path]
    assert done["watch"]["checks"] == begun["watch"]["checks"] + len(looks)
    ready_since = moment(stuck["watch"]["ready_since"])
    assert ready_since == begun["watch"]["ready_since"] or begun["watch"]["ready_since"] is None
    assert moment(w.told[0]["message"]["time"]) == ready_since + 3900
    assert "UnreadableStateError" not in w.log("check_export")


def start(w: World, state: dict[str, Any]) -> None:
    w.stack.client("stepfunctions").start_execution(
        stateMachineArn=w.stack.outputs["StateMachineArn"], name="default_123", input=json.dumps(state)
    )


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_every_state_says_when_it_was_written() -> None:
    assert {path.stem for path in STATES} == set(WRITTEN_AT)
    for path in STATES:
        assert json.loads(path.read_text("utf-8"))["watch"]["started_at"] == START
