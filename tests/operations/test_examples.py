"""The examples do what they say, against the sandbox's Emarsys and AWS."""

import contextlib
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import urllib3
import yaml
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from export_watch.emarsys import credentials as core
from export_watch.emarsys import token
from export_watch.errors import CredentialsMissingError
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


def secret_of(server: EmarsysServer, kind: str = "oauth") -> dict[str, str]:
    keys = (
        {"client_id": "client", "client_secret": "secret"}
        if kind == "oauth"
        else {"username": "user", "secret": "secret"}
    )
    return {**keys, "host": server.url, "token_url": f"{server.url}/oauth2/token"}


def prepare(server: EmarsysServer, kind: str = "oauth") -> None:
    boto3.client("secretsmanager").create_secret(
        Name="emarsys/default", SecretString=json.dumps(secret_of(server, kind))
    )
    configuration: Any = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration=configuration)


def queue_record(export_id: int) -> dict[str, Any]:
    message = sample("done-local")
    message["data"]["export_id"] = export_id
    return {"messageId": str(export_id), "body": json.dumps(message)}


def keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="files").get("Contents", [])]


def download_from(load: Any, server: EmarsysServer, kind: str = "oauth") -> list[dict[str, str]]:
    """What the download reports as failed, of an export 7."""
    prepare(server, kind)
    download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
    failed: list[dict[str, str]] = download.handler({"Records": [queue_record(7)]}, None)["batchItemFailures"]
    return failed


@pytest.mark.parametrize("ignores_offset", [False, True])
@pytest.mark.parametrize("kind", ["oauth", "wsse"])
def test_a_local_export_is_copied_whole_and_asked_for_once(aws, load, kind, ignores_offset):
    plan = {"distribution_method": "local", "rows": 250_000, "ignores_offset": ignores_offset}
    with emarsys(exports={7: plan}) as server:
        assert download_from(load, server, kind) == []
        assert [
            seen.path.rpartition("/export")[2] for seen in server.requests if "oauth" not in seen.path
        ] == ["/7/data"]
    text = boto3.client("s3").get_object(Bucket="files", Key="default/7.csv")["Body"].read().decode()
    lines = text.splitlines()
    assert len(lines) == 250_001
    assert (lines[0].partition(";")[0], lines[1].partition(";")[0], lines[-1].partition(";")[0]) == (
        "user_id",
        "1",
        "250000",
    )


def test_parts_are_as_large_as_s3_wants_them(aws, load, monkeypatch):
    with emarsys(exports={7: {"distribution_method": "local", "rows": 250_000}}) as server:
        prepare(server)
        download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
        monkeypatch.setattr(download, "PART_BYTES", 2_000_000)
        parts = list(download.file_parts(7))
    assert len(parts) > 1
    assert all(len(part) >= 2_000_000 for part in parts[:-1])
    assert len(b"".join(parts).splitlines()) == 250_001


JSON_PAGE = {"replyCode": 0, "replyText": "OK", "data": [{"user_id": "1"}]}
HTML_PAGE = "\n <!doctype html><p>Please sign in"


@pytest.mark.parametrize(
    ("plan", "again", "said"),
    [
        ({"stored_seconds": 0}, False, "no longer stored"),
        ({"timeline": [{"at": 0, "status": "ready"}]}, True, "not finished"),
        ({"distribution_method": "ftp"}, False, "no file to download (4004)"),
        ({"file_name": None}, False, "no file to download (4006)"),
        ({"faults": [{"fault": "data_error"}]}, True, "HTTP 500, replyCode 4007"),
        ({"faults": [{"fault": "redirect"}]}, True, "HTTP 302"),
        ({"faults": [{"reply": {"json": JSON_PAGE}}]}, True, "no CSV but application/json"),
        ({"faults": [{"reply": {"text": json.dumps(JSON_PAGE)}}]}, True, "no CSV but text/html"),
        ({"faults": [{"fault": "html"}]}, True, "no CSV but text/html"),
        ({"faults": [{"fault": "empty"}]}, True, "no CSV but text/html"),
        (
            {"faults": [{"reply": {"headers": {"Content-Type": "text/csv"}, "text": HTML_PAGE}}]},
            True,
            "no CSV but text/csv",
        ),
        (
            {"faults": [{"reply": {"headers": {"Content-Type": "text/csv"}, "json": JSON_PAGE}}]},
            True,
            "no CSV but text/csv",
        ),
        ({"rows": 20_000, "faults": [{"fault": "reset_midway"}]}, True, "broke off"),
        ({"faults": [{"fault": "reset"}]}, True, "broke off"),
    ],
)
def test_what_is_no_whole_csv_leaves_no_file_and_is_tried_again_where_that_helps(
    aws, load, capsys, plan, again, said
):
    with emarsys(exports={7: {"distribution_method": "local", **plan}}) as server:
        failures = download_from(load, server)
    assert failures == ([{"itemIdentifier": "7"}] if again else [])
    assert said in json.loads(capsys.readouterr().out)["message"]
    assert keys() == []
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket="files")


