import json
import time
from typing import Any

import pytest

from sandbox.aws import NeverAnswered, RealClock, crashed

START = 1_800_000_000.0


def raise_never():
    raise NeverAnswered


def test_an_event_becomes_an_execution_that_publishes_its_end(chain):
    chain.announce({"name": "a"})
    assert chain.run()
    [notification] = chain.notifications
    assert notification.attributes == {"outcome": "done"}
    assert notification.message == {"now": START + 30, "started": "2027-01-15T08:00:00.000Z", "checks": 3}
    assert notification.at == START + 30
    [execution] = chain.executions()
    assert (execution.name, execution.status) == ("a", "SUCCEEDED")
    assert (execution.started_at, execution.ended_at) == (START, START + 30)
    assert execution.input == {"wait": 10, "checks": 0, "name": "a"}
    assert execution.arn == chain.outputs["StateMachineArn"].replace("stateMachine", "execution") + ":a"


def test_the_history_is_as_long_as_aws_would_count_it_and_on_the_clock(chain):
    chain.announce({"name": "a"})
    chain.run()
    history = chain.history("a")
    cycle = ["WaitStateEntered", "WaitStateExited", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
             "TaskStateExited", "ChoiceStateEntered", "ChoiceStateExited"]  # fmt: skip
    publish = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        *cycle * 3,
        *publish,
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["timestamp"] == "2027-01-15T08:00:00.000Z"
    assert history[-1]["timestamp"] == "2027-01-15T08:00:30.000Z"


def test_two_runs_are_the_same(deploy_chain):
    def run() -> Any:
        with deploy_chain() as chain:
            for number in range(5):
                chain.announce({"name": f"n{number}", "wait": 3 + number, "needed": 4})
            chain.faults.fail("sns.Publish", "ThrottledException", times=2)
            chain.run()
            histories = [chain.history(execution.name) for execution in chain.executions()]
            return (
                [(notification.body, notification.at) for notification in chain.notifications],
                [[(event["type"], event["timestamp"]) for event in history] for history in histories],
            )

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
    failures = [e["taskFailedEventDetails"] for e in chain.history("a") if e["type"] == "TaskFailed"]
    assert {failure["error"] for failure in failures} == {"Runtime.ExitError"}


def test_an_error_of_a_handler_reaches_the_state_machine_by_its_type(chain):
    chain.announce({"name": "a", "trouble": "raise"})
    chain.run(until=START + 20)
    failures = [e["taskFailedEventDetails"] for e in chain.history("a") if e["type"] == "TaskFailed"]
    assert failures[0]["error"] == "ValueError"
    assert json.loads(failures[0]["cause"])["errorMessage"] == "in trouble"


def test_a_call_that_is_never_answered_takes_the_timeout_of_the_task(chain):
    chain.faults.answer(
        "lambda.Invoke", raise_never, times=1, matches=lambda call: "Check" in call["FunctionName"]
    )
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert chain.executions()[0].ended_at - START == pytest.approx(10 + 60 + 5)
    [event] = [e for e in chain.history("a") if e["type"] == "TaskTimedOut"]
    assert event["taskTimedOutEventDetails"]["error"] == "States.Timeout"


def test_a_fault_can_last_until_a_time(chain):
    fault = chain.faults.fail("sns.Publish", "InternalError", until=START + 25)
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert fault.hits == 2
    assert [notification.at - START for notification in chain.notifications] == [30]
    failures = [e["taskFailedEventDetails"] for e in chain.history("a") if e["type"] == "TaskFailed"]
    assert failures[0]["error"] == "SNS.InternalErrorException"


def test_a_start_that_fails_is_delivered_again(chain):
    chain.faults.fail("stepfunctions.StartExecution", "ThrottlingException", status=400, times=1)
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert chain.executions()[0].started_at == pytest.approx(START + 30.01)


def test_a_name_that_is_taken_starts_nothing_again(chain):
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    chain.announce({"name": "a", "needed": 2})
    chain.run()
    assert len(chain.executions()) == 1
    assert any(line.text.startswith("[ERROR] ExecutionAlreadyExists") for line in chain.logs.of("start"))


