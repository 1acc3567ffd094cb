"""The state machine: a sound graph, five branches that are one, and numbers that keep their promises."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch.aws import CALL_SECONDS
from export_watch.emarsys.client import CHECK_SECONDS
from export_watch.schedule import CHECK_BUDGET, Policy
from export_watch.watch import Outcome
from tests.contract.schemas import ROOT, read
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE

MACHINE = read(ROOT / "statemachine" / "export_watch.asl.json")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
CHECK, BRANCH = STATES["Check export"], STATES["Branch on outcome"]
PUBLISHED = [outcome for outcome in Outcome if outcome is not Outcome.LOST]
MAX_DEADLINE_SECONDS = PARAMETERS["DeadlineSeconds"]["MaxValue"]
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


ENDS = [f"Publish {outcome}" for outcome in PUBLISHED if outcome.terminal]


@pytest.mark.parametrize("name", STATES)
def test_every_path_can_end_in_success(name):
    assert reachable(name) & set(ENDS)


def test_an_execution_ends_by_publishing_a_terminal_outcome_and_in_no_other_way():
    assert [name for name, of in STATES.items() if of.get("End")] == ENDS
    assert not [name for name, of in STATES.items() if of["Type"] in {"Succeed", "Fail"}]
    assert [name for name in STATES if not list(follow(name))] == ENDS


def test_every_choice_has_a_default():
    assert all("Default" in of for of in STATES.values() if of["Type"] == "Choice")


def test_every_outcome_has_its_branch_and_all_else_waits():
    assert [(choice["StringEquals"], choice["Next"]) for choice in BRANCH["Choices"]] == [
        (outcome, f"Publish {outcome}") for outcome in Outcome if outcome in PUBLISHED
    ]
    assert {choice["Variable"] for choice in BRANCH["Choices"]} == {"$.outcome"}
    assert all(set(choice) == {"Variable", "StringEquals", "Next"} for choice in BRANCH["Choices"])
    assert BRANCH["Default"] == "Wait"


def test_stuck_waits_for_the_next_check():
    assert STATES["Publish stuck"]["Next"] == "Wait"


def test_the_branches_are_equal_but_for_their_end_and_what_stuck_does_when_it_cannot_be_published():
    def common(outcome: Outcome) -> dict[str, Any]:
        return {
            key: v
            for key, v in STATES[f"Publish {outcome}"].items()
            if key not in {"Next", "End", "Retry", "Catch"}
        }

    assert all(common(outcome) == common(Outcome.DONE) for outcome in PUBLISHED)
    done = STATES["Publish done"]
    for outcome in PUBLISHED:
        branch = STATES[f"Publish {outcome}"]
        if outcome.terminal:
            assert branch["Retry"] == done["Retry"]
            assert "Catch" not in branch
    [retry], [final] = STATES["Publish stuck"]["Retry"], done["Retry"]
    assert {**retry, "MaxAttempts": None} == {**final, "MaxAttempts": None}


def test_a_branch_publishes_the_notification_with_all_its_attributes():
    publish = STATES["Publish done"]
    assert publish["Resource"] == "arn:${Partition}:states:::sns:publish"
    assert publish["Parameters"]["Message.$"] == "$.notification.message"
    assert publish["Parameters"]["MessageAttributes"] == {
        name: {"DataType": "String", "StringValue.$": f"$.notification.attributes.{name}"}
        for name in ("outcome", "account", "export_type", "terminal")
    }
    assert publish["ResultPath"] is None


def test_a_stuck_that_cannot_be_published_is_remembered_and_the_watch_goes_on():
    assert STATES["Publish stuck"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.watch.stuck_failure", "Next": "Wait"}
    ]


def test_a_check_that_fails_is_retried_twice_and_counted_then_checked_again_after_a_wait():
    [retry], [catch] = CHECK["Retry"], CHECK["Catch"]
    assert retry["ErrorEquals"] == catch["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] == 2
    assert catch["ResultPath"] == "$.watch.check_failure"
    count = STATES[catch["Next"]]
    assert {count["Next"], *(caught["Next"] for caught in count["Catch"])} == {"Branch on failed rounds"}
    assert WAITS_AFTER_FAILURE == {"Wait after failed check": 300, "Wait longer after failed checks": 900}
    assert all(STATES[name]["Next"] == "Check export" for name in WAITS_AFTER_FAILURE)


WAITS_AFTER_FAILURE = {name: of["Seconds"] for name, of in STATES.items() if "Seconds" in of}


def failed_round(rounds: int | None) -> tuple[int, list[str]]:
    """The rounds that are remembered after one more that failed, and the states from its count to the next check."""
    names = ["Branch on failed rounds"]
    for choice in STATES[names[0]]["Choices"]:
        present, *least = choice.get("And", [choice])
        assert present["IsPresent"] is True  # AWS fails an execution on a missing variable
        if rounds is not None and all(rounds >= more["NumericGreaterThanEquals"] for more in least):
            names.append(choice["Next"])
            break
    else:
        names.append(STATES[names[0]]["Default"])
    if (of := STATES[names[-1]])["Type"] == "Pass":
        assert of["ResultPath"] == "$.failed_rounds"
        rounds = of["Result"]
        names.append(of["Next"])
    assert rounds
    return rounds, names


def test_after_a_failed_round_300_seconds_pass_twice_and_900_from_the_third_on():
    rounds, waits = None, []
    for _ in range(5):
        rounds, names = failed_round(rounds)
        waits.append(WAITS_AFTER_FAILURE[names[-1]])
    assert waits == [300, 300, 900, 900, 900]


def test_the_answer_of_a_check_replaces_all_that_was_remembered_of_failed_rounds():
    assert CHECK["OutputPath"] == "$.Payload"
    assert all("failed_rounds" not in json.dumps(STATES[name]) for name in ("Wait", "Check export"))


def test_a_check_is_given_the_watch_and_its_execution():
    assert CHECK["Resource"] == "arn:${Partition}:states:::lambda:invoke"
    assert CHECK["Parameters"]["Payload"] == {"watch.$": "$.watch", "execution_arn.$": "$$.Execution.Id"}
    assert CHECK["OutputPath"] == "$.Payload"


def test_a_check_fits_into_its_function_and_the_function_into_its_task():
    function = RESOURCES["CheckExportFunction"]["Properties"]
    timeout = function.get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
    assert timeout > CHECK_SECONDS + 4 * CALL_SECONDS
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


def events_of_a_failed_round(names: list[str]) -> int:
    """The check with both retries, its count, and the states up to the wait after it."""
    return events_of("Check export", 2) + events_of("Count failed check") + sum(map(events_of, names))


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
        + 1  # the execution succeeds
    )
    assert events < HISTORY_EVENTS


def test_checks_that_always_fail_end_by_the_timeout_of_the_execution_and_not_by_its_history():
    rounds, seconds, events = None, 0, 1
    while seconds < MACHINE["TimeoutSeconds"]:
        rounds, names = failed_round(rounds)
        seconds += WAITS_AFTER_FAILURE[names[-1]]
        events += events_of_a_failed_round(names)
    assert events == 19_245
    assert events < HISTORY_EVENTS


def test_checks_that_fail_twice_and_then_succeed_for_the_longest_watch_do_not_exceed_it_either():
    """With the waits that the parameters have by default; a week of this with waits of a minute would."""
    policy, seconds, events = Policy(), 0.0, 1
    while seconds < MAX_DEADLINE_SECONDS:
        rounds = None
        for _ in range(2):
            rounds, names = failed_round(rounds)
            seconds += WAITS_AFTER_FAILURE[names[-1]]
            events += events_of_a_failed_round(names)
        cost = policy.check_cost_seconds
        seconds += min(2 * (cost * (seconds + cost)) ** 0.5, policy.max_wait_seconds)
        events += events_of_a_check(retries=0)
    assert events < HISTORY_EVENTS
