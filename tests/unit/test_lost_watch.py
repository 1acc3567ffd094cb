"""AWS's event about a failed execution, and which watch is lost with it."""

import json
from typing import Any

import pytest

from export_watch import lost_watch, state
from export_watch.errors import InvalidExecutionError
from export_watch.lost_watch import LostWatch
from export_watch.reason import lost
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch


def event(**detail: Any) -> str:
    begun = {"watch": state.dump(a_watch(), DEFAULTS), "wait_seconds": 3}
    known = {
        "executionArn": ARN,
        "status": "FAILED",
        "stopDate": STARTED_AT * 1000 + 250,
        "input": json.dumps(begun),
    }
    return json.dumps({"source": "aws.states", "detail": known | detail})


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_failed_execution_is_a_lost_watch(status):
    assert lost_watch.parse(event(status=status)) == LostWatch(
        a_watch(), ARN, lost(status), STARTED_AT + 0.25
    )


NO_WATCHES: list[dict[str, Any]] = [
    *({"status": status} for status in ("SUCCEEDED", "RUNNING", None)),
    *({"input": text} for text in ("{", "[]", "null", '"watch"', "{}", '{"watch": {}}', "[" * 100_000)),
    *({"input": json.dumps({"watch": watch})} for watch in ({"version": 2}, None, "text")),
    *({"input": None}, {"input": 7}, {"stopDate": None}, {"status": []}),
]
NO_EVENTS = ["", "{", "null", "[]", "7", "{}", '{"detail": null}', '{"detail": {}}']


@pytest.mark.parametrize("body", [*(event(**wrong) for wrong in NO_WATCHES), *NO_EVENTS])
def test_what_names_no_watch_is_refused(body):
    with pytest.raises(InvalidExecutionError, match="its event holds no watch"):
        lost_watch.parse(body)
