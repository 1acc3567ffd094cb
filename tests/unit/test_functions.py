"""Each handler, built from an environment and fakes: what it answers, logs and counts."""

import json

import pytest

from export_watch import state
from export_watch.watch import ExportStatus, Obstacle, ObstacleCode
from tests.unit.emarsys.fakes import aws_error
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, seen
from tests.unit.functions import ENVIRONMENT, app, environment, invoke, sqs_event

FAILED = {
    "executionArn": ARN,
    "status": "FAILED",
    "stopDate": 1000 * (STARTED_AT + 60),
    "input": json.dumps({"watch": state.dump(a_watch(context={"a": 1}), DEFAULTS)}),
}


class FakeEmarsys:
    def __init__(self, observation):
        self.observation, self.checked = observation, []

    def check(self, account, export_id):
        self.checked.append((account, export_id))
        return self.observation


class FakeAws:
    """Takes calls by any name, remembers them, and raises what it is told to."""

    def __init__(self, *failures):
        self.failures, self.calls = list(failures), []

    def __getattr__(self, name):
        def call(**parameters):
            self.calls.append(parameters)
            if failure := self.failures.pop(0) if self.failures else None:
                raise failure
            return {}

        return call


def check(observation, capsys, *, at=60, watch=None, level="INFO", **added):
    emarsys = FakeEmarsys(observation)
    handler = app("check_export").build(
        environment(POWERTOOLS_LOG_LEVEL=level), emarsys=emarsys, now=lambda: STARTED_AT + at
    )
    dumped = state.dump(watch or a_watch(), DEFAULTS) | added
    written = invoke(handler, {"watch": dumped, "execution_arn": ARN}, capsys)
    assert emarsys.checked == [("default", 123)]
    return written


def test_a_check_that_finds_no_final_status_answers_with_a_wait(capsys):
    written = check(seen(ExportStatus.READY), capsys)
    assert (written.answer["outcome"], written.answer["notification"]) == ("wait", None)
    assert written.answer["wait_seconds"] >= 10
    assert written.answer["watch"]["checks"] == 1
    assert written.answer["watch"]["answered_at"] == STARTED_AT + 60
    [line] = written.logs
    assert line["message"].startswith("status ready: check again in ")
    assert (line["account"], line["export_id"], line["execution"]) == ("default", 123, "default_123")
    assert line["function_request_id"] == "request-1"
    assert written.metrics == []


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_a_final_status_is_answered_with_its_notification_logged_and_counted(capsys, level):
    written = check(seen(ExportStatus.DONE), capsys, level=level)
    assert (written.answer["outcome"], written.answer["wait_seconds"]) == ("done", 0)
    notification = written.answer["notification"]
    assert notification["attributes"]["outcome"] == "done"
    assert json.loads(notification["message"])["data"]["watch"]["execution_arn"] == ARN
    assert [line["message"] for line in written.logs] == (
        ["status done: done", "outcome done"] if level == "INFO" else []
    )
    assert written.counted == {"WatchesDone": 1, "DetectionDelay": 60}


def test_stuck_is_answered_with_a_notification_and_a_wait(capsys):
    written = check(
        seen(ExportStatus.READY), capsys, at=3900, watch=a_watch(checks=5, ready_since=STARTED_AT)
    )
    assert written.answer["outcome"] == "stuck"
    assert written.answer["wait_seconds"] >= 1
    assert written.answer["watch"]["stuck_told"]
    assert written.counted == {"WatchesStuck": 1}


