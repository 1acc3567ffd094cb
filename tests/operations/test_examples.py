"""The examples do what they say, against the sandbox's Emarsys and AWS."""

import contextlib
import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import urllib3
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from export_watch.emarsys import credentials as core
from export_watch.emarsys import token
from export_watch.errors import CredentialsMissingError
from sandbox.aws.client import session
from sandbox.aws.template import REGION
from sandbox.emarsys import EmarsysServer, parse
from tests import world as worlds
from tests.contract.schemas import EVENTS, EXPORT_CREATED, NOTIFICATION, ROOT, read
from tests.world import CREDENTIALS, START, timeline

EXAMPLES = ROOT / "examples"
OAUTH: dict[str, Any] = dict(worlds.OAUTH)
WSSE: dict[str, Any] = dict(worlds.WSSE)
TEMPLATES = {path.stem: yaml_parse(path.read_text("utf-8"))["Resources"] for path in EXAMPLES.glob("*.yaml")}


def sample(name: str) -> dict[str, Any]:
    """The message of a notification in events/."""
    message: dict[str, Any] = read(EVENTS / "notifications" / f"{name}.json")["message"]
    return message


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Imports an example as a new execution environment would, with these environment variables.

    Some of Lambda's have urllib3 1.26: what came with version 2 is removed.
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
def emarsys() -> Iterator[Callable[..., EmarsysServer]]:
    """An Emarsys, whose API user's secret AWS holds as emarsys/default; and a bucket `files`."""
    with contextlib.ExitStack() as running:

        def make(secret: dict[str, str] = OAUTH, **scenario: Any) -> EmarsysServer:
            server = running.enter_context(EmarsysServer(parse({"credentials": CREDENTIALS, **scenario})))
            boto3.client("secretsmanager").create_secret(
                Name="emarsys/default", SecretString=json.dumps(located(secret, server))
            )
            return server

        running.enter_context(mock_aws())
        running.enter_context(patch.object(boto3, "DEFAULT_SESSION", session()))
        place: Any = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration=place)
        yield make


def located(secret: dict[str, str], server: EmarsysServer) -> dict[str, str]:
    return {**secret, "host": server.url, "token_url": f"{server.url}/oauth2/token"}


# download


def download(load: Any, **patched: float) -> list[dict[str, str]]:
    """What is reported as failed, of the export 7."""
    example = load("download", SECRET_ID="emarsys/default", BUCKET="files")
    vars(example).update(patched)
    message = sample("done-local")
    message["data"]["export_id"] = 7
    records = [{"messageId": "m", "body": json.dumps(message)}]
    failed: list[dict[str, str]] = example.handler({"Records": records}, None)["batchItemFailures"]
    return failed


@pytest.mark.parametrize("secret", [OAUTH, WSSE], ids=["oauth", "wsse"])
def test_a_local_export_is_copied_whole_in_parts_that_s3_takes_and_asked_for_once(emarsys, load, secret):
    server = emarsys(secret, exports={7: {"distribution_method": "local", "rows": 250_000}})
    assert download(load, PART_BYTES=5 * 1024 * 1024) == []
    copied = boto3.client("s3").get_object(Bucket="files", Key="default/7.csv")
    assert copied["ETag"].endswith('-2"')  # two parts: S3 refuses a first one below 5 MiB
    lines = copied["Body"].read().decode().splitlines()
    assert [line.partition(";")[0] for line in lines] == ["user_id", *map(str, range(1, 250_001))]
    asked = [seen.path for seen in server.requests if "oauth" not in seen.path]
    assert [path.rpartition("/export/")[2] for path in asked] == ["7/data"]


JSON_PAGE = {"replyCode": 0, "replyText": "OK", "data": [{"user_id": "1"}]}
HTML_PAGE = "\n <!doctype html><p>Please sign in"
AS_CSV = {"headers": {"Content-Type": "text/csv"}}


