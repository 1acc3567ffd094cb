"""The state machine: a sound graph, five branches that are one, and numbers that keep their promises."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch import state
from export_watch.emarsys.client import LOOK_SECONDS
from export_watch.schedule import CHECK_BUDGET
from export_watch.settings import MAX_DEADLINE_SECONDS
from export_watch.watch import Outcome
from tests.contract.schemas import ROOT, read
from tests.contract.template import RESOURCES, TEMPLATE

MACHINE = read(ROOT / "statemachine" / "export_watch.asl.json")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
CHECK, BRANCH = STATES["Check export"], STATES["Branch on outcome"]
TOLD = [outcome for outcome in Outcome if outcome is not Outcome.LOST]
HISTORY_EVENTS = 25_000
"""AWS's quota: an execution with more events fails."""


def follow(name: str) -> Iterator[str]:
    """The states that may come right after a state."""
    of = STATES[name]
    for place in (of, *of.get("Choices", []), *of.get("Catch", [])):
        if "Next" in place:
            yield place["Next"]
    if "Default" in of:
        yield of["Default"]


def reachable(start: str) -> set[str]:
    found, to_do = set(), [start]
    while to_do:
        name = to_do.pop()
        if name not in found:
            found.add(name)
            to_do += follow(name)
    return found


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON value, however deep."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from objects(child)


def test_its_language_is_jsonpath():
    assert MACHINE["QueryLanguage"] == "JSONPath"
    assert not any("QueryLanguage" in of for of in STATES.values())


def test_it_starts_in_its_wait():
    assert MACHINE["StartAt"] == "Wait"
    assert STATES["Wait"]["Type"] == "Wait"
    assert STATES["Wait"]["SecondsPath"] == "$.wait_seconds"


def test_every_state_that_is_named_exists():
    assert {after for name in STATES for after in follow(name)} <= set(STATES)


def test_every_state_is_reachable():
    assert reachable(MACHINE["StartAt"]) == set(STATES)


@pytest.mark.parametrize("name", STATES)
def test_every_path_can_end_in_success(name):
    assert any(STATES[after]["Type"] == "Succeed" for after in reachable(name))


def test_every_end_is_a_success():
    assert not [name for name, of in STATES.items() if of["Type"] == "Fail" or of.get("End")]
    assert all(of["Type"] == "Succeed" for name, of in STATES.items() if not list(follow(name)))


def test_every_choice_has_a_default():
    assert all("Default" in of for of in STATES.values() if of["Type"] == "Choice")


def test_every_outcome_has_its_branch_and_all_else_waits():
    assert [(choice["StringEquals"], choice["Next"]) for choice in BRANCH["Choices"]] == [
        (outcome, f"Publish {outcome}") for outcome in Outcome if outcome in TOLD
    ]
    assert {choice["Variable"] for choice in BRANCH["Choices"]} == {"$.outcome"}
    assert all(set(choice) == {"Variable", "StringEquals", "Next"} for choice in BRANCH["Choices"])
    assert BRANCH["Default"] == "Wait"


def test_a_terminal_outcome_ends_the_execution_and_stuck_does_not():
    for outcome in TOLD:
        after = STATES[f"Publish {outcome}"]["Next"]
        assert after == (str(outcome).capitalize() if outcome.terminal else "Wait")


def test_the_branches_are_equal_but_for_name_next_and_what_stuck_does_when_it_cannot_be_told():
    def common(outcome: Outcome) -> dict[str, Any]:
        return {
            key: v for key, v in STATES[f"Publish {outcome}"].items() if key not in {"Next", "Retry", "Catch"}
        }

    assert all(common(outcome) == common(Outcome.DONE) for outcome in TOLD)
    done = STATES["Publish done"]
    for outcome in TOLD:
        branch = STATES[f"Publish {outcome}"]
        if outcome.terminal:
            assert branch["Retry"] == done["Retry"]
            assert "Catch" not in branch
    [retry], [final] = STATES["Publish stuck"]["Retry"], done["Retry"]
    assert {**retry, "MaxAttempts": None} == {**final, "MaxAttempts": None}


def test_a_branch_publishes_the_notification_with_all_its_attributes():
    publish = STATES["Publish done"]
    assert publish["Resource"] == "arn:aws:states:::sns:publish"
    assert publish["Parameters"]["Message.$"] == "$.notification.message"
    assert publish["Parameters"]["MessageAttributes"] == {
        name: {"DataType": "String", "StringValue.$": f"$.notification.attributes.{name}"}
        for name in ("outcome", "account", "export_type", "terminal")
    }
    assert publish["ResultPath"] is None


