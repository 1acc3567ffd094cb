"""The commands of operations/, run as a shell runs them, against the deployed template."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from samcli.cli.types import CfnParameterOverridesType

from operations import __main__ as command_line
from operations.dead_letters import RECEIVE, sort
from operations.stack import Stack
from tests.world import OAUTH, WSSE, World, timeline

STACK = "emarsys-export-watch"
SLOW = {"timeline": timeline(in_progress=0, done=40)}
ENDLESS = {"timeline": timeline(in_progress=0)}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """Runs a command, `run("watch --export-id 123")`: its exit status, and the lines that it prints, errors last."""
    handlers = {ending: signal.getsignal(ending) for ending in (signal.SIGTERM, signal.SIGHUP)}

    def run_it(line: str, *more: str) -> tuple[int, list[str]]:
        status = command_line.main([*line.split(), *more])
        return status, "".join(capsys.readouterr()).splitlines()

    yield run_it
    for ending, handler in handlers.items():
        signal.signal(ending, handler)


@pytest.fixture
def site(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """A deployed stack whose time passes while a command waits; `meanwhile` is called then."""
    # moto waits by the deployment's clock, which stands still
    monkeypatch.setitem(RECEIVE, "WaitTimeSeconds", 0)

    def make(meanwhile: Callable[[World], None] = lambda here: None, **asked: Any) -> World:
        here = world(**{"stack_name": STACK, "exports": {}, **asked})

        def sleep(seconds: float) -> None:
            pass_time(here, seconds)
            meanwhile(here)

        monkeypatch.setattr("operations.stack.sleep", sleep)
        monkeypatch.setattr(boto3, "client", lambda service, **_: here.stack.client(service))  # made once
        return here

    return make


def pass_time(here: World, seconds: float) -> None:
    here.stack.run(until=here.stack.clock.now() + seconds)


def watched(here: World, *export_ids: int) -> World:
    """A world whose exports have been watched for a minute."""
    here.announce(*({"export_id": export_id} for export_id in export_ids))
    pass_time(here, 60)
    return here


def published(here: World) -> list[str]:
    return sorted(each["message"]["id"] for each in here.published)


def api_calls(here: World) -> list[str]:
    return [seen.path for seen in here.server.requests if seen.path.startswith("/api/")]


# watch

HTML = {"faults": [{"fault": "forbidden_html", "from": 20, "until": 40}]}
NO_STATUS = r"check [2-5]: no status since 2027-01-15T08:00:\d\dZ, which the logs explain, next check "


@pytest.mark.parametrize(
    ("exports", "expected_status", "line", "end"),
    [
        (
            {123: SLOW},
            0,
            "check 1: in progress, next check ",
            "done: ftp://ftp.example.com/exports/export.csv",
        ),
        ({123: SLOW | HTML}, 0, NO_STATUS, "done: "),
        ({123: {"timeline": timeline(ready=0, done=100)}}, 0, "check [2-9]: ready, stuck: ", "done: "),
        (
            {123: {"timeline": timeline(error=0)}},
            1,
            "sent the event",
            "error: Emarsys reports that the export",
        ),
        ({}, 1, "check 1: export_not_found so far, next check ", "rejected: Emarsys knows no export of this"),
    ],
    ids=["done", "no status", "stuck", "error", "unknown"],
)
def test_a_watch_is_followed_to_its_end(site, run, exports, expected_status, line, end):
    here = site(exports=exports, parameters={"StuckAfterSeconds": 60})
    status, said = run("watch --export-id 123 --attempt 2 --expected-seconds 60")
    assert status == expected_status
    assert said[0] == "sent the event of export 123, waiting for its execution default_123_2"
    assert [found for found in said if re.match(line, found)]
    assert said[-1].startswith(end)
    assert list(here.statuses) == ["default_123_2"]


def test_a_failed_check_and_a_stopped_execution_are_said(site, run):
    polls = count()

    def meanwhile(here: World) -> None:
        match next(polls):
            case 5:  # after a check that succeeded
                here.stack.faults.fail("check_export", "TooManyRequestsException", status=429)
            case 70:
                here.stack.stop("default_123")

    site(meanwhile, exports={123: ENDLESS})
    status, said = run("watch --export-id 123")
    assert status == 1
    assert any(line.startswith("the check failed with all its retries: the next one ") for line in said)
    assert said[-1].startswith("lost: the execution is ABORTED")


def test_a_running_watch_is_followed_without_an_event_and_one_that_ended_wants_another_attempt(site, run):
    here = site(exports={123: SLOW})
    here.announce({"export_id": 123})
    pass_time(here, 15)
    status, said = run("watch --export-id 123")
    assert (status, said[0]) == (0, "default_123 is being watched already: following it")
    status, said = run("watch --export-id 123")
    assert status == 1
    again = ".venv/bin/python -m operations watch --export-id 123 --attempt 2"
    assert said[0].startswith("done: ftp://")
    assert said[1:] == [f"default_123 was watched before. To watch it again: {again}"]
    assert len(here.stack.deliveries) == 1


def test_a_further_attempt_asks_for_what_the_one_before_did(site, run):
    here = site(secrets={"shop": OAUTH}, exports={123: {"timeline": timeline(done=0)}}, stack_name="other")
    first = {"distribution_method": "sftp", "expected_seconds": 60, "context": {"job": "nightly"}}
    here.announce({"export_id": 123, "account": "shop", **first})
    here.run()
    assert run("watch --export-id 123 --account shop --attempt 2 --stack other")[0] == 0
    _, said = run("watch --export-id 123 --account shop --stack other")
    again = "watch --export-id 123 --attempt 3 --account shop --stack other"
    assert said[-1].endswith(f": .venv/bin/python -m operations {again}")
    assert run(again)[0] == 0
    assert run("watch --export-id 123 --attempt 4 --account shop --expected-seconds 9 --stack other")[0] == 0
    details = [delivery.event["detail"] for delivery in here.stack.deliveries]
    same = {"export_id": "123", "account": "shop", **first}
    assert details[1:] == [
        same | {"attempt": 2},
        same | {"attempt": 3},
        same | {"attempt": 4, "expected_seconds": 9},
    ]


# check-credentials


@pytest.mark.parametrize(("secret", "path"), [(WSSE, "/api/v2/export/1"), (OAUTH, "/api/v3/export/1")])
def test_credentials_that_emarsys_accepts_are_well_and_wsse_ends(site, run, secret, path):
    here = site(secret=secret)
    status, said = run("check-credentials")
    assert (status, said[0].partition(":")[0]) == (0, "All is well")
    assert ("ends with the year 2026" in said[-1]) == (secret is WSSE)
    assert api_calls(here) == [path]


@pytest.mark.parametrize(
    ("secret", "http", "expected"),
    [
        (WSSE | {"secret": "planted-wrong"}, None, "Check the account's API credentials"),
        (OAUTH | {"client_secret": "planted-wrong"}, None, "Check client_id and client_secret"),
        (OAUTH, 401, "Check the account's API credentials"),
        (WSSE, 403, "Grant the permission export.status"),
        (WSSE, 404, "Check that the Emarsys host is right"),
        (WSSE, 429, "try again in a few minutes"),
    ],
)
def test_what_is_wrong_with_credentials_is_said_with_what_to_do_and_no_secret(
    site, run, secret, http, expected
):
    here = site(secret=secret, faults=[{"reply": {"http": http}}] if http else [])
    status, [said] = run("check-credentials")
    assert (status, expected in said, "planted" in said) == (1, True, False)
    assert ("emarsys/default" in said) == (http != 429)
    assert len(api_calls(here)) <= 1


# delete


@pytest.mark.parametrize("bus", ["default", "exports"])
def test_a_stack_goes_when_its_watches_are_stopped_and_published_as_lost(site, run, monkeypatch, bus):
    """Also those of events that were sent just before; events that are sent all the while start none."""
    more = iter(range(100, 200))
    exports = {1: ENDLESS, 2: {}, 3: ENDLESS}
    here = site(
        lambda here: here.announce({"export_id": next(more)}),
        exports=exports,
        parameters={"EventBusName": bus},
    )
    # What a rule on a bus of one's own is called by CloudFormation, if not by moto.
    names = Stack(STACK).physical_id
    monkeypatch.setattr(
        Stack, "physical_id", lambda _, of: f"{bus}|" * (of == "ExportCreatedRule") + names(of)
    )
    watched(here, 1, 2).announce({"export_id": 3})
    status, said = run("delete --yes")
    assert (status, said[0]) == (0, "running: default_1")
    assert said[-1].startswith(f"deleted {STACK} with its logs, but not the secrets")
    assert published(here) == ["default_1/lost", "default_2/done", "default_3/lost"]
    assert set(here.statuses) == {"default_1", "default_2", "default_3"}
    assert f"there is no stack {STACK} in eu-central-1" in run("delete --yes")[1][-1]
    assert len(boto3.client("secretsmanager").list_secrets()["SecretList"]) == 1


def test_a_lost_that_is_not_yet_published_is_before_the_stack_goes(site, run):
    here = watched(site(exports={1: ENDLESS}), 1)
    here.stack.faults.fail("sns.Publish", until=here.stack.clock.now() + 400)
    here.stack.stop("default_1")
    assert run("delete --yes")[0] == 0
    assert published(here) == ["default_1/lost"]


def test_nothing_is_stopped_without_a_yes(site, run, monkeypatch):
    here = watched(site(exports={1: ENDLESS}), 1)
    monkeypatch.setattr("operations.delete.Confirm.ask", lambda question: False)
    assert run("delete") == (1, ["running: default_1"])
    assert here.statuses == {"default_1": "RUNNING"}
    assert listens(here)


@pytest.mark.parametrize(
    ("wrong", "begun", "expected"),
    [
        ("sns.Publish", True, "it is in the dead-letter queue"),
        ("stepfunctions.StartExecution", False, "it is in the dead-letter queue"),
        ("no queue is read", True, "1 `lost` to be published, so the stack is not deleted"),
        (
            "no queue is read",
            False,
            "1 export-created events to be watched, so the stack is not deleted: docs/runb",
        ),
        ("cloudformation.DeleteStack", True, "AWS refuses: An error occurred (AccessDenied)"),
    ],
)
def test_a_stack_whose_watches_cannot_end_well_stays_and_listens(
    site, run, monkeypatch, wrong, begun, expected
):
    monkeypatch.setattr("operations.delete.POLL_SECONDS", 150)
    here = site(exports={1: ENDLESS})
    if begun:
        watched(here, 1)
    if wrong == "no queue is read":
        here.stack.sources.clear()
    else:
        here.stack.faults.fail(wrong, "AccessDenied", status=403)
    if not begun:
        here.announce({"export_id": 1})
    status, said = run("delete --yes")
    assert (status, expected in said[-1]) == (1, True)
    assert said[-2] == "the stack stays, and export-created events start watches again"
    assert listens(here)


def test_a_stack_that_is_protected_is_left_alone(site, run):
    here = site()
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    protected = {"Stacks": [{**stack, "EnableTerminationProtection": True}]}  # moto cannot protect one
    here.stack.faults.answer("cloudformation.DescribeStacks", lambda: protected)
    assert "update-termination-protection --no-enable" in run("delete --yes")[1][-1]
    assert listens(here)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_meanwhile_leaves_a_stack_that_listens(site, run, ending):
    here = site(lambda here: os.kill(os.getpid(), ending))
    signal.signal(ending, signal.SIG_DFL)
    status, said = run("delete --yes")
    assert status == command_line.EXIT_INTERRUPTED
    assert said[-2] == "the stack stays, and export-created events start watches again"
    assert listens(here)


def test_a_rule_that_cannot_be_enabled_again_is_named_with_the_command_that_does_it(site, run):
    here = site()
    for operation in ("events.EnableRule", "cloudformation.DeleteStack"):
        here.stack.faults.fail(operation, "ExpiredTokenException")
    _, said = run("delete --yes")
    assert not listens(here)
    command = re.search(r"aws events enable-rule --name (\S+) --event-bus-name (\S+)$", said[-2])
    assert command
    here.stack.faults.clear()
    boto3.client("events").enable_rule(Name=command[1], EventBusName=command[2])
    assert listens(here)


def listens(here: World) -> bool:
    rules = here.stack.client("events").list_rules(EventBusName="default")["Rules"]
    return bool(Stack(STACK).arn) and {rule["State"] for rule in rules} == {"ENABLED"}


# dead-letters and redrive


def test_the_messages_of_the_dead_letter_queue_are_listed_sent_back_or_deleted(site, run):
    here = watched(site(exports={1: ENDLESS, 5: {}}), 1)
    here.stack.faults.fail("stepfunctions.StartExecution")
    here.stack.faults.fail("sns.Publish", matches=lambda call: '"lost"' in call["Message"])
    here.announce({"export_id": 0}, {"export_id": 5})
    here.stack.stop("default_1")
    pass_time(here, 3600)
    here.stack.faults.clear()
    denied: Any = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": "denied"}}
    boto3.client("sqs").send_message(
        QueueUrl=here.stack.outputs["DeadLetterQueueUrl"], MessageBody="{}", MessageAttributes=denied
    )
    status, said = run("dead-letters")
    assert status == 1
    listed = [said[at : at + 4] for at in range(0, len(said), 4)]
    ids = {what.split()[1]: to_paste.split()[-1] for what, *_, to_paste in listed}
    long_ago, now = "2027-01-15T08:01:00Z", "2027-01-15T09:01:00Z"
    refused = f"{long_ago} refused event of 'sandbox': `export_id` is 0; it must be a positive integer of"
    unknown = f"{now} no EventBridge event (EventBridge could not deliver it: denied)"
    right = f"{long_ago} event of 'sandbox': default_5 is not watched yet"
    lost = f"{long_ago} lost watch default_1 is not published yet"
    cause = "    fix the cause (docs/runbooks/dead-letter-queue.md), then:"
    command = "    .venv/bin/python -m operations"
    expected = {
        "refused": (refused, '    {"export_id": 0}', "    have its sender send a right one, then:"),
        "no": (unknown, '    "{}"', "    find out who sends to this queue, then:"),
        "event": (right, '    {"export_id": 5}', cause),
        "lost": (lost, '    {"executionArn": "arn:aws:states:eu-central-1:', cause),
    }
    assert len(listed) == len(ids) == len(expected)
    for kind, message_id in ids.items():
        [shown] = [lines for lines in listed if lines[0].split()[1] == kind]
        assert [line[: len(start)] for line, start in zip(shown, expected[kind], strict=False)] == [
            *expected[kind]
        ]
        to_do = "redrive" if shown[2] == cause else f"dead-letters --delete {message_id}"
        assert shown[3] == f"{command} {to_do}"
        assert len(shown[1]) <= 4 + 1000

    pass_time(here, 0.01)  # what was listed is visible again at once, that is, a moment later
    status, said = run("redrive")
    assert status == 1
    assert sorted(said[:2]) == [f"sent back to InboxQueue: {right}", f"sent back to LostWatchQueue: {lost}"]
    assert said[2:] == [
        "what fails again returns in a quarter of an hour",
        "2 would be refused again: .venv/bin/python -m operations dead-letters says why",
    ]
    here.run()
    assert published(here) == ["default_1/lost", "default_5/done"]

    for kind, what, left in (("refused", refused, 1), ("no", unknown, 0)):
        pass_time(here, 0.01)
        status, said = run(f"dead-letters --delete {ids[kind]}")
        assert (status, said[0].startswith(what), said[1:]) == (0, True, [f"deleted; {left} left"])
    assert run("redrive") == (0, ["the dead-letter queue has no message"])


@pytest.mark.parametrize("command", ["redrive", "dead-letters"])
def test_messages_that_someone_else_is_reading_are_not_called_none(site, run, command):
    url = site().stack.outputs["DeadLetterQueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    boto3.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=60)
    status, said = run(command)
    assert status == 1
    assert said[-1] == "1 more could not be read: someone else is reading them. Run this again in a minute"


@pytest.mark.parametrize(
    "body",
    [
        *("no JSON", "[]", '{"detail-type": "Other", "source": "x"}'),
        '{"detail-type": "Step Functions Execution Status Change", "source": "x"}',
    ],
)
def test_a_message_of_another_kind_is_for_nobody(body):
    *_, queue = sort(body, 86_400)
    assert queue is None


# logs


def test_lines_about_trouble_are_shown_in_the_order_of_time(site, run, monkeypatch):
    site()
    refused = {"level": "ERROR", "account": "shop"}
    metrics = {"_aws": {}, "ERROR": 1, "execution": "default_5"}
    crash = {"level": "WARNING", "message": "skipped", "exception": "Traceback:\nKeyError: 'id'\n"}
    lines = {
        "StartWatchLogGroup": [(3000, f"{request} timed out\n") for request in (uuid4(), uuid4())],
        "CheckExportLogGroup": [
            (
                at,
                json.dumps(
                    refused | {"message": f"refused: check again in {at} s", "execution": f"shop_{at}"}
                ),
            )
            for at in range(1000, 1025)
        ],
        "ReportLostWatchLogGroup": [(1500, json.dumps(crash)), (9000, json.dumps(metrics))],
    }
    groups = {Stack(STACK).physical_id(group): lines[group] for group in lines}
    asked = set()

    def paginate(**call: Any) -> list[dict[str, Any]]:
        asked.add((call["filterPattern"], call["startTime"]))
        events = [{"timestamp": at, "message": text} for at, text in groups[call["logGroupName"]]]
        return [{"events": events}]

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    monkeypatch.setattr("operations.logs.boto3", SimpleNamespace(client=lambda _: client))
    monkeypatch.setattr("operations.logs.time.time", lambda: 7200)
    latest = ", ".join(f"shop_{at}" for at in range(1005, 1025))
    once, start = "1970-01-01T00:00:01Z", "1970-01-01T00:00:03Z StartWatch"
    assert [re.sub(r"\S{36} ", "", line) for line in run("logs")[1]] == [
        f"{once} CheckExport {latest} and 5 more ERROR refused: check again in 1024 s (25 times since {once})",
        f"{once} ReportLostWatch WARNING skipped KeyError: 'id'",
        f"{start} timed out (2 times since 1970-01-01T00:00:03Z)",
    ]
    run("logs --hours 2 --execution default_5")
    assert asked == {("?ERROR ?WARNING ?timed ?killed", 3_600_000), ('{ $.execution = "default_5" }', 0)}


# resource and failures


def test_a_resource_is_printed_as_aws_calls_it(site, run):
    here = site()
    assert run("resource NotificationTopic") == (0, [here.stack.outputs["NotificationTopicArn"]])
    assert run("resource InboxQueue") == (0, [here.stack.outputs["InboxQueueUrl"]])


def test_why_the_last_steps_of_running_watches_failed_is_a_line_for_each_watch(site, run):
    here, times = site(exports={1: ENDLESS, 2: ENDLESS}), 2
    assert run("failures") == (0, ["none of the last steps of 0 watches that are RUNNING failed"])
    here.stack.faults.fail(
        "check_export", "TooManyRequestsException", status=429, message="Rate\nexceeded. " * times
    )
    watched(here, 1, 2)
    status, said = run("failures")
    assert (status, len(said)) == (0, 2)
    for line, watch in zip(sorted(said, key=lambda line: line.split()[1]), (1, 2), strict=True):
        what = f"default_{watch} lambda Lambda.TooManyRequestsException Rate exceeded. Rate"
        assert re.match(rf"2027-01-15T08:0\d:\d\dZ {what}", line)
        assert len(line) < 400
    here.stack.stop("default_1", "Drill", "to see it")
    pass_time(here, 1)
    [*_, line] = run("failures --status ABORTED")[1]
    assert line.endswith("Z default_1 execution Drill to see it"), run("failures --status ABORTED")


# parameters and check-deployment


def offered(said: list[str]) -> dict[str, str]:
    """What SAM reads from the option that is printed."""
    option, *given = said[0].split()
    assert option == "--parameter-overrides"
    read: dict[str, str] = CfnParameterOverridesType().convert(tuple(given), None, None)
    return read


def test_sam_is_given_what_is_deployed_and_over_it_what_a_file_says(site, run, tmp_path):
    alarms = "arn:aws:sns:eu-central-1:123456789012:alarms"
    site(parameters={"AlarmTopicArn": alarms, "DeadlineSeconds": "3600", "CheckCostSeconds": "2.5"})
    deployed = {name: value for name, value in Stack(STACK).parameters.items() if value}
    assert (deployed["AlarmTopicArn"], deployed["DeadlineSeconds"]) == (alarms, "3600")
    assert offered(run("parameters")[1]) == deployed
    file = tmp_path / "parameters"
    file.write_text("# of the test account\n\nSubscriberAccounts=1,2\nDeadlineSeconds=7200\nAlarmTopicArn=\n")
    given = {"SubscriberAccounts": "1,2", "DeadlineSeconds": "7200", "AlarmTopicArn": ""}
    assert offered(run("parameters --file", str(file))[1]) == deployed | given
    assert run("parameters --stack elsewhere") == (0, [""])  # before the first deployment: SAM's own defaults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MinWaitSeconds=901", "MinWaitSeconds (901) is above MaxWaitSeconds (900)"),
        ("MaxWaitSeconds=9", "MinWaitSeconds (10) is above MaxWaitSeconds (9)"),
        ("CredentialsPrefix", "a line that is not Name=value"),
        ("CredentialsPrefix=$(id)", "a line that is not Name=value"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_parameters_that_cannot_be_deployed_is_refused(site, run, tmp_path, text, expected):
    site()
    file = tmp_path / "parameters"
    if text:
        file.write_text(text)
    status, [said] = run("parameters --stack elsewhere --file", str(file))
    assert (status, expected in said) == (1, True)


def test_a_wrong_pair_that_was_answered_to_sam_is_refused_right_after_the_deployment(site, run):
    site(parameters={"MinWaitSeconds": "20", "MaxWaitSeconds": "10"})
    status, [said] = run("check-deployment")
    assert (status, said.partition(":")[0]) == (1, "MinWaitSeconds (20) is above MaxWaitSeconds (10)")


# What any command may refuse.


def test_a_command_that_cannot_go_on_says_why(site, run):
    here = site()
    assert run("check-deployment") == (0, [])
    here.stack.put_secret("Shop_DE", WSSE)
    template = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    boto3.client("cloudformation").create_stack(StackName="half", TemplateBody=template)
    here.stack.sources.clear()
    for command, expected in {
        "watch --export-id abc": "`export_id` is 'abc'",
        "watch --export-id 1 --expected-seconds 0": "`expected_seconds` is 0",
        "watch --export-id 1": "`.venv/bin/python -m operations dead-letters` say why",
        "check-credentials --account other": "there is no secret emarsys/other. Create it: aws secretsmanager "
        """create-secret --name emarsys/other --secret-string '{"client_id": "…", "client_secret": "…"}'""",
        "resource Nothing": f"the stack {STACK} has no resource Nothing",
        "check-credentials --account Shop_DE": "`account` is 'Shop_DE'; it must be 1 to 32 of a-z",
        "dead-letters --delete abc": "no message abc can be read now",
        "logs --stack half": "aws cloudformation delete-stack --stack-name half",
        "delete --stack elsewhere --yes": "there is no stack elsewhere in eu-central-1: name yours by --stack",
    }.items():
        status, said = run(command)
        assert (status, expected in said[-1]) == (1, True), said


KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_MAX_ATTEMPTS": "1"}
NOWHERE = {**KEYS, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("environment", "command", "expected"),
    [
        ({}, ["delete --yes"], "there is no AWS region: set AWS_REGION to that of the stack, or "),
        ({"AWS_REGION": "eu-west-1"}, ["delete --yes"], "there are no AWS credentials"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, ["delete --yes"], "there are no AWS credentials"),
        (NOWHERE, ["delete --yes"], "cannot reach AWS: "),
    ],
    ids=["region", "credentials", "default region", "network"],
)
def test_what_is_missing_before_aws_is_asked_is_named(run, monkeypatch, environment, command, expected):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nothing = {
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in {**nothing, **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    status, [said] = run(*command)
    assert (status, said.startswith(expected)) == (1, True)
