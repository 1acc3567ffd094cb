"""Each handler, built from an environment and fakes: what it answers, logs and counts."""

import importlib
import itertools
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from export_watch import aws, schedule, state
from export_watch.transport import Reply
from export_watch.watch import ExportStatus
from tests.unit.emarsys.fakes import aws_error
from tests.unit.examples import ARN, DEFAULTS, ENVIRONMENT, STARTED_AT, a_watch, seen

ABOUT = {"account": "default", "export_id": 123, "execution": "default_123"}
READY, DONE = seen(ExportStatus.READY), seen(ExportStatus.DONE)
CONTEXT = SimpleNamespace(
    function_name="function", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="request-1"
)
_services = itertools.count()


def app(name: str) -> Any:
    """The module of a function. Importing it builds its handler from the environment, as Lambda does."""
    with patch.dict(os.environ, ENVIRONMENT):
        return importlib.import_module(f"functions.{name}.app")


def build(name: str, *, level: str = "INFO", **options: Any) -> Any:
    """The handler of a function. Each has a service of its own: Powertools keeps one logger for each, for ever."""
    service = {"POWERTOOLS_SERVICE_NAME": f"my-stack-{next(_services)}", "POWERTOOLS_LOG_LEVEL": level}
    return app(name).build(ENVIRONMENT | service, **options)


