"""The state machine: what no run of it shows. Every path ends, AWS's quotas are kept, numbers keep their promises."""

import json
from typing import Any

import pytest

from export_watch.aws import CALL_SECONDS
from export_watch.emarsys.client import CHECK_SECONDS
from export_watch.schedule import CHECK_BUDGET, Policy, base_wait_seconds
from export_watch.watch import Outcome
from tests.contract.schemas import ROOT, read
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE

MACHINE = read(ROOT / "statemachine" / "export_watch.asl.json")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
CHECK = STATES["Check export"]
PUBLISH = {name: state for name, state in STATES.items() if name.startswith("Publish ")}
DONE, STUCK = PUBLISH["Publish done"], PUBLISH["Publish stuck"]
OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.LOST]
"""The outcomes that a check may have: `lost` is published by another function."""

MAX_DEADLINE_SECONDS = PARAMETERS["DeadlineSeconds"]["MaxValue"]
DAY_SECONDS = 86_400
HISTORY_EVENTS = 25_000
"""AWS's quota: an execution with more events fails."""


def reachable(name: str) -> set[str]:
    """The states that may come after a state, at once or later."""
    found: set[str] = set()
    to_do = [name]
    while to_do:
        of = STATES[to_do.pop()]
        places = (of, *of.get("Choices", []), *of.get("Catch", []))
        after = {place["Next"] for place in places if "Next" in place}
        if "Default" in of:
            after.add(of["Default"])
        to_do += after - found
        found |= after
    return found


def test_every_path_can_end_and_only_by_publishing_a_terminal_outcome():
    ends = {f"Publish {outcome}" for outcome in OUTCOMES if outcome.terminal}
    assert {name for name, of in STATES.items() if of.get("End")} == ends
    assert not [of for of in STATES.values() if of["Type"] in {"Succeed", "Fail"}]
    assert all(reachable(name) & ends for name in set(STATES) - ends)
    assert reachable("Wait") == set(STATES)


def test_every_choice_has_a_default_and_every_outcome_its_branch_and_its_state():
    """What matches nothing cannot be caught."""
    assert all("Default" in of for of in STATES.values() if of["Type"] == "Choice")
    states = {outcome: f"Publish {outcome}" for outcome in OUTCOMES}
    assert set(states.values()) == set(PUBLISH), "each outcome has a state that publishes it"
    branch = STATES["Branch on outcome"]
    branches = {choice["StringEquals"]: choice["Next"] for choice in branch["Choices"]}
    assert branches == states, "`Branch on outcome` leads each outcome to its state"
    assert branch["Default"] == STUCK["Next"] == "Wait"


def test_the_branches_publish_alike_and_stuck_goes_on_when_it_cannot_be_published():
    def publishing(state: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in state.items() if key not in {"Next", "End", "Retry", "Catch"}}

    for state in PUBLISH.values():
        assert publishing(state) == publishing(DONE)
        assert state is STUCK or state["Retry"] == DONE["Retry"]
    assert [caught["Next"] for caught in STUCK["Catch"]] == ["Wait"]


@pytest.mark.parametrize(
    ("state", "least_seconds"), [(DONE, DAY_SECONDS), (STUCK, 3600)], ids=["final", "stuck"]
)
def test_publishing_is_retried_whatever_fails_for_a_day_and_stuck_for_an_hour(state, least_seconds):
    [retry] = state["Retry"]
    assert (retry["ErrorEquals"], retry["JitterStrategy"]) == (["States.ALL"], "FULL")
    waits = (retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"]))
    mean_seconds = sum(min(wait, retry["MaxDelaySeconds"]) for wait in waits) / 2  # full jitter halves it
    assert least_seconds <= mean_seconds <= least_seconds * 1.1


def events(*names: str, check_retries: int = 0, publish_retries: bool = False) -> int:
    """The events in an execution's history for passing through states once.

    A state is entered and exited; a task is scheduled, started and succeeds or fails, once more for each retry.
    """
    retries = {"Check export": check_retries}
    if publish_retries:
        retries |= {name: state["Retry"][0]["MaxAttempts"] for name, state in PUBLISH.items()}
    tasks = [name for name in names if STATES[name]["Type"] == "Task"]
    return 2 * len(names) + sum(3 * (1 + retries.get(name, 0)) for name in tasks)


WAIT_AFTER = "Wait after failed check"
LOOP = ("Wait", "Check export", "Branch on outcome")
FAILED = ("Check export", "Count failed check", "Branch on failed rounds", "First failed round", WAIT_AFTER)


@pytest.mark.parametrize("retried", [{"check_retries": 2}, {"publish_retries": True}], ids=str)
def test_no_watch_exceeds_the_events_of_an_execution(retried):
    assert (events(*LOOP), events(*LOOP, check_retries=2)) == (9, 15)
    published = events("Publish stuck", "Publish done", **retried)
    assert 2 + CHECK_BUDGET * events(*LOOP, **retried) + published < HISTORY_EVENTS


def test_checks_that_fail_twice_and_then_succeed_for_the_longest_watch_do_not_exceed_it_either():
    """With the waits that the parameters have by default; a week of this with waits of a minute would."""
    policy, seconds, total = Policy(), 0.0, 1
    while seconds < MAX_DEADLINE_SECONDS:
        seconds += 2 * STATES[WAIT_AFTER]["Seconds"] + base_wait_seconds(seconds, policy)
        total += 2 * events(*FAILED, check_retries=2) + events(*LOOP)
    assert total < HISTORY_EVENTS


def test_a_check_fits_into_its_function_the_function_into_its_task_and_a_watch_into_its_execution():
    function = RESOURCES["CheckExportFunction"]["Properties"]
    timeout = function.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
    assert CHECK_SECONDS + 4 * CALL_SECONDS < timeout < CHECK["TimeoutSeconds"]
    assert MACHINE["TimeoutSeconds"] >= MAX_DEADLINE_SECONDS + DAY_SECONDS  # to publish


def test_what_validators_of_aws_want_is_there():
    text = json.dumps(MACHINE)
    rates = [retry["BackoffRate"] for of in STATES.values() for retry in of.get("Retry", [])]
    assert all(isinstance(rate, float) for rate in rates)  # some refuse an integer
    substitutions = RESOURCES["ExportWatchStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert {part.partition("}")[0] for part in text.split("${")[1:]} == set(substitutions)