def test_a_stuck_that_cannot_be_told_is_remembered_and_the_watch_goes_on():
    assert STATES["Publish stuck"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": f"$.watch.{state.STUCK_FAILURE}", "Next": "Wait"}
    ]


def test_a_check_that_fails_is_retried_twice_then_made_again_after_a_constant_wait():
    [retry], [catch] = CHECK["Retry"], CHECK["Catch"]
    assert retry["ErrorEquals"] == catch["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] == 2
    assert catch["ResultPath"] == f"$.watch.{state.CHECK_FAILURE}"
    count = STATES[catch["Next"]]
    assert {count["Next"], *(caught["Next"] for caught in count["Catch"])} == {"Wait after failed check"}
    wait = STATES[count["Next"]]
    assert (wait["Type"], wait["Seconds"], wait["Next"]) == ("Wait", 300, "Check export")


def test_a_check_is_given_the_watch_and_its_execution():
    assert CHECK["Resource"] == "arn:aws:states:::lambda:invoke"
    assert CHECK["Parameters"]["Payload"] == {"watch.$": "$.watch", "execution_arn.$": "$$.Execution.Id"}
    assert CHECK["OutputPath"] == "$.Payload"


def test_a_look_fits_into_its_function_and_the_function_into_its_task():
    function = RESOURCES["CheckExportFunction"]["Properties"]
    timeout = function.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
    reading_the_secret_twice = 2 * 8
    assert LOOK_SECONDS + reading_the_secret_twice < timeout
    assert timeout < CHECK["TimeoutSeconds"]


def test_backoff_rates_are_written_as_floats():
    rates = [retry["BackoffRate"] for retry in objects(STATES) if "BackoffRate" in retry]
    assert rates
    assert all(isinstance(rate, float) for rate in rates)


def test_what_is_substituted_is_what_the_template_substitutes():
    text = json.dumps(MACHINE)
    substitutions = RESOURCES["ExportWatchStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert {part.partition("}")[0] for part in text.split("${")[1:]} == set(substitutions)


def mean_wait_seconds(retry: dict[str, Any]) -> float:
    """The sum of all waits of a retrier; full jitter halves it."""
    assert retry["JitterStrategy"] == "FULL"
    waits = (retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"]))
    return float(sum(min(wait, retry["MaxDelaySeconds"]) for wait in waits)) / 2


def test_a_final_outcome_is_published_for_a_day_and_stuck_for_an_hour():
    [final], [stuck] = STATES["Publish done"]["Retry"], STATES["Publish stuck"]["Retry"]
    assert final["ErrorEquals"] == stuck["ErrorEquals"] == ["States.ALL"]
    assert final["MaxDelaySeconds"] == stuck["MaxDelaySeconds"] == 300
    assert 86_400 <= mean_wait_seconds(final) <= 86_400 * 1.1
    assert 3_600 <= mean_wait_seconds(stuck) <= 3_600 * 1.1


def test_the_execution_outlives_the_longest_deadline_and_the_day_of_publishing_after_it():
    assert MACHINE["TimeoutSeconds"] == 864_000
    assert MACHINE["TimeoutSeconds"] >= MAX_DEADLINE_SECONDS + 86_400


def events_of(name: str, retries: int = 0) -> int:
    """The events in an execution's history for passing through a state once.

    A state is entered and exited; a task is scheduled, started and succeeds or fails, once more for each retry.
    """
    return 2 + (3 * (1 + retries) if STATES[name]["Type"] == "Task" else 0)


def events_of_a_check(retries: int) -> int:
    return events_of("Wait") + events_of("Check export", retries) + events_of("Branch on outcome")


def test_a_check_takes_nine_events_and_fifteen_with_both_retries():
    assert events_of_a_check(0) == 9
    assert events_of_a_check(CHECK["Retry"][0]["MaxAttempts"]) == 15


@pytest.mark.parametrize("everything_is_retried_while", ["checking", "publishing"])
def test_no_watch_exceeds_the_events_of_an_execution(everything_is_retried_while):
    check_retries = stuck_retries = final_retries = 0
    if everything_is_retried_while == "checking":
        check_retries = CHECK["Retry"][0]["MaxAttempts"]
    else:
        stuck_retries = STATES["Publish stuck"]["Retry"][0]["MaxAttempts"]
        final_retries = STATES["Publish done"]["Retry"][0]["MaxAttempts"]
    events = (
        1  # the execution starts
        + CHECK_BUDGET * events_of_a_check(check_retries)
        + events_of("Publish stuck", stuck_retries)
        + events_of("Publish done", final_retries)
        + 2  # Succeed is entered and exited
        + 1  # the execution succeeds
    )
    assert events < HISTORY_EVENTS