@dataclass(frozen=True)
class Written:
    """What a function answered, logged and counted."""

    answer: Any
    logs: list[dict[str, Any]]
    metrics: list[dict[str, Any]]

    @property
    def failed(self) -> list[str]:
        """The messages of a batch that are to be delivered again."""
        return [failure["itemIdentifier"] for failure in self.answer["batchItemFailures"]]

    @property
    def counted(self) -> dict[str, float]:
        """The metrics by their names."""
        return {
            metric["Name"]: sum(record[metric["Name"]])
            for record in self.metrics
            for metric in record["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }


def invoke(handler: Any, event: dict[str, Any], capsys: Any) -> Written:
    """Call a handler as Lambda does."""
    capsys.readouterr()
    answer = handler(event, CONTEXT)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [record for record in records if "_aws" in record]
    return Written(answer, [record for record in records if "_aws" not in record], metrics)


def sqs_event(*details: dict[str, Any]) -> dict[str, Any]:
    """A batch of messages about events of such details, with ids by their place."""
    records = enumerate(json.dumps({"detail": detail}) for detail in details)
    return {"Records": [{"messageId": f"message-{place}", "body": body} for place, body in records]}


class FakeAws:
    """Every service of AWS: remembers the calls, answers with what it was given, and raises what of it is an error."""

    def __init__(self, service="", answers=(), calls=None):
        self.service, self.answers, self.calls = service, iter(answers), [] if calls is None else calls

    def client(self, service):
        return FakeAws(service, self.answers, self.calls)

    def __getattr__(self, name):
        def call(**parameters):
            self.calls.append((f"{self.service}.{name}", parameters))
            answer: Any = next(self.answers, {})
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def cloud(monkeypatch):
    """AWS, as the function that is built meanwhile sees it."""
    fake = FakeAws()
    monkeypatch.setattr(aws, "client", fake.client)
    return fake


def check(observation, capsys, level="INFO", **caught):
    """What is written about a check of the default watch after a minute."""
    checked = []

    def find(account, export_id):
        checked.append((account, export_id))
        return observation

    emarsys = SimpleNamespace(check=find)
    handler = build("check_export", level=level, emarsys=emarsys, now=lambda: STARTED_AT + 60)
    watch = state.dump(a_watch(), DEFAULTS) | caught
    written = invoke(handler, {"watch": watch, "execution_arn": ARN}, capsys)
    assert checked == [("default", 123)]
    return written


def test_a_check_that_finds_no_final_status_answers_with_a_wait(capsys):
    written = check(READY, capsys)
    answer, [line] = written.answer, written.logs
    assert (answer["outcome"], answer["wait_seconds"], answer["notification"]) == ("wait", 10, None)
    assert (answer["watch"]["checks"], answer["watch"]["answered_at"]) == (1, STARTED_AT + 60)
    assert line["message"] == "status ready: check again in 10 s"
    assert line.items() >= (ABOUT | {"function_request_id": "request-1", "checks": 1}).items()
    assert line["location"].startswith("check_export:")
    assert written.metrics == []


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_a_final_status_is_answered_with_its_notification_logged_and_counted(capsys, level):
    written = check(DONE, capsys, level)
    assert (written.answer["outcome"], written.answer["wait_seconds"]) == ("done", 0)
    assert written.answer["notification"]["attributes"]["outcome"] == "done"
    event = json.loads(written.answer["notification"]["message"])
    assert event["source"] == "emarsys-export-watch/my-stack/default"
    assert event["time"] == "2026-11-23T16:51:01Z"
    assert event["data"]["watch"]["execution_arn"] == ARN
    logged = ["status done: done", "outcome done"] if level == "INFO" else []
    assert [line["message"] for line in written.logs] == logged
    assert written.counted == {"WatchesDone": 1, "DetectionDelay": 60}
    [record] = written.metrics
    [directive] = record["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("EmarsysExportWatch", [["service"]])
    assert {metric["Unit"] for metric in directive["Metrics"]} == {"Count", "Seconds"}
    assert record.items() >= ABOUT.items()


def test_what_the_state_machine_caught_is_logged_and_left_out_of_the_answer(capsys):
    failure = {"Error": "Lambda.Unknown", "Cause": "planted"}
    written = check(READY, capsys, check_failure=failure, stuck_failure=failure)
    assert "Lambda.Unknown" in written.logs[0]["message"]
    assert written.counted == {"NotificationsFailed": 1}
    assert not {"check_failure", "stuck_failure"} & {*written.answer["watch"]}


def test_a_check_asks_emarsys_where_and_as_the_settings_say(cloud, capsys, monkeypatch):
    asked = []

    class Http:
        def call(self, method, url, *_, **__):
            asked.append(url)
            token = {"access_token": "my-token", "expires_in": 3600, "token_type": "bearer"}
            status = {"replyCode": 0, "data": {"id": 123, "status": "done"}}
            return Reply(200, {}, json.dumps(token if method == "POST" else status).encode())

    monkeypatch.setattr(app("check_export"), "Urllib3Client", Http)
    secret = json.dumps({"client_id": "my-id", "client_secret": "my-secret"})
    cloud.answers = iter([{"CreatedDate": datetime.fromtimestamp(STARTED_AT, UTC), "SecretString": secret}])
    event = {"watch": state.dump(a_watch(), DEFAULTS), "execution_arn": ARN}
    assert invoke(build("check_export"), event, capsys).answer["outcome"] == "done"
    assert asked == [ENVIRONMENT["EMARSYS_TOKEN_URL"], f"{ENVIRONMENT['EMARSYS_HOST']}/api/v3/export/123"]
    secret_read, *tables = cloud.calls
    assert secret_read == ("secretsmanager.get_secret_value", {"SecretId": "emarsys/default"})
    assert {call["TableName"] for service, call in tables if service.startswith("dynamodb.")} == {"tokens"}


def start(capsys, *details):
    return invoke(build("start_watch", now=lambda: STARTED_AT), sqs_event(*details), capsys)


def test_an_event_starts_an_execution_by_its_name(cloud, capsys):
    written = start(capsys, {"export_id": 123, "expected_seconds": 900})
    [(service, call)], begun = cloud.calls, a_watch(expected_seconds=900)
    assert (service, call["name"]) == ("stepfunctions.start_execution", "default_123")
    assert call["stateMachineArn"] == ENVIRONMENT["STATE_MACHINE_ARN"]
    wait_seconds = schedule.first_wait_seconds(begun, DEFAULTS)
    first = json.loads(call["input"])
    assert (first.pop("watch"), first.pop("wait_seconds")) == (state.dump(begun, DEFAULTS), wait_seconds)
    assert [*first] == ["start"]
    [line] = written.logs
    expected = {"level": "INFO", "message": "watch started", "wait_seconds": wait_seconds}
    assert line.items() >= (ABOUT | expected | {"deadline_at": begun.deadline_at}).items()
    assert (written.failed, written.counted) == ([], {})


def test_an_event_that_comes_twice_within_a_second_is_one_start(cloud, capsys):
    """AWS would answer the second StartExecution like the first, if its input were the same."""
    cloud.answers = iter([None, aws_error("ExecutionAlreadyExists")])
    written = start(capsys, {"export_id": 123}, {"export_id": 123})
    assert (written.failed, written.counted) == ([], {"EventsDuplicate": 1})
    _, dropped = written.logs
    assert dropped["level"] == "WARNING"
    assert dropped["message"].startswith("event dropped: this export is being watched")
    assert dropped["message"].endswith("send its event with another `attempt`")
    (_, first), (_, second) = cloud.calls
    assert first["name"] == second["name"]
    assert first["input"] != second["input"]


def test_what_cannot_be_started_fails_alone_and_is_delivered_again(cloud, capsys):
    cloud.answers = iter([None, aws_error("ThrottlingException", "too many"), None])
    written = start(capsys, {"export_id": 1}, {"export_id": 2}, {"export_id": 0}, {"export_id": 3})
    assert written.failed == ["message-1", "message-2"]
    assert written.counted == {"StartsFailed": 1, "EventsRefused": 1}
    assert ["account" in record for record in written.metrics] == [True, False]
    assert written.metrics[1]["message_id"] == "message-2"
    _, throttled, refused, _ = written.logs
    assert (throttled["level"], throttled["export_id"]) == ("WARNING", 2)
    assert "will be delivered again: An error occurred (ThrottlingException)" in throttled["message"]
    assert (refused["level"], refused["message_id"]) == ("ERROR", "message-2")
    assert refused["message"].startswith("event refused: `export_id` is 0; it must be ")


def test_an_error_of_our_own_is_logged_with_its_traceback_and_its_message_delivered_again(cloud, capsys):
    cloud.answers = iter([MemoryError("a bug")])
    written = start(capsys, {"export_id": 1})
    [bug] = written.logs
    assert (written.failed, bug["level"], bug["message_id"]) == (["message-0"], "ERROR", "message-0")
    assert bug["message"] == "an unexpected error, the message will be delivered again"
    assert "MemoryError: a bug" in bug["exception"]


def test_a_misspelt_key_is_logged_by_its_name(cloud, capsys):
    warning, started = start(capsys, {"export_id": 123, "distributon_method": "sftp"}).logs
    assert (warning["level"], started["message"]) == ("WARNING", "watch started")
    assert "'distributon_method'" in warning["message"]


def report(capsys, *details):
    return invoke(build("report_lost_watch"), sqs_event(*details), capsys)


def failed():
    begun = {"watch": state.dump(a_watch(context={"a": 1}), DEFAULTS)}
    stopped = {"stopDate": 1000 * (STARTED_AT + 60), "input": json.dumps(begun)}
    return {"executionArn": ARN, "status": "FAILED", **stopped}


def test_a_failed_execution_is_published_as_lost(cloud, capsys):
    written = report(capsys, failed())
    [(service, call)], [line] = cloud.calls, written.logs
    assert (service, call["TopicArn"]) == ("sns.publish", ENVIRONMENT["NOTIFICATION_TOPIC_ARN"])
    assert call["MessageAttributes"]["outcome"] == {"DataType": "String", "StringValue": "lost"}
    event = json.loads(call["Message"])
    data = event["data"]
    assert event["source"] == "emarsys-export-watch/my-stack/default"
    assert (data["outcome"], data["context"], data["watch"]["elapsed_seconds"]) == ("lost", {"a": 1}, 60)
    assert (data["reason"]["code"], data["watch"]["execution_arn"]) == ("execution_failed", ARN)
    assert line.items() >= (ABOUT | {"level": "ERROR", "reason": "execution_failed"}).items()
    assert line["message"] == f"watch lost: {data['reason']['message']}"
    assert written.counted == {"WatchesLost": 1}


def test_what_cannot_be_published_or_read_fails_alone(cloud, capsys):
    cloud.answers = iter([aws_error("InternalErrorException", status=500)])
    written = report(capsys, failed(), {"status": "FAILED"}, failed())
    assert written.failed == ["message-0", "message-1"]
    assert written.counted == {"NotificationsFailed": 1, "LostWatchesUnreadable": 1, "WatchesLost": 1}
    unpublished, unreadable, _ = written.logs
    assert (unpublished["level"], unpublished["export_id"]) == ("WARNING", 123)
    assert "will be delivered again: An error occurred (InternalError" in unpublished["message"]
    assert unreadable["message"].startswith("a failed execution cannot be reported: its event holds no watch")