@pytest.mark.parametrize(
    ("plan", "again", "said"),
    [
        ({"stored_seconds": 0}, False, "no longer stored"),
        ({"timeline": timeline(ready=0)}, True, "not finished"),
        ({"distribution_method": "ftp"}, False, "no file to download (4004)"),
        ({"file_name": None}, False, "no file to download (4006)"),
        ({"faults": [{"fault": "data_error"}]}, True, "HTTP 500, replyCode 4007"),
        ({"faults": [{"fault": "redirect"}]}, True, "HTTP 302"),
        ({"faults": [{"reply": {"json": JSON_PAGE}}]}, True, "no CSV but application/json"),
        ({"faults": [{"fault": "html"}]}, True, "no CSV but text/html"),
        ({"faults": [{"reply": {**AS_CSV, "text": HTML_PAGE}}]}, True, "no CSV but text/csv"),
        ({"faults": [{"reply": {**AS_CSV, "json": JSON_PAGE}}]}, True, "no CSV but text/csv"),
        ({"rows": 20_000, "faults": [{"fault": "reset_midway"}]}, True, "broke off"),
        ({"faults": [{"fault": "reset"}]}, True, "broke off"),
        ({"faults": [{"fault": "drip"}]}, True, "took longer than"),
    ],
)
def test_what_is_no_whole_csv_leaves_no_file_and_is_tried_again_where_that_helps(
    emarsys, load, capsys, plan, again, said
):
    emarsys(exports={7: {"distribution_method": "local", **plan}})
    assert download(load, LONGEST_SECONDS=0.5) == ([{"itemIdentifier": "m"}] if again else [])
    assert said in json.loads(capsys.readouterr().out)["message"]
    s3 = boto3.client("s3")
    assert "Contents" not in s3.list_objects_v2(Bucket="files")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="files")


# emarsys


SECRETS: list[Any] = [
    *(OAUTH, WSSE, OAUTH | WSSE, WSSE | {"client_id": "id"}, OAUTH | {"username": 5, "more": [1]}),
    *(OAUTH | {"host": empty, "token_url": empty} for empty in (None, "")),
    OAUTH | {"host": "https://suite5.emarsys.net//", "token_url": "https://sso.example.com:8443/a/token"},
    WSSE | {"host": "http://127.0.0.1:8080"},
    *({}, [], None, "text"),
    *(OAUTH | {"client_secret": wrong} for wrong in ("", None, "s\n", 5)),
    *(WSSE | {"username": wrong} for wrong in ('us"er', "käufer")),
    *(OAUTH | {"host": url} for url in ("h", "http://h", "https://h/path", "https://u:p@h", 5)),
    *(OAUTH | {"token_url": url} for url in ("h/t", "http://h/t", "https://h/t?q=1", 5)),
]


@pytest.mark.parametrize("begin", ["", "\ufeff"], ids=["bare", "mark"])
def test_a_secret_is_read_as_the_watch_reads_it(load, begin):
    example = load("emarsys")
    for content in SECRETS:
        text = begin + json.dumps(content)
        try:
            expected = asdict(core.parse(text, "emarsys/default", example.HOST, example.TOKEN_URL))
        except CredentialsMissingError:
            with pytest.raises(ValueError, match=r"^the secret "):
                example.credentials(text)
        else:
            expected.pop("made_at", None)
            assert example.credentials(text) == expected


@pytest.mark.parametrize("text", ["", "secret", "[" * 100_000], ids=["empty", "no JSON", "deep"])
def test_a_secret_that_is_no_json_is_refused_and_not_quoted(load, text):
    with pytest.raises(ValueError, match=r"^the secret is no JSON$"):
        load("emarsys").credentials(text)


def test_a_tokens_lifetime_is_read_as_the_watch_reads_it(load):
    lifetime_seconds = load("emarsys").lifetime_seconds
    values: list[Any] = [3600, "300", 299.5, 0, -1, None, "", "soon", True, [], 1e9, "inf", "nan"]
    for given in values:
        assert lifetime_seconds(given) == token._lifetime_seconds(given), given


@pytest.mark.parametrize(("lifetime", "asked"), [(300, 1), (3600, 1), (1, 2)])
def test_a_token_serves_for_its_lifetime(emarsys, load, monkeypatch, lifetime, asked):
    server = emarsys(exports={7: {}}, tokens={"lifetime_seconds": lifetime, "per_minute": 9})
    example = load("emarsys")
    client = example.Emarsys("emarsys/default")
    assert client.call("GET", "export/7").status == 200
    later = example.time.time() + 0.95
    monkeypatch.setattr(example.time, "time", lambda: later)
    client.call("GET", "export/7")
    assert [seen.path for seen in server.requests].count("/oauth2/token") == asked


@pytest.mark.parametrize(
    "reply", [{"http": 401}, {"json": []}, {"json": {"access_token": "a b"}}, {"json": None}], ids=str
)
def test_without_a_token_nothing_is_asked(emarsys, load, reply):
    server = emarsys(token_faults=[{"reply": {"text": "", **reply}}])
    with pytest.raises((RuntimeError, ValueError)):
        load("emarsys").Emarsys("emarsys/default").call("GET", "export/7")
    assert [seen.path for seen in server.requests] == ["/oauth2/token"]


