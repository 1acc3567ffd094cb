"""A watch on its way through the state machine, and back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from export_watch import state
from export_watch.check_report import Before
from export_watch.errors import InvalidStateError
from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod, Refusal
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export, table

POLICY = Policy(2.5, 1, 60, 100, DistributionMethod.SFTP)
BEGUN = state.dump(a_watch(), DEFAULTS)
WRITTEN_BY_VERSION_1: dict[str, Any] = {
    "version": 1,
    "account": "default",
    "export_id": 123,
    "distribution_method": "ftp",
    "context": '{"a":1.10}',
    "started_at": STARTED_AT,
    "deadline_at": STARTED_AT + 86400,
    "checks": 3,
    "ready_since": STARTED_AT + 20,
    "stuck_told": True,
    "refused_since": {"export_not_found": STARTED_AT},
    "export": {
        "id": "123",
        "created": "2012-05-23 11:08:56",
        "status": "ready",
        "type": "Responses",
        "file_name": "NULL",
        "ftp_host": "88.99.123.23",
        "ftp_dir": "folder/subfolder",
    },
    "policy": {
        "check_cost_seconds": 5,
        "min_wait_seconds": 1,
        "max_wait_seconds": 60,
        "stuck_after_seconds": 100,
    },
}
READ = a_watch(
    distribution_method=DistributionMethod.FTP,
    context={"a": 1.1},
    checks=3,
    ready_since=STARTED_AT + 20,
    stuck_told=True,
    refused_since={Refusal.EXPORT_NOT_FOUND: STARTED_AT},
    export=an_export(status="ready", file_name="NULL"),
    answered_at=None,  # it did not say
)


def test_the_state_of_version_1_stays_readable_and_its_names_stay():
    policy = replace(POLICY, check_cost_seconds=5, default_distribution_method=DistributionMethod.FTP)
    assert state.load(WRITTEN_BY_VERSION_1, ARN) == Before(READ, policy)
    now = state.dump(READ, policy)
    assert now == WRITTEN_BY_VERSION_1 | {
        "context": '{"a": 1.1}',
        "expected_seconds": None,
        "answered_at": None,
        "policy": WRITTEN_BY_VERSION_1["policy"] | {"default_distribution_method": "ftp"},
    }
    begun = {key: value for key, value in BEGUN.items() if key not in ("answered_at", "expected_seconds")}
    assert state.load(begun, ARN) == Before(a_watch(), DEFAULTS)


@table(
    "watch",
    {
        "begun": (a_watch(),),
        "odd": (a_watch(context={"a": 1.1, "s": "ü\ud800"}, export=an_export(id=1, type=1.5, ftp_dir=True)),),
        "all": (replace(READ, expected_seconds=900, answered_at=STARTED_AT + 7),),
    },
)
def test_a_watch_and_its_policy_survive_the_state_machine(watch):
    passed_on = json.loads(json.dumps(state.dump(watch, POLICY), ensure_ascii=False).encode())
    assert state.load(passed_on, ARN) == Before(watch, POLICY)


def test_the_execution_is_the_one_that_carries_the_state():
    assert "execution" not in BEGUN
    before = state.load(BEGUN, ARN.replace("default_123", "default_123_2"))
    assert before.watch.execution == "default_123_2"


def test_what_the_state_machine_caught_is_known_and_all_else_of_a_later_version_ignored():
    """A watch that began before a rollback goes on after it."""
    written = state.dump(READ, POLICY) | {
        "check_failure": {"Error": "States.Timeout", "Cause": "x"},
        "stuck_failure": {"Error": "SNS.Throttled"},
        "more": 1,
    }
    for part in ("policy", "export"):
        written[part]["more"] = 1
    assert state.load(written, ARN) == Before(READ, POLICY, "States.Timeout", "SNS.Throttled")


@pytest.mark.parametrize(
    "state_of_a_watch",
    [
        *(None, [], "text", 7, {}),
        *(BEGUN | {"version": version} for version in (0, 2, "1", None)),
        {key: value for key, value in BEGUN.items() if key != "version"},
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_of_no_known_version_is_refused(state_of_a_watch):
    with pytest.raises(InvalidStateError, match=r"has version .+, this code reads 1"):
        state.load(state_of_a_watch, ARN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"distribution_method": "pigeon"},
        {"refused_since": {"export_forgotten": 1}},
        *({"refused_since": []}, {"export": []}, {"export": "ready"}, {"policy": None}, {"context": "{"}),
        {"policy": {"default_distribution_method": "pigeon"}},
    ],
    ids=str,
)
def test_a_state_of_another_form_is_refused(wrong):
    with pytest.raises(InvalidStateError, match="incomplete or wrong: "):
        state.load(BEGUN | wrong, ARN)


NEEDED = [
    "account",
    "export_id",
    "distribution_method",
    "context",
    "started_at",
    "deadline_at",
    "checks",
    "export",
]


@pytest.mark.parametrize("key", [*NEEDED, "refused_since", "policy"])
def test_a_state_that_lacks_something_is_refused(key):
    with pytest.raises(InvalidStateError, match=f"incomplete or wrong: .*{key}"):
        state.load({name: value for name, value in BEGUN.items() if name != key}, ARN)