def test_a_file_without_an_end_is_given_up(aws, load, monkeypatch):
    with emarsys(exports={7: {"distribution_method": "local", "faults": [{"fault": "drip"}]}}) as server:
        prepare(server)
        download = load("download", SECRET_ID="emarsys/default", BUCKET="files")
        monkeypatch.setattr(download, "LONGEST_SECONDS", 0.5)
        with pytest.raises(download.NotThereError, match="7 took longer than"):
            list(download.file_parts(7))


OAUTH: dict[str, Any] = {"client_id": "id", "client_secret": "s"}
WSSE: dict[str, Any] = {"username": "user", "secret": "s"}


@pytest.mark.parametrize(
    "content",
    [
        OAUTH,
        WSSE,
        OAUTH | WSSE,
        OAUTH | {"client_secret": "a+b %20:ü"},
        OAUTH | {"host": None, "token_url": None},
        OAUTH | {"host": "", "token_url": ""},
        OAUTH | {"host": "https://suite5.emarsys.net/", "token_url": "https://sso.example.com:8443/a/token"},
        OAUTH | {"host": "https://suite5.emarsys.net//"},
        WSSE | {"host": "http://127.0.0.1:8080"},
        WSSE | {"client_id": None, "client_secret": None},
        WSSE | {"client_id": "", "client_secret": ""},
        WSSE | {"client_id": "id"},
        OAUTH | {"username": 5, "more": [1]},
        {},
        [],
        None,
        "text",
        OAUTH | {"client_secret": ""},
        OAUTH | {"client_secret": None},
        OAUTH | {"client_secret": "s\n"},
        OAUTH | {"client_id": 5},
        WSSE | {"username": 'us"er'},
        WSSE | {"username": "käufer"},
        *(OAUTH | {"host": url} for url in ("h", "http://h", "https://h/path", "https://u:p@h", 5)),
        *(OAUTH | {"token_url": url} for url in ("h/t", "http://h/t", "https://h/t?q=1", 5)),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("begin", ["", "\ufeff"], ids=["bare", "mark"])
def test_a_secret_is_read_as_the_watch_reads_it(load, content, begin):
    module = load("emarsys")
    text = begin + json.dumps(content)
    try:
        expected = asdict(core.parse(text, "emarsys/default", module.HOST, module.TOKEN_URL))
    except CredentialsMissingError:
        with pytest.raises(ValueError, match=r"^the secret "):
            module.credentials(text)
    else:
        expected.pop("made_at", None)
        assert module.credentials(text) == expected


@pytest.mark.parametrize("text", ["", "secret", "{", "[" * 100_000])
def test_a_secret_that_is_no_json_is_refused_and_not_quoted(load, text):
    with pytest.raises(ValueError, match=r"^the secret is no JSON$"):
        load("emarsys").credentials(text)


@pytest.mark.parametrize(
    "given", [3600, 300, "300", 299.5, 0, -1, None, "", "soon", True, [], 1e9, "inf", "nan"]
)
def test_a_tokens_lifetime_is_read_as_the_watch_reads_it(load, given):
    assert load("emarsys").lifetime_seconds(given) == token._lifetime_seconds(given)


@pytest.mark.parametrize(("lifetime", "asked"), [(300, 1), (3600, 1), (1, 2)])
def test_a_token_of_five_minutes_serves_more_than_once(aws, load, monkeypatch, lifetime, asked):
    with emarsys(exports={7: {}}, tokens={"lifetime_seconds": lifetime, "per_minute": 9}) as server:
        prepare(server)
        module = load("emarsys")
        client = module.Emarsys("emarsys/default")
        assert client.call("GET", "export/7").status == 200
        later = module.time.time() + 0.95
        monkeypatch.setattr(module.time, "time", lambda: later)
        client.call("GET", "export/7")
        assert [seen.path for seen in server.requests].count("/oauth2/token") == asked


@pytest.mark.parametrize(
    "reply", [{"http": 401}, {"json": {}}, {"json": []}, {"json": {"access_token": "a b"}}, {"json": None}]
)
def test_without_a_token_nothing_is_asked(aws, load, reply):
    with emarsys(token_faults=[{"reply": {"text": "", **reply}}]) as server:
        prepare(server)
        with pytest.raises((RuntimeError, ValueError)):
            load("emarsys").Emarsys("emarsys/default").call("GET", "export/7")
        assert [seen.path for seen in server.requests] == ["/oauth2/token"]


TEMPLATES = {path.name: yaml_parse(path.read_text("utf-8"))["Resources"] for path in EXAMPLES.glob("*.yaml")}


def of_type(resources: Any, kind: str) -> dict[str, Any]:
    return {name: item.get("Properties", {}) for name, item in resources.items() if item["Type"] == kind}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_what_cannot_be_delivered_is_kept_and_alarms(name):
    resources = TEMPLATES[name]
    events = [
        event["Properties"]
        for function in of_type(resources, "AWS::Serverless::Function").values()
        for event in function["Events"].values()
        if event["Type"] == "SNS"
    ]
    subscriptions = [*of_type(resources, "AWS::SNS::Subscription").values(), *events]
    queues = of_type(resources, "AWS::SQS::Queue")
    sources = [queue for queue in queues.values() if "RedrivePolicy" in queue]
    dead = {arn(of["RedrivePolicy"]["deadLetterTargetArn"]) for of in [*subscriptions, *sources]}
    assert dead <= set(queues)
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    alarmed = {arn(alarm["Dimensions"][0]["Value"]) for alarm in alarms}
    assert alarmed == {queue for queue, of in queues.items() if "RedrivePolicy" not in of}
    for queue in dead:
        assert queues[queue]["MessageRetentionPeriod"] == 1_209_600
    written = {
        arn(statement["Resource"])
        for policy in of_type(resources, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "sns.amazonaws.com"}
    }
    targets = {arn(of["RedrivePolicy"]["deadLetterTargetArn"]) for of in subscriptions}
    endpoints = {arn(of["Endpoint"]) for of in subscriptions if of.get("Protocol") == "sqs"}
    assert written == targets | endpoints


def arn(value: Any) -> str:
    """The logical id that an attribute is taken of."""
    got: str | list[str] = value["Fn::GetAtt"]
    return got.split(".")[0] if isinstance(got, str) else got[0]


@pytest.mark.parametrize("name", ["done-ftp", "stuck-local", "lost"])
def test_the_pipe_makes_an_event_of_each_notification(name):
    [pipe] = of_type(TEMPLATES["event_bus.yaml"], "AWS::Pipes::Pipe").values()
    target = pipe["TargetParameters"]
    message = sample(name)
    made = {
        key: message[path.removeprefix("$.body.")]
        for key, path in target["EventBridgeEventBusParameters"].items()
    }
    assert made == {"Source": message["source"], "DetailType": f"emarsys.export.{message['data']['outcome']}"}
    assert re.fullmatch(r"[/.\-_A-Za-z0-9]{1,256}", made["Source"])  # what EventBridge takes
    assert target["InputTemplate"] == "<$.body>"


def test_a_repeated_notification_is_processed_once(aws, load, capsys):
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
        secrets = {"default": secret_of(server), "back-fill": secret_of(server, "wsse")}
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


def test_an_hourly_export_that_is_late_is_published_before_the_next_one_is_due(hourly_stack, load):
    deployment, _ = hourly_stack
    hourly = load("hourly", SECRET_ID="emarsys/default")
    schedule = function_of("hourly.yaml")["Events"]["EveryHour"]["Properties"]
    event = schedule["Input"].replace("<aws.scheduler.scheduled-time>", "2027-01-15T08:00:00Z")
    export_id = hourly.handler(json.loads(event), None)
    assert deployment.run()
    for delivery in deployment.deliveries:
        body = json.loads(delivery.body)
        EXPORT_CREATED.validate(body)
        assert body["detail"]["expected_seconds"] == hourly.EXPECTED_SECONDS
    [told] = deployment.notifications
    data = told.message["data"]
    assert (data["export_id"], data["outcome"]) == (export_id, "expired")
    assert data["watch"]["elapsed_seconds"] == 3300
    assert data["context"] == {"job": "hourly-contacts", "due": "2027-01-15T08:00:00Z"}


def test_a_back_fill_is_sent_ten_at_a_time_and_whole(hourly_stack, load):
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


def test_an_email_is_sent_for_the_jobs_own_exports_that_are_not_done(aws):
    topic, queue = subscribed("late_exports.yaml", "LateExports")
    publish(topic, ["done-ftp", "expired", "error"], {"job": "hourly-contacts"})
    publish(topic, ["expired"], {"job": "another"})
    assert outcomes(queue) == ["error", "expired"]
