"""AWS's event about a dead execution, and what it tells of the watch."""

import json
from typing import Any

import pytest

from export_watch import lost_watch, state
from export_watch.errors import InvalidExecutionError
from export_watch.lost_watch import LostWatch
from export_watch.reason import ReasonCode
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch

DIED_AT = STARTED_AT + 500.25


def event(**detail: Any) -> str:
    begun = json.dumps({"watch": state.dump(a_watch(), DEFAULTS), "wait_seconds": 3})
    known = {
        "executionArn": ARN,
        "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:export-watch",
        "name": "default_123",
        "status": "FAILED",
        "startDate": STARTED_AT * 1000,
        "stopDate": int(DIED_AT * 1000),
        "input": begun,
        "inputDetails": {"included": True},
        "output": None,
    }
    return json.dumps(
        {
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": known | detail,
        }
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("FAILED", ReasonCode.EXECUTION_FAILED),
        ("TIMED_OUT", ReasonCode.EXECUTION_TIMED_OUT),
        ("ABORTED", ReasonCode.EXECUTION_ABORTED),
    ],
)
def test_a_failed_execution_is_a_lost_watch(status: str, code: ReasonCode) -> None:
    lost = lost_watch.parse(event(status=status))
    assert isinstance(lost, LostWatch)
    assert (lost.watch, lost.execution_arn, lost.failed_at) == (a_watch(), ARN, DIED_AT)
    assert lost.reason.code is code


@pytest.mark.parametrize(
    "detail",
    [
        {"status": "SUCCEEDED"},
        {"status": "RUNNING"},
        {"status": None},
        {"status": []},
        {"stopDate": None},
        {"input": None, "inputDetails": {"included": False}},
        {"input": "{"},
        {"input": "[]"},
        {"input": "null"},
        {"input": '"watch"'},
        {"input": "{}"},
        {"input": '{"watch": {}}'},
        {"input": '{"watch": {"version": 2}}'},
        {"input": '{"watch": null}'},
        {"input": '{"watch": "text"}'},
        {"input": "[" * 100_000},
        {"input": 7},
    ],
    ids=lambda detail: str(detail)[:40],
)
def test_an_event_that_names_no_watch_is_refused(detail: dict[str, Any]) -> None:
    with pytest.raises(InvalidExecutionError):
        lost_watch.parse(event(**detail))


@pytest.mark.parametrize("body", ["", "{", "null", "[]", "7", "{}", '{"detail": null}', '{"detail": {}}'])
def test_what_is_no_status_change_is_refused(body: str) -> None:
    with pytest.raises(InvalidExecutionError):
        lost_watch.parse(body)
