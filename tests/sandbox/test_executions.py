"""Executions run as on AWS, where moto's do not, and on the deployment's clock."""

import json
import time

import pytest

from sandbox.aws import NeverAnswered, RealClock, crashed
from tests.sandbox.conftest import START


def failures(chain, name="a"):
    events = chain.history(name)
    return [event["taskFailedEventDetails"] for event in events if event["type"] == "TaskFailed"]


def never_answered(chain):
    def wait():
        raise NeverAnswered

    return chain.faults.answer("lambda.Invoke", wait, matches=lambda call: "Check" in call["FunctionName"])


def test_an_execution_has_the_history_of_aws_on_the_clock_and_publishes_its_end(chain):
    chain.announce({"name": "a"})
    assert chain.run()
    [notification] = chain.notifications
    assert (notification.attributes, notification.at) == ({"outcome": "done"}, START + 30)
    assert notification.message == {"started": "2027-01-15T08:00:00.000Z", "checks": 3}
    [execution] = chain.executions()
    assert (execution.name, execution.status) == ("a", "SUCCEEDED")
    assert (execution.started_at, execution.ended_at) == (START, START + 30)
    assert execution.input == {"wait": 10, "checks": 0, "name": "a"}
    history = chain.history("a")
    cycle = ["WaitStateEntered", "WaitStateExited", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
             "TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited"]  # fmt: skip
    types = [event["type"] for event in history]
    assert types == ["ExecutionStarted", *cycle * 3, *cycle[2:7], "ExecutionSucceeded"]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert [history[at]["timestamp"] for at in (0, -1)] == [
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:00:30.000Z",
    ]


def test_two_runs_are_the_same(deploy_chain):
    def run():
        with deploy_chain() as chain:
            for number in range(3):
                chain.announce({"name": f"n{number}", "wait": 3 + number, "needed": 4})
            chain.faults.fail("sns.Publish", "ThrottledException", times=2)
            chain.run()
            ended = [notification.at for notification in chain.notifications]
            return ended, [[event["type"] for event in chain.history(e.name)] for e in chain.executions()]

    assert run() == run()


def test_a_failing_check_is_retried_with_its_delays_and_then_caught(chain):
    fault = chain.faults.answer("check", crashed, times=4)
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert fault.hits == 4
    [execution] = chain.executions()
    # 10 s, two retries after 5 and 10 s, a wait of 300 s, one retry after 5 s.
    assert execution.ended_at - START == pytest.approx(10 + 5 + 10 + 300 + 5)
    assert execution.status == "SUCCEEDED"
    assert {failure["error"] for failure in failures(chain)} == {"Runtime.ExitError"}


def test_an_error_of_a_handler_reaches_the_state_machine_by_its_type(chain):
    chain.announce({"name": "a", "trouble": "raise"})
    chain.run(until=START + 12)
    [failure] = failures(chain)
    assert (failure["error"], json.loads(failure["cause"])["errorMessage"]) == ("ValueError", "in trouble")


def test_a_call_that_is_never_answered_takes_the_timeout_of_the_task(chain):
    never_answered(chain).times = 1
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert chain.executions()[0].ended_at - START == pytest.approx(10 + 60 + 5)
    [event] = [event for event in chain.history("a") if event["type"] == "TaskTimedOut"]
    assert event["taskTimedOutEventDetails"]["error"] == "States.Timeout"


def test_a_fault_lasts_until_its_time(chain):
    fault = chain.faults.fail("sns.Publish", "InternalError", until=START + 25)
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert (fault.hits, [notification.at - START for notification in chain.notifications]) == (2, [30])
    assert failures(chain)[0]["error"] == "SNS.InternalErrorException"


@pytest.mark.parametrize(
    "detail",
    [{"name": "a b"}, {"name": "x" * 81}, {"name": "ä:"}, {"name": "a", "text": "x" * 262_144}],
    ids=["a space", "too long", "a colon", "too large"],
)
def test_a_start_that_aws_refuses_is_refused(chain, detail):
    chain.announce(detail)
    chain.run()
    assert chain.executions() == []
    assert len(chain.dead_letters()) == 1


def test_the_event_of_a_failed_execution_has_the_form_of_aws(chain):
    """Too much data: neither retried nor caught, although the state machine retries and catches `States.ALL`."""
    chain.announce({"name": "a", "trouble": "big"})
    chain.run()
    [execution] = chain.executions()
    [notification] = chain.notifications
    event = notification.message
    detail = event.pop("detail")
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "123456789012",
        "region": "eu-central-1",
        "time": "2027-01-15T08:00:10Z",
        "resources": [execution.arn],
    }
    assert json.loads(detail.pop("input")) == execution.input
    assert detail.pop("cause") == execution.cause
    assert detail == {
        "executionArn": execution.arn,
        "stateMachineArn": chain.outputs["StateMachineArn"],
        "name": "a",
        "status": "FAILED",
        "startDate": 1_800_000_000_000,
        "stopDate": 1_800_000_010_000,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE",
        "redriveStatusReason": None,
        "error": "States.DataLimitExceeded",
    }


def test_a_choice_whose_variable_is_missing_fails_the_execution(chain):
    chain.announce({"name": "a", "trouble": "outcome-less"})
    chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "Invalid path '$.outcome'" in execution.cause


@pytest.mark.parametrize(
    ("detail", "seconds"),
    [({"wait": 5000}, 100), ({"trouble": "raise"}, 12), ({}, 0)],
    ids=["in a wait", "between retries", "before it began"],
)
def test_an_execution_that_is_stopped_ends_then_with_an_event(chain, detail, seconds):
    chain.announce({"name": "a", **detail})
    chain.run(until=START + seconds)
    chain.stop("a", error="Operator", cause="had enough")
    assert chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Operator", "had enough")
    assert execution.ended_at == START + seconds == chain.clock.now()
    [notification] = chain.notifications
    detail = notification.message["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("ABORTED", "Operator", "had enough")
    assert chain.history("a")[-1]["type"] == "ExecutionAborted"
    with pytest.raises(KeyError, match="no execution is named b; there are: a"):
        chain.stop("b")


@pytest.mark.parametrize("state", ["Wait", "Check"])
def test_an_execution_that_lasts_too_long_times_out_with_an_event(chain, state):
    chain.announce({"name": "a", "wait": 99_970 if state == "Check" else 200_000})
    if state == "Check":
        never_answered(chain)
    chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.ended_at) == ("TIMED_OUT", START + 100_000)
    assert chain.notifications[0].message["detail"]["status"] == "TIMED_OUT"
    assert chain.history("a")[-1]["type"] == "ExecutionTimedOut"


@pytest.mark.real_clock
def test_on_the_real_clock_all_takes_its_time_and_a_stop_ends_a_wait(deploy_chain):
    with deploy_chain(clock=RealClock()) as chain:
        begin = time.monotonic()
        for name, wait in (("a", 1), ("b", 1), ("c", 60)):
            chain.announce({"name": name, "wait": wait, "needed": 1})
        assert not chain.run(timeout_seconds=0.5)
        assert not chain.notifications
        chain.stop("c")
        assert chain.run(timeout_seconds=10)
        assert time.monotonic() - begin > 1
        statuses = {execution.name: execution.status for execution in chain.executions()}
        assert statuses == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "ABORTED"}
        assert sorted(notification.attributes["outcome"] for notification in chain.notifications) == [
            "done", "done", "lost"
        ]  # fmt: skip
