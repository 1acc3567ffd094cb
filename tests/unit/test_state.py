"""A watch on its way through the state machine, and back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from export_watch import state
from export_watch.check_report import Before
from export_watch.errors import InvalidStateError
from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod, Refusal, Watch
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export

WATCHES = [
    a_watch(),
    a_watch(distribution_method=DistributionMethod.SFTP, context={"a": 1.1, "s": "ü\ud800"}),
    a_watch(checks=7, ready_since=STARTED_AT + 5, stuck_told=True, export=an_export()),
    a_watch(export=an_export(id=123, file_name=None, ftp_dir=True, type=1.5)),
    a_watch(expected_seconds=900, answered_at=STARTED_AT + 7),
    a_watch(refused_since={Refusal.EXPORT_NOT_FOUND: STARTED_AT, Refusal.EXPORT_TYPE_UNSUPPORTED: 1}),
]
POLICY = Policy(check_cost_seconds=2.5, min_wait_seconds=1, max_wait_seconds=60, stuck_after_seconds=100)


def through_the_state_machine(watch: Watch, policy: Policy) -> Any:
    return json.loads(json.dumps(state.dump(watch, policy), ensure_ascii=False).encode())


@pytest.mark.parametrize("watch", WATCHES)
@pytest.mark.parametrize("policy", [DEFAULTS, POLICY])
def test_a_watch_and_its_policy_survive_the_state_machine(watch: Watch, policy: Policy) -> None:
    assert state.load(through_the_state_machine(watch, policy), ARN) == Before(watch, policy)


def test_the_state_carries_a_version() -> None:
    assert state.dump(a_watch(), DEFAULTS)["version"] == state.VERSION == 1


def test_the_state_of_version_1_stays_readable() -> None:
    written = {
        "version": 1,
        "account": "default",
        "export_id": 123,
        "distribution_method": "ftp",
        "context": '{"a":1.10}',
        "started_at": STARTED_AT,
        "deadline_at": STARTED_AT + 86400,
        "checks": 3,
        "ready_since": STARTED_AT + 20,
        "stuck_told": False,
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
            "min_wait_seconds": 10,
            "max_wait_seconds": 900,
            "stuck_after_seconds": 3900,
        },
    }
    watch = a_watch(
        distribution_method=DistributionMethod.FTP,
        context={"a": 1.1},
        checks=3,
        ready_since=STARTED_AT + 20,
        refused_since={Refusal.EXPORT_NOT_FOUND: STARTED_AT},
        export=an_export(status="ready", file_name="NULL"),
    )
    watch = replace(watch, answered_at=None)  # it did not say
    assert state.load(written, ARN) == Before(watch, replace(DEFAULTS, check_cost_seconds=5))
    assert set(written) <= set(state.dump(watch, DEFAULTS))


def test_the_execution_is_the_one_that_carries_the_state() -> None:
    before = state.load(state.dump(a_watch(), DEFAULTS), ARN.replace("default_123", "default_123_2"))
    assert before.watch.execution == "default_123_2"


def test_what_the_state_machine_caught_is_known_and_all_else_ignored() -> None:
    added = {
        "check_failure": {"Error": "States.Timeout", "Cause": "x"},
        "stuck_failure": {"Error": "SNS.Throttled"},
        "more": 1,
    }
    before = state.load(state.dump(a_watch(), DEFAULTS) | added, ARN)
    assert before == Before(a_watch(), DEFAULTS, "States.Timeout", "SNS.Throttled")
    assert not {*added} & {*state.dump(before.watch, DEFAULTS)}


@pytest.mark.parametrize("part", ["policy", "export"])
def test_what_a_later_version_adds_to_a_part_is_ignored(part: str) -> None:
    """A watch that began before a rollback goes on after it."""
    watch = a_watch(export=an_export())
    dumped = state.dump(watch, DEFAULTS)
    dumped[part]["more"] = 1
    assert state.load(dumped, ARN) == Before(watch, DEFAULTS)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(version: Any) -> None:
    with pytest.raises(InvalidStateError, match="version"):
        state.load(state.dump(a_watch(), DEFAULTS) | {"version": version}, ARN)


@pytest.mark.parametrize(
    "key", [key for key in state.dump(a_watch(), DEFAULTS) if key not in {"expected_seconds", "answered_at"}]
)
def test_a_state_that_lacks_something_is_refused(key: str) -> None:
    dumped = state.dump(a_watch(), DEFAULTS)
    del dumped[key]
    with pytest.raises(InvalidStateError):
        state.load(dumped, ARN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"distribution_method": "pigeon"},
        {"refused_since": {"export_forgotten": 1}},
        {"refused_since": []},
        {"export": []},
        {"export": "ready"},
        {"policy": None},
    ],
    ids=str,
)
def test_a_state_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidStateError):
        state.load(state.dump(a_watch(), DEFAULTS) | wrong, ARN)


@pytest.mark.parametrize("nothing", [None, [], "text", 7, {}])
def test_what_is_no_state_is_refused(nothing: Any) -> None:
    with pytest.raises(InvalidStateError):
        state.load(nothing, ARN)