def test_metrics_are_in_the_stack_s_dimension_and_say_whose_they_are(capsys):
    [record] = check(Obstacle(ObstacleCode.PERMISSION_MISSING, "so it was"), capsys).metrics
    [directive] = record["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("EmarsysExportWatch", [["service"]])
    assert (record["account"], record["export_id"], record["execution"]) == ("default", 123, "default_123")
    assert record["PermissionMissing"] == [1]


def test_what_the_state_machine_caught_is_logged_and_left_out_of_the_answer(capsys):
    failure = {"Error": "Lambda.Unknown", "Cause": "planted"}
    written = check(seen(ExportStatus.READY), capsys, check_failure=failure, stuck_failure=failure)
    assert "Lambda.Unknown" in written.logs[0]["message"]
    assert written.counted == {"NotificationsFailed": 1}
    assert not {"check_failure", "stuck_failure"} & {*written.answer["watch"]}


def start(step_functions, capsys, *details):
    handler = app("start_watch").build(environment(), step_functions=step_functions, now=lambda: STARTED_AT)
    return invoke(handler, sqs_event(*(json.dumps({"detail": detail}) for detail in details)), capsys)


def test_an_event_starts_an_execution_by_its_name(capsys):
    aws = FakeAws()
    written = start(aws, capsys, {"export_id": 123, "expected_seconds": 900})
    [call] = aws.calls
    assert (call["stateMachineArn"], call["name"]) == (ENVIRONMENT["STATE_MACHINE_ARN"], "default_123")
    first = json.loads(call["input"])
    assert 10 <= first["wait_seconds"] <= 20
    begun = state.load(first["watch"], ARN)
    assert begun.watch == a_watch(expected_seconds=900)
    assert begun.policy == DEFAULTS
    assert written.answer == {"batchItemFailures": []}
    assert [line["message"] for line in written.logs] == ["watch started"]
    assert written.counted == {}


def test_the_same_event_twice_within_a_second_is_one_start(capsys):
    """AWS would answer the second StartExecution like the first, if its input were the same."""
    aws = FakeAws(None, aws_error("ExecutionAlreadyExists"))
    written = start(aws, capsys, {"export_id": 123}, {"export_id": 123})
    assert aws.calls[0]["name"] == aws.calls[1]["name"]
    assert aws.calls[0]["input"] != aws.calls[1]["input"]
    assert written.answer == {"batchItemFailures": []}
    assert [line["message"][:13] for line in written.logs] == ["watch started", "event dropped"]
    assert written.counted == {"EventsDuplicate": 1}


def test_a_message_that_is_delivered_twice_within_a_second_is_one_start(capsys):
    aws = FakeAws(None, aws_error("ExecutionAlreadyExists"))
    handler = app("start_watch").build(environment(), step_functions=aws, now=lambda: STARTED_AT)
    delivered = sqs_event(json.dumps({"detail": {"export_id": 123}}))
    invoke(handler, delivered, capsys)
    assert invoke(handler, delivered, capsys).counted == {"EventsDuplicate": 1}
    assert aws.calls[0]["input"] != aws.calls[1]["input"]


def test_what_cannot_be_started_fails_alone_and_is_delivered_again(capsys):
    aws = FakeAws(None, aws_error("ThrottlingException"), None)
    details = ({"export_id": 1}, {"export_id": 2}, {"export_id": 0}, {"export_id": 3})
    written = start(aws, capsys, *details)
    assert [failure["itemIdentifier"] for failure in written.answer["batchItemFailures"]] == [
        "message-1",
        "message-2",
    ]
    assert written.counted == {"StartsFailed": 1, "EventsRefused": 1}
    refused = next(record for record in written.metrics if "EventsRefused" in record)
    assert refused["message_id"] == "message-2"
    assert "account" not in refused


def test_a_misspelt_key_is_logged_by_its_name(capsys):
    written = start(FakeAws(), capsys, {"export_id": 123, "distributon_method": "sftp"})
    warning, started = written.logs
    assert warning["level"] == "WARNING"
    assert "'distributon_method'" in warning["message"]
    assert started["message"] == "watch started"


def report(sns, capsys, *details):
    handler = app("report_lost_watch").build(environment(), sns=sns)
    return invoke(handler, sqs_event(*(json.dumps({"detail": detail}) for detail in details)), capsys)


def test_a_failed_execution_is_published_as_lost(capsys):
    sns = FakeAws()
    written = report(sns, capsys, FAILED)
    [call] = sns.calls
    assert call["TopicArn"] == ENVIRONMENT["NOTIFICATION_TOPIC_ARN"]
    assert call["MessageAttributes"]["outcome"] == {"DataType": "String", "StringValue": "lost"}
    data = json.loads(call["Message"])["data"]
    assert (data["outcome"], data["context"], data["watch"]["elapsed_seconds"]) == ("lost", {"a": 1}, 60)
    assert (written.logs[0]["level"], written.counted) == ("ERROR", {"WatchesLost": 1})


def test_what_cannot_be_published_or_read_fails_alone(capsys):
    sns = FakeAws(aws_error("InternalErrorException", status=500))
    written = report(sns, capsys, FAILED, {"status": "FAILED"}, FAILED)
    assert [failure["itemIdentifier"] for failure in written.answer["batchItemFailures"]] == [
        "message-0",
        "message-1",
    ]
    assert written.counted == {"NotificationsFailed": 1, "LostWatchesUnreadable": 1, "WatchesLost": 1}
