"""A watch on its way through the state machine, and back."""

import json
from pathlib import Path

import pytest

from export_watch import state
from export_watch.check_report import Before
from export_watch.errors import InvalidStateError
from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod, Refusal
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export

POLICY = Policy(2.5, 1, 60, 100, DistributionMethod.SFTP)
ALL = a_watch(
    distribution_method=DistributionMethod.FTP,
    context={"a": 1.1, "s": "ü\ud800"},
    checks=3,
    ready_since=STARTED_AT + 20,
    stuck_told=True,
    refused_since={Refusal.EXPORT_NOT_FOUND: STARTED_AT},
    export=an_export(id=1, type=1.5, ftp_dir=True, file_name=None),
    expected_seconds=900,
    answered_at=STARTED_AT + 7,
)

STATES = Path(__file__).parents[1] / "stack" / "states"


def begun(*without, **changes):
    """The state of a watch that has just begun, without some keys and with others."""
    dumped = state.dump(a_watch(), DEFAULTS) | changes
    return {key: value for key, value in dumped.items() if key not in without}


def test_the_state_that_version_1_wrote_stays_readable_and_its_names_stay():
    written = json.loads((STATES / "version-1-after-failed-check.json").read_text("utf-8"))["watch"]
    before = state.load(written, ARN)
    assert before.check_failure == written.pop("check_failure")["Error"]
    added = {"expected_seconds": None, "answered_at": None}  # it did not say
    written |= {"context": '{"campaign": "spring"}'}  # which is spelled anew, with a blank
    written["policy"] |= {"default_distribution_method": "ftp"}
    assert state.dump(before.watch, before.policy) == written | added
    assert state.load(begun(*added), ARN) == Before(a_watch(), DEFAULTS)


def test_the_execution_is_the_one_that_carries_the_state():
    before = state.load(begun(), ARN.replace("default_123", "default_123_2"))
    assert before.watch.execution == "default_123_2"


def test_a_watch_and_what_was_caught_survive_the_state_machine_and_more_of_a_later_version_is_ignored():
    """A watch that began before a rollback goes on after it."""
    written = json.loads(json.dumps(state.dump(ALL, POLICY), ensure_ascii=False).encode()) | {
        "check_failure": {"Error": "States.Timeout", "Cause": "x"},
        "stuck_failure": {"Error": "SNS.Throttled"},
        "more": 1,
    }
    for part in ("policy", "export"):
        written[part]["more"] = 1
    assert state.load(written, ARN) == Before(ALL, POLICY, "States.Timeout", "SNS.Throttled")


@pytest.mark.parametrize(
    "nothing", [None, [], "text", 7, {}, *(begun(version=of) for of in (0, 2, "1", None))]
)
def test_what_is_no_state_or_of_another_version_is_refused(nothing):
    version = nothing.get("version") if isinstance(nothing, dict) else None
    with pytest.raises(InvalidStateError, match=f"has version {version!r}, this code reads 1"):
        state.load(nothing, ARN)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"distribution_method": "pigeon"}, {"policy": {"default_distribution_method": "pigeon"}}),
        *({"refused_since": []}, {"refused_since": {"export_forgotten": 1}}),
        *({"export": []}, {"export": "ready"}, {"policy": None}, {"context": "{"}),
    ],
    ids=str,
)
def test_a_state_of_another_form_is_refused(wrong):
    with pytest.raises(InvalidStateError, match="incomplete or wrong: "):
        state.load(begun(**wrong), ARN)


NEEDED = (
    "account export_id distribution_method context started_at deadline_at checks export refused_since policy"
)


@pytest.mark.parametrize("key", NEEDED.split())
def test_a_state_that_lacks_something_is_refused(key):
    with pytest.raises(InvalidStateError, match=f"incomplete or wrong: .*{key}"):
        state.load(begun(key), ARN)