@pytest.mark.parametrize("name", ["a b", "x" * 81, "a/b", "ä:"])
def test_a_name_that_aws_refuses_is_refused(chain, name):
    chain.announce({"name": name})
    chain.run()
    assert chain.executions() == []
    assert len(chain.dead_letters()) == 1


def test_the_event_of_a_failed_execution_has_the_form_of_aws(chain):
    chain.announce({"name": "a", "trouble": "big"})
    chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")
    [notification] = chain.notifications
    event = notification.message
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert (event["source"], event["account"], event["region"]) == (
        "aws.states",
        "123456789012",
        "eu-central-1",
    )
    assert event["time"] == "2027-01-15T08:00:10Z"
    assert event["resources"] == [execution.arn]
    detail = event["detail"]
    assert json.loads(detail.pop("input")) == execution.input
    assert detail.pop("cause")
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
    assert [notification.attributes["outcome"] for notification in chain.notifications] == ["lost"]


def test_an_execution_that_is_stopped_in_a_wait_ends_then_with_an_event(chain):
    chain.announce({"name": "a", "wait": 5000})
    chain.run(until=START + 100)
    chain.stop("a", error="Operator", cause="had enough")
    assert chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Operator", "had enough")
    assert execution.ended_at == START + 100
    [notification] = chain.notifications
    detail = notification.message["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("ABORTED", "Operator", "had enough")
    assert chain.history("a")[-1]["type"] == "ExecutionAborted"
    assert chain.clock.now() == START + 100


def test_an_execution_that_is_stopped_before_it_began_ends(chain):
    chain.announce({"name": "a"})
    chain.run(until=START)
    chain.stop("a")
    chain.run()
    assert chain.executions()[0].status == "ABORTED"
    assert chain.executions()[0].error is None


def test_an_execution_that_is_stopped_between_retries_ends(chain):
    chain.faults.answer("check", crashed)
    chain.announce({"name": "a"})
    chain.run(until=START + 12)
    chain.stop("a")
    chain.run()
    assert chain.executions()[0].status == "ABORTED"
    assert chain.executions()[0].ended_at == START + 12


def test_an_execution_that_lasts_too_long_times_out_with_an_event(chain):
    chain.announce({"name": "a", "wait": 900, "needed": 100_000})
    chain.run()
    [execution] = chain.executions()
    assert execution.status == "TIMED_OUT"
    assert execution.ended_at == START + 100_000
    assert chain.notifications[0].message["detail"]["status"] == "TIMED_OUT"
    assert chain.history("a")[-1]["type"] == "ExecutionTimedOut"


def test_an_execution_that_times_out_within_a_task_timed_out(chain):
    chain.faults.answer("lambda.Invoke", raise_never, matches=lambda call: "Check" in call["FunctionName"])
    chain.announce({"name": "a", "wait": 99_970})
    chain.run()
    [execution] = chain.executions()
    assert (execution.status, execution.ended_at) == ("TIMED_OUT", START + 100_000)


def test_who_asks_for_a_wrong_name_gets_the_right_ones(chain):
    chain.announce({"name": "a"})
    chain.run()
    with pytest.raises(KeyError, match="no execution is named b; there are: a"):
        chain.history("b")


def test_on_the_real_clock_all_takes_its_time(deploy_chain):
    with deploy_chain(clock=RealClock()) as chain:
        begin = time.monotonic()
        for name in "ab":
            chain.announce({"name": name, "wait": 1, "needed": 2})
        assert not chain.run(timeout_seconds=1.5)
        assert chain.run(timeout_seconds=10)
        assert 2 < time.monotonic() - begin < 5
        assert sorted(execution.name for execution in chain.executions()) == ["a", "b"]
        assert {execution.status for execution in chain.executions()} == {"SUCCEEDED"}
        assert len(chain.notifications) == 2


def test_on_the_real_clock_a_stop_ends_a_wait(deploy_chain):
    with deploy_chain(clock=RealClock()) as chain:
        chain.announce({"name": "a", "wait": 60})
        chain.run(timeout_seconds=0.3)
        chain.stop("a")
        assert chain.run(timeout_seconds=5)
        assert chain.executions()[0].status == "ABORTED"
        assert chain.notifications[0].attributes == {"outcome": "lost"}