# hourly and back_fill


def test_an_hourly_export_that_is_late_is_published_before_the_next_one_is_due(world, load):
    here = world(creates={"timeline": timeline(in_progress=0)})
    here.stack.put_secret("default", located(OAUTH, here.server))
    hourly = load("hourly", SECRET_ID="emarsys/default")
    [source] = function_of("hourly")["Events"].values()
    due = source["Properties"]["Input"].replace("<aws.scheduler.scheduled-time>", "2027-01-15T08:00:00Z")
    export_id = hourly.handler(json.loads(due), None)
    here.run()
    [sent] = [json.loads(delivery.body) for delivery in here.stack.deliveries]
    EXPORT_CREATED.validate(sent)
    assert sent["detail"]["expected_seconds"] == hourly.EXPECTED_SECONDS
    assert (here.only["export_id"], here.only["outcome"]) == (export_id, "expired")
    assert here.only["watch"]["elapsed_seconds"] == 3300
    assert here.only["context"] == {"job": "hourly-contacts", "due": "2027-01-15T08:00:00Z"}


def test_a_back_fill_is_sent_ten_at_a_time_and_whole(world, load):
    here = world(secrets={"back-fill": WSSE})
    load("back_fill").announce_all(range(1, 13))
    here.stack.run(until=START + 1)
    for delivery in here.stack.deliveries:
        EXPORT_CREATED.validate(json.loads(delivery.body))
    assert set(here.statuses) == {f"back-fill_{export_id}" for export_id in range(1, 13)}


def test_what_eventbridge_refuses_is_sent_again_and_at_last_named(load, monkeypatch):
    back_fill = load("back_fill")
    sent: list[int] = []

    def put_events(Entries: list[Any]) -> Any:  # noqa: N803
        sent.append(len(Entries))
        taken = 1 if len(sent) == 1 else 0
        refused = [{"ErrorCode": "ThrottlingException"}] * (len(Entries) - taken)
        return {"Entries": [{"EventId": "1"}] * taken + refused}

    monkeypatch.setattr(back_fill.boto3, "client", lambda name: SimpleNamespace(put_events=put_events))
    monkeypatch.setattr(back_fill.time, "sleep", lambda seconds: None)
    with pytest.raises(RuntimeError, match="not watched"):
        back_fill.announce_all([1, 2, 3])
    assert sent == [3, 2, 2, 2, 2]


# subscriber and transfer_family


