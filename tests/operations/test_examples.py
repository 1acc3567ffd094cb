"""The examples that docs/how-to/ names do what it says."""

import contextlib
import importlib
import json
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import urllib3
import yaml
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.aws.template import REGION
from sandbox.emarsys import EmarsysServer, parse
from tests.contract.schemas import EVENTS, EXPORT_CREATED, NOTIFICATION, ROOT, read

EXAMPLES = ROOT / "examples"
START = 1_800_000_000


def sample(name: str) -> dict[str, Any]:
    """The message of a notification in events/."""
    message: dict[str, Any] = read(EVENTS / "notifications" / f"{name}.json")["message"]
    NOTIFICATION.validate(message)
    return message


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports an example as a new execution environment would, with these environment variables.

    Some of Lambda's have urllib3 1.26: what came with version 2 is away.
    """
    monkeypatch.delattr(urllib3.BaseHTTPResponse, "json")
    monkeypatch.delattr(urllib3, "BaseHTTPResponse")

    def import_it(name: str, **environment: str) -> Any:
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    yield import_it
    for path in EXAMPLES.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


@contextlib.contextmanager
def emarsys(clock: Any = None, **scenario: Any) -> Iterator[EmarsysServer]:
    credentials = {"oauth": {"client": "secret"}, "wsse": {"user": "secret"}}
    clocks = {} if clock is None else {"clock": clock}
    with EmarsysServer(parse({"credentials": credentials, **scenario}), **clocks) as server:
        yield server


def secret(server: EmarsysServer, kind: str = "oauth") -> dict[str, str]:
    keys = (
        {"client_id": "client", "client_secret": "secret"}
        if kind == "oauth"
        else {"username": "user", "secret": "secret"}
    )
    return {**keys, "host": server.url, "token_url": f"{server.url}/oauth2/token"}


def prepare(server: EmarsysServer, kind: str = "oauth") -> None:
    boto3.client("secretsmanager").create_secret(
        Name="emarsys/default", SecretString=json.dumps(secret(server, kind))
    )
    configuration: Any = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration=configuration)


def queue_record(export_id: int) -> dict[str, Any]:
    message = sample("done-local")
    message["data"]["export_id"] = export_id
    return {"messageId": str(export_id), "body": json.dumps(message)}


def keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="files").get("Contents", [])]


@pytest.mark.parametrize("kind", ["oauth", "wsse"])
def test_a_local_export_is_copied_page_by_page(aws, load, monkeypatch, kind):
    with emarsys(exports={7: {"distribution_method": "local", "rows": 5}}) as server:
        prepare(server, kind)
        download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
        monkeypatch.setattr(download, "ROWS", 2)
        assert download.handler({"Records": [queue_record(7)]}, None) == {"batchItemFailures": []}
        pages = [seen.path for seen in server.requests if "/data/" in seen.path]
    text = boto3.client("s3").get_object(Bucket="files", Key="default/7.csv")["Body"].read().decode()
    assert [line.partition(";")[0] for line in text.splitlines()] == ["user_id", "1", "2", "3", "4", "5"]
    assert [page.partition("/data/")[2] for page in pages] == [
        f"offset={offset}&limit=2" for offset in (0, 2, 4, 6)
    ]


def test_parts_are_as_large_as_s3_wants_them(aws, load):
    with emarsys(exports={7: {"distribution_method": "local", "rows": 250_000}}) as server:
        prepare(server)
        download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
        parts = list(download.in_parts(download.pages(7)))
    assert len(parts) > 1
    assert all(len(part) >= download.PART_BYTES for part in parts[:-1])
    assert len(b"".join(parts).splitlines()) == 250_001


@pytest.mark.parametrize(
    ("plan", "again"),
    [
        ({"stored_seconds": 0}, False),
        ({"timeline": [{"at": 0, "status": "ready"}]}, True),
        ({"distribution_method": "ftp"}, False),
        ({"faults": [{"fault": "data_error"}]}, True),
    ],
)
def test_a_file_that_is_not_there_is_tried_again_only_where_that_helps(aws, load, plan, again):
    with emarsys(exports={7: {"distribution_method": "local", **plan}}) as server:
        prepare(server)
        download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
        failures = download.handler({"Records": [queue_record(7)]}, None)["batchItemFailures"]
    assert failures == ([{"itemIdentifier": "7"}] if again else [])
    assert keys() == []
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="files")


def test_a_repeated_notification_is_worked_on_once(aws, load, capsys):
    boto3.client("dynamodb").create_table(
        TableName="once",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    subscriber = load("subscriber", IDEMPOTENCY_TABLE="once", AWS_LAMBDA_FUNCTION_NAME="subscriber")
    names = ["stuck-ftp", "done-ftp", "done-ftp", "error", "stuck-ftp"]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
    for name in names:
        record = {"Sns": {"Message": json.dumps(sample(name))}}
        subscriber.handler({"Records": [record]}, context)
    said = [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()]
    assert len(said) == len({(sample(name)["source"], sample(name)["id"]) for name in names})


@pytest.mark.parametrize(
    ("directory", "home", "key"),
    [
        ("folder/subfolder", "/files/emarsys", "emarsys/folder/subfolder/a b.csv"),
        ("/folder//", "/files", "folder/a b.csv"),
        (None, "/files/emarsys/", "emarsys/a b.csv"),
        ("./folder", "files/emarsys", "emarsys/folder/a b.csv"),
    ],
)
def test_a_file_delivered_to_transfer_family_is_found_in_s3(load, directory, home, key):
    file = {**sample("done-sftp")["data"]["file"], "directory": directory, "name": "a b.csv"}
    assert load("transfer_family").s3_location(file, home) == ("files", key)


@pytest.mark.parametrize(("directory", "name"), [("../other", "a"), ("a", "../a"), ("a", "b/c"), ("a", None)])
def test_a_path_that_leads_out_of_the_home_is_refused(load, directory, name):
    with pytest.raises(ValueError, match="not a path below"):
        load("transfer_family").s3_location({"directory": directory, "name": name}, "/files/emarsys")


@pytest.fixture
def hourly_stack() -> Iterator[tuple[Deployment, EmarsysServer]]:
    clock = VirtualClock(START)
    plan = {"timeline": [{"at": 0, "status": "in progress"}]}
    with emarsys(clock.now, creates=plan) as server:
        secrets = {"default": secret(server), "back-fill": secret(server, "wsse")}
        with deploy(server.parameters, secrets=secrets, clock=clock) as deployment:
            yield deployment, server


def function_of(template: str) -> dict[str, Any]:
    """The properties of the one function of a template."""
    [properties] = [
        resource["Properties"]
        for resource in yaml_parse((EXAMPLES / template).read_text("utf-8"))["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    found: dict[str, Any] = properties
    return found


@pytest.mark.parametrize("name", ["subscriber", "download", "hourly"])
def test_a_template_gives_its_function_what_it_reads(name):
    function = function_of(f"{name}.yaml")
    source = (EXAMPLES / f"{name}.py").read_text("utf-8")
    assert function["Handler"] == f"{name}.handler"
    assert "\ndef handler(" in source
    assert set(function["Environment"]["Variables"]) == set(re.findall(r'os\.environ\["(\w+)"\]', source))


def test_the_download_is_delivered_one_message_at_a_time_and_has_time_for_it():
    function = function_of("download.yaml")
    [source] = [event["Properties"] for event in function["Events"].values()]
    assert source["BatchSize"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = yaml_parse((EXAMPLES / "finished_exports.yaml").read_text("utf-8"))["Resources"][
        "FinishedExports"
    ]
    assert queue["Properties"]["VisibilityTimeout"] == 6 * function["Timeout"]


def test_an_hourly_export_that_is_late_is_told_before_the_next_one_is_due(hourly_stack, load):
    deployment, _ = hourly_stack
    hourly = load("hourly", SECRET_ID="emarsys/default")
    schedule = function_of("hourly.yaml")["Events"]["EveryHour"]["Properties"]
    event = schedule["Input"].replace("<aws.scheduler.scheduled-time>", "2027-01-15T08:00:00Z")
    export_id = hourly.handler(json.loads(event), None)
    assert deployment.run()
    for delivery in deployment.deliveries:
        EXPORT_CREATED.validate(json.loads(delivery.body))
    [told] = deployment.notifications
    data = told.message["data"]
    assert (data["export_id"], data["outcome"]) == (export_id, "expired")
    assert data["watch"]["elapsed_seconds"] == 3300
    assert data["context"] == {"job": "hourly-contacts", "due": "2027-01-15T08:00:00Z"}


def test_a_back_fill_is_announced_ten_at_a_time_and_whole(hourly_stack, load):
    deployment, _ = hourly_stack
    load("back_fill").announce_all(range(1, 13))
    deployment.run(until=START + 1)
    for delivery in deployment.deliveries:
        EXPORT_CREATED.validate(json.loads(delivery.body))
    assert sorted(execution.name for execution in deployment.executions()) == sorted(
        f"back-fill_{export_id}" for export_id in range(1, 13)
    )


def test_what_eventbridge_refuses_is_sent_again_and_at_last_named(load, monkeypatch):
    back_fill = load("back_fill")
    sent: list[int] = []

    def put_events(Entries: list[Any]) -> Any:  # noqa: N803
        sent.append(len(Entries))
        refused = len(Entries) - 1 if len(sent) == 1 else len(Entries)
        results = [{"ErrorCode": "ThrottlingException"}] * refused
        return {"Entries": [{"EventId": "1"}] * (len(Entries) - refused) + results}

    monkeypatch.setattr(back_fill.boto3, "client", lambda name: SimpleNamespace(put_events=put_events))
    monkeypatch.setattr(back_fill.time, "sleep", lambda seconds: None)
    with pytest.raises(RuntimeError, match="not watched"):
        back_fill.announce_all([1, 2, 3])
    assert sent == [3, 2, 2, 2, 2]


def publish(topic: str, names: list[str], context: dict[str, Any]) -> None:
    for name in names:
        told = read(EVENTS / "notifications" / f"{name}.json")
        told["message"]["data"]["context"] = context
        NOTIFICATION.validate(told["message"])
        attributes: Any = {
            key: {"DataType": "String", "StringValue": value} for key, value in told["attributes"].items()
        }
        boto3.client("sns").publish(
            TopicArn=topic, Message=json.dumps(told["message"]), MessageAttributes=attributes
        )


def outcomes(queue_url: str) -> list[str]:
    answer = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    return sorted(json.loads(message["Body"])["data"]["outcome"] for message in answer.get("Messages", []))


def subscribed(template: str, logical_id: str) -> tuple[str, str]:
    """A topic and a queue with the subscription of a template, which moto's CloudFormation cannot make itself."""
    text = re.sub(r"!(Ref|GetAtt) ", "", (EXAMPLES / template).read_text("utf-8"))
    properties = yaml.safe_load(text)["Resources"][logical_id]["Properties"]
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicyScope": properties.get("FilterPolicyScope", "MessageAttributes"),
            "FilterPolicy": json.dumps(properties["FilterPolicy"]),
        },
    )
    return topic, queue


def test_the_queue_gets_what_its_filter_lets_through_and_nothing_else(aws):
    topic, queue = subscribed("finished_exports.yaml", "FinishedExportsSubscription")
    publish(topic, ["done-ftp", "error", "stuck-ftp"], {})
    assert outcomes(queue) == ["done"]


def test_the_job_hears_of_its_own_exports_that_are_not_done(aws):
    topic, queue = subscribed("late_exports.yaml", "LateExports")
    publish(topic, ["done-ftp", "expired", "error"], {"job": "hourly-contacts"})
    publish(topic, ["expired"], {"job": "another"})
    assert outcomes(queue) == ["error", "expired"]