def test_a_repeated_notification_is_processed_once(emarsys, load, capsys):
    boto3.client("dynamodb").create_table(
        TableName="once",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    subscriber = load("subscriber", IDEMPOTENCY_TABLE="once", AWS_LAMBDA_FUNCTION_NAME="subscriber")
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
    for name in ("stuck-ftp", "done-ftp", "done-ftp", "error", "stuck-ftp"):
        subscriber.handler({"Records": [{"Sns": {"Message": json.dumps(sample(name))}}]}, context)
    said = [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["WARNING", "INFO", "ERROR"]


@pytest.mark.parametrize(
    ("directory", "home", "name", "key"),
    [
        ("folder/subfolder", "/files/emarsys", "a b.csv", "emarsys/folder/subfolder/a b.csv"),
        ("/folder//", "/files", "a.csv", "folder/a.csv"),
        (None, "/files/emarsys/", "a.csv", "emarsys/a.csv"),
        ("./folder", "files/emarsys", "a.csv", "emarsys/folder/a.csv"),
        *((wrong, "/files/emarsys", "a", None) for wrong in ("../other", "a/../../b")),
        *(("a", "/files/emarsys", wrong, None) for wrong in ("../a", "b/c", None)),
    ],
)
def test_a_file_of_transfer_family_is_found_in_s3_below_the_home_only(load, directory, home, name, key):
    file = {**sample("done-sftp")["data"]["file"], "directory": directory, "name": name}
    locate = load("transfer_family").s3_location
    if key:
        assert locate(file, home) == ("files", key)
    else:
        with pytest.raises(ValueError, match="not a path below"):
            locate(file, home)


# The templates.


def of_type(template: str, kind: str) -> dict[str, Any]:
    """The properties of all resources of a type."""
    items = TEMPLATES[template].items()
    return {name: item.get("Properties", {}) for name, item in items if item["Type"] == kind}


def function_of(template: str) -> dict[str, Any]:
    """The properties of the one function of a template."""
    [properties] = of_type(template, "AWS::Serverless::Function").values()
    found: dict[str, Any] = properties
    return found


def arn(value: Any) -> str:
    """The logical id that an attribute is taken of."""
    got: str | list[str] = value["Fn::GetAtt"]
    return got.split(".")[0] if isinstance(got, str) else got[0]


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_what_cannot_be_delivered_is_kept_for_two_weeks_and_alarms(template):
    queues = of_type(template, "AWS::SQS::Queue")
    functions = of_type(template, "AWS::Serverless::Function").values()
    events = [event for function in functions for event in function["Events"].values()]
    subscriptions = [
        *of_type(template, "AWS::SNS::Subscription").values(),
        *(event["Properties"] for event in events if event["Type"] == "SNS"),
    ]
    sources = [queue for queue in queues.values() if "RedrivePolicy" in queue]
    dead = {arn(of["RedrivePolicy"]["deadLetterTargetArn"]) for of in (*subscriptions, *sources)}
    last = {name for name, queue in queues.items() if "RedrivePolicy" not in queue}
    assert dead <= last
    assert {queues[name]["MessageRetentionPeriod"] for name in last} <= {1_209_600}
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    assert {arn(alarm["Dimensions"][0]["Value"]) for alarm in alarms} == last
    written = {
        arn(statement["Resource"])
        for policy in of_type(template, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    }
    endpoints = {arn(of["Endpoint"]) for of in subscriptions if of.get("Protocol") == "sqs"}
    assert written == endpoints | {arn(of["RedrivePolicy"]["deadLetterTargetArn"]) for of in subscriptions}


@pytest.mark.parametrize("name", ["subscriber", "download", "hourly"])
def test_a_template_gives_its_function_what_it_reads(name):
    function = function_of(name)
    source = (EXAMPLES / f"{name}.py").read_text("utf-8")
    assert function["Handler"] == f"{name}.handler"
    assert set(function["Environment"]["Variables"]) == set(re.findall(r'os\.environ\["(\w+)"\]', source))


def test_the_download_is_delivered_one_message_at_a_time_and_has_time_for_it():
    function = function_of("download")
    [source] = [event["Properties"] for event in function["Events"].values()]
    assert (source["BatchSize"], source["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    queue = TEMPLATES["finished_exports"]["FinishedExports"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]


@pytest.mark.parametrize("name", ["done-ftp", "stuck-local", "lost"])
def test_the_pipe_makes_an_event_of_each_notification(name):
    [pipe] = of_type("event_bus", "AWS::Pipes::Pipe").values()
    target, message = pipe["TargetParameters"], sample(name)
    parameters = target["EventBridgeEventBusParameters"].items()
    made = {key: message[path.removeprefix("$.body.")] for key, path in parameters}
    assert made == {"Source": message["source"], "DetailType": f"emarsys.export.{message['data']['outcome']}"}
    assert re.fullmatch(r"[/.\-_A-Za-z0-9]{1,256}", made["Source"])  # what EventBridge takes
    assert target["InputTemplate"] == "<$.body>"


@pytest.mark.parametrize(
    ("template", "subscription", "let_through"),
    [
        ("finished_exports", "FinishedExportsSubscription", ["done"]),
        ("late_exports", "LateExports", ["error", "expired"]),
    ],
)
def test_a_filter_lets_through_what_the_example_is_for(emarsys, template, subscription, let_through):
    """By a queue that has the filter of the template: moto's CloudFormation cannot make the subscription itself."""
    wanted = TEMPLATES[template][subscription]["Properties"]
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    attributes = {
        "RawMessageDelivery": "true",
        "FilterPolicyScope": wanted.get("FilterPolicyScope", "MessageAttributes"),
        "FilterPolicy": json.dumps(wanted["FilterPolicy"]),
    }
    [endpoint] = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"].values()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)
    jobs = {
        "done-ftp": "hourly-contacts",
        "expired": "hourly-contacts",
        "error": "hourly-contacts",
        "lost": "other",
    }
    for name, job in jobs.items():
        sample = read(EVENTS / "notifications" / f"{name}.json")
        sample["message"]["data"]["context"] = {"job": job}
        NOTIFICATION.validate(sample["message"])
        given: Any = {
            key: {"DataType": "String", "StringValue": value} for key, value in sample["attributes"].items()
        }
        sns.publish(TopicArn=topic, Message=json.dumps(sample["message"]), MessageAttributes=given)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    outcomes = [json.loads(message["Body"])["data"]["outcome"] for message in received]
    assert sorted(outcomes) == let_through
