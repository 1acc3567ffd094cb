"""The commands of operations/, run as a shell runs them, against the deployed template."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from samcli.cli.types import CfnParameterOverridesType

from operations import __main__ as command_line
from operations.dead_letters import RECEIVE, sort
from operations.stack import Stack
from tests.world import OAUTH, WSSE, World, timeline

SLOW = {"timeline": timeline(in_progress=0, done=60)}
ENDLESS = {"timeline": timeline(in_progress=0)}


@dataclass(frozen=True)
class Ended:
    status: int
    said: list[str]
    problem: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ended]]:
    """Runs a command: `run("watch --export-id 123")`."""
    handlers = {ending: signal.getsignal(ending) for ending in (signal.SIGTERM, signal.SIGHUP)}

    def run_it(*arguments: str) -> Ended:
        [line, *more] = arguments
        status = command_line.main([*line.split(), *more])
        printed = capsys.readouterr()
        return Ended(status, printed.out.splitlines(), printed.err)

    yield run_it
    for ending, handler in handlers.items():
        signal.signal(ending, handler)


@pytest.fixture
def site(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """A deployed stack, as the commands name it, whose time passes while they wait; `meanwhile` is called then."""

    def make(meanwhile: Callable[[World], None] = lambda here: None, **asked: Any) -> World:
        here = world(**{"stack_name": "emarsys-export-watch", "exports": {}, **asked})

        def sleep(seconds: float) -> None:
            pass_time(here, seconds)
            meanwhile(here)

        monkeypatch.setattr("operations.stack.sleep", sleep)
        monkeypatch.setitem(
            RECEIVE, "WaitTimeSeconds", 0
        )  # moto waits by the deployment's clock, which stands still
        return here

    return make


def pass_time(here: World, seconds: float) -> None:
    here.stack.run(until=here.stack.clock.now() + seconds)


def published(here: World) -> list[str]:
    return sorted(told["message"]["id"] for told in here.told)


# watch


@pytest.mark.parametrize(
    ("plan", "options", "status", "said", "end"),
    [
        (SLOW, "", 0, "check 1: in progress, next check ", "done: ftp://ftp.example.com/exports/export.csv"),
        (
            None,
            "",
            1,
            "check 1: export_not_found so far, next check ",
            "rejected: Emarsys knows no export of this",
        ),
        (
            {"timeline": timeline(error=0)},
            "--attempt 2",
            1,
            "sent the event",
            "error: Emarsys reports that the export",
        ),
        ({"timeline": timeline(ready=0, done=200)}, "", 0, r"check \d: ready, stuck: ", "done: "),
        (
            {**SLOW, "faults": [{"fault": "forbidden_html", "from": 20, "until": 60}]},
            "--expected-seconds 30",
            0,
            r"check \d: no status, the log of CheckExportFunction says why, next check ",
            "done: ",
        ),
    ],
    ids=["done", "unknown", "error", "stuck", "no status"],
)
def test_a_watch_is_followed_to_its_end(site, run, plan, options, status, said, end):
    here = site(exports={123: plan} if plan else {}, parameters={"StuckAfterSeconds": 60})
    ended = run(f"watch --export-id 123 {options}")
    assert ended.status == status
    assert ended.said[0].startswith("sent the event of export 123, waiting for its execution default_123")
    assert [line for line in ended.said if re.match(said, line)]
    assert ended.said[-1].startswith(end)
    assert list(here.statuses) == [f"default_123{'_2' if options == '--attempt 2' else ''}"]


def test_a_failed_check_and_a_stopped_execution_are_said(site, run):
    polls = iter(range(100))

    def stop(here: World) -> None:
        if next(polls) == 70:
            here.stack.stop("default_123")

    here = site(stop, exports={123: ENDLESS})
    here.stack.faults.fail("check_export", "TooManyRequestsException", status=429)
    ended = run("watch --export-id 123")
    assert ended.status == 1
    assert any(said.startswith("the check failed with all its retries: the next one ") for said in ended.said)
    assert ended.said[-1].startswith("lost: the execution is ABORTED")


def test_a_running_watch_is_followed_without_an_event_and_one_that_ended_wants_another_attempt(site, run):
    here = site(exports={123: SLOW})
    here.announce({"export_id": 123})
    pass_time(here, 15)
    ended = run("watch --export-id 123")
    assert ended.status == 0
    assert ended.said[0] == "default_123 is being watched already: following it"
    assert "say 2" in run("watch --export-id 123").problem
    assert len(here.stack.deliveries) == 1


# check-credentials


@pytest.mark.parametrize(("secret", "path"), [(WSSE, "/api/v2/export/1"), (OAUTH, "/api/v3/export/1")])
def test_credentials_that_emarsys_accepts_are_well_and_wsse_ends(site, run, secret, path):
    here = site(secret=secret)
    ended = run("check-credentials")
    assert ended.status == 0
    assert ended.said[0].startswith("All is well: ")
    assert ("ends with the year 2026" in ended.said[-1]) == (secret is WSSE)
    assert [seen.path for seen in here.server.requests if seen.path.startswith("/api/")] == [path]


@pytest.mark.parametrize(
    ("secret", "http", "expected"),
    [
        ({"username": "user", "secret": "planted-wrong"}, None, "Check the account's API credentials"),
        ({**OAUTH, "client_secret": "planted-wrong"}, None, "Check client_id and client_secret"),
        (WSSE, 403, "Grant the permission export.status"),
        (OAUTH, 401, "Check the account's API credentials"),
        (WSSE, 429, "try again in a few minutes"),
        (WSSE, 503, "Check that the Emarsys host is right"),
        (WSSE, 404, "Check that the Emarsys host is right"),
    ],
)
def test_what_is_wrong_with_credentials_is_said_with_what_to_do_and_without_a_secret(
    site, run, secret, http, expected
):
    here = site(secret=secret, faults=[{"reply": {"http": http}}] if http else [])
    ended = run("check-credentials")
    assert ended.status == 1
    assert expected in ended.problem
    assert "planted" not in ended.problem
    assert len([seen for seen in here.server.requests if seen.path.startswith("/api/")]) <= 1


# delete


@pytest.mark.parametrize("bus", ["default", "exports"])
def test_a_stack_goes_when_its_watches_are_stopped_and_published_as_lost(site, run, bus):
    """Also those of events that were sent just before; events that are sent all the while start none."""
    more = iter(range(100, 200))
    here = site(
        lambda here: here.announce({"export_id": next(more)}),
        exports={1: ENDLESS, 2: {}, 3: ENDLESS},
        parameters={"EventBusName": bus},
    )
    here.announce({"export_id": 1}, {"export_id": 2})
    pass_time(here, 120)
    here.announce({"export_id": 3})
    ended = run("delete --yes")
    assert ended.status == 0
    assert ended.said[0] == "running: default_1"
    assert ended.said[1].startswith("1 export-created events are in the inbox")
    assert "the secrets emarsys/…" in ended.said[-1]
    assert published(here) == ["default_1/lost", "default_2/done", "default_3/lost"]
    assert set(here.statuses) == {"default_1", "default_2", "default_3"}
    assert "there is no stack emarsys-export-watch in eu-central-1" in run("delete --yes").problem
    assert len(boto3.client("secretsmanager").list_secrets()["SecretList"]) == 1


def test_a_lost_that_is_not_yet_published_is_before_the_stack_goes(site, run):
    here = site(exports={1: ENDLESS})
    here.announce({"export_id": 1})
    pass_time(here, 60)
    here.stack.faults.fail("sns.Publish", until=here.stack.clock.now() + 400)
    here.stack.stop("default_1")
    assert run("delete --yes").status == 0
    assert published(here) == ["default_1/lost"]


def test_nothing_is_stopped_without_a_yes(site, run, monkeypatch):
    here = site(exports={1: ENDLESS})
    here.announce({"export_id": 1})
    pass_time(here, 60)
    monkeypatch.setattr("operations.delete.Confirm.ask", lambda question: False)
    assert run("delete").status == 1
    assert here.statuses == {"default_1": "RUNNING"}
    assert listens(here)


def fail_lost(here: World) -> None:
    here.stack.faults.fail("sns.Publish", matches=lambda call: '"lost"' in call["Message"])


def fail_start(here: World) -> None:
    here.stack.faults.fail("stepfunctions.StartExecution", "ThrottlingException", status=400)


def forbid_deletion(here: World) -> None:
    here.stack.faults.fail("cloudformation.DeleteStack", "AccessDenied", status=403)


def read_no_queue(here: World) -> None:
    here.stack.sources.clear()


@pytest.mark.parametrize(
    ("watched_seconds", "wrong", "expected"),
    [
        (60, fail_lost, "it is in the dead-letter queue"),
        (0, fail_start, "it is in the dead-letter queue"),
        (60, read_no_queue, "1 `lost` to be published, so the stack is not deleted"),
        (
            0,
            read_no_queue,
            "1 export-created events to be watched, so the stack is not deleted: docs/runbooks/inbox",
        ),
        (60, forbid_deletion, "AWS refuses: An error occurred (AccessDenied)"),
    ],
)
def test_a_stack_whose_watches_cannot_end_well_stays_and_listens(
    site, run, monkeypatch, watched_seconds, wrong, expected
):
    monkeypatch.setattr("operations.delete.POLL_SECONDS", 150)
    here = site(exports={1: ENDLESS})
    if watched_seconds:
        here.announce({"export_id": 1})
        pass_time(here, watched_seconds)
        wrong(here)
    else:
        wrong(here)
        here.announce({"export_id": 1})
    ended = run("delete --yes")
    assert ended.status == 1
    assert expected in ended.problem
    assert ended.said[-1] == "the stack stays, and export-created events start watches again"
    assert listens(here)


def test_a_stack_that_is_protected_is_left_alone(site, run):
    here = site()
    [stack] = boto3.client("cloudformation").describe_stacks(StackName="emarsys-export-watch")["Stacks"]
    protected = {"Stacks": [{**stack, "EnableTerminationProtection": True}]}  # moto cannot protect one
    here.stack.faults.answer("cloudformation.DescribeStacks", lambda: protected)
    assert "update-termination-protection --no-enable" in run("delete --yes").problem
    assert listens(here)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_meanwhile_leaves_a_stack_that_listens(site, run, ending):
    here = site(lambda here: os.kill(os.getpid(), ending))
    signal.signal(ending, signal.SIG_DFL)
    ended = run("delete --yes")
    assert ended.status == command_line.EXIT_INTERRUPTED
    assert "the stack stays, and export-created events start watches again" in ended.said
    assert listens(here)


def test_a_rule_that_cannot_be_enabled_again_is_named_with_the_command_that_does_it(site, run):
    here = site()
    here.stack.faults.fail("events.EnableRule", "ExpiredTokenException")
    forbid_deletion(here)
    said = run("delete --yes").said[-1]
    assert not listens(here)
    command = re.search(r"aws events enable-rule --name (\S+) --event-bus-name (\S+)$", said)
    assert command
    here.stack.faults.clear()
    boto3.client("events").enable_rule(Name=command[1], EventBusName=command[2])
    assert listens(here)


def listens(here: World) -> bool:
    rules = here.stack.client("events").list_rules(EventBusName="default")["Rules"]
    return bool(Stack("emarsys-export-watch").outputs) and {rule["State"] for rule in rules} == {"ENABLED"}


# dead-letters and redrive


def test_the_messages_of_the_dead_letter_queue_are_listed_sent_back_or_deleted(site, run):
    here = site(exports={5: {}})
    fail_start(here)
    here.announce({"export_id": 0}, {"export_id": 5})
    here.run()
    here.stack.faults.clear()
    boto3.client("stepfunctions").start_execution(
        stateMachineArn=here.stack.outputs["StateMachineArn"], name="by-hand", input="{}"
    )
    here.run()
    denied: Any = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": "denied"}}
    boto3.client("sqs").send_message(
        QueueUrl=here.stack.outputs["DeadLetterQueueUrl"], MessageBody="{}", MessageAttributes=denied
    )

    listed = run("dead-letters")
    assert listed.status == 1
    ids, whats = zip(*(said.split(": ", 1) for said in listed.said), strict=True)
    wrong, right, by_hand, other = whats
    assert wrong.startswith("refused event of 'sandbox': `export_id` is 0")
    assert wrong.endswith(f"; then: dead-letters --delete {ids[0]}")
    assert right == "event of 'sandbox': default_5 is not watched yet; fix the cause, then: redrive"
    assert by_hand.startswith("failed execution that was no watch: ")
    assert "(EventBridge could not deliver it: denied)" in other

    pass_time(here, 0.01)  # what was listed is visible again at once, that is, a moment later
    sent = run("redrive")
    assert sent.status == 1
    assert f"stays: {wrong}" in sent.said
    assert "sent back to InboxQueue: event of 'sandbox': default_5 is not watched yet" in sent.said
    here.run()
    assert here.statuses["default_5"] == "SUCCEEDED"

    for at, status in ((0, 1), (2, 1), (3, 0)):
        pass_time(here, 0.01)
        assert run(f"dead-letters --delete {ids[at]}").status == status
    assert run("redrive").said[-1] == "the dead-letter queue has no message"


def test_a_lost_that_could_not_be_published_is_published_after_a_redrive(site, run):
    here = site(exports={1: ENDLESS})
    here.announce({"export_id": 1})
    pass_time(here, 60)
    here.stack.faults.fail("sns.Publish", until=here.stack.clock.now() + 1000)
    here.stack.stop("default_1")
    here.run()
    ended = run("redrive")
    assert ended.status == 0
    assert ended.said[0] == "sent back to LostWatchQueue: lost watch default_1 is not published yet"
    here.run()
    assert published(here) == ["default_1/lost"]


@pytest.mark.parametrize("command", ["redrive", "dead-letters"])
def test_messages_that_someone_else_is_reading_are_not_called_none(site, run, command):
    here = site()
    url = here.stack.outputs["DeadLetterQueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    boto3.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=60)
    ended = run(command)
    assert ended.status == 1
    assert ended.said[-1].startswith(
        "1 more could not be read: someone else is reading them. Run this again in"
    )


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"detail-type": "Other", "source": "x"}'])
def test_a_message_of_another_kind_is_for_nobody(body):
    _, queue = sort(body, 86_400)
    assert queue is None


# logs


def test_lines_about_trouble_are_shown_in_the_order_of_time(site, run, monkeypatch):
    site()
    lines = {
        "StartWatchLogGroup": (3000, "timed out\n"),
        "CheckExportLogGroup": (2000, '{"level": "ERROR", "message": "line 1", "execution": "default_5"}'),
        "ReportLostWatchLogGroup": (1000, '{"level": "WARNING", "message": "line 2"}'),
    }
    groups = {Stack("emarsys-export-watch").physical_id(group): lines[group] for group in lines}
    asked = []

    def paginate(**call: Any) -> list[dict[str, Any]]:
        asked.append((call["filterPattern"], call["startTime"]))
        timestamp, message = groups[call["logGroupName"]]
        return [{"events": [{"timestamp": timestamp, "message": message}]}]

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    monkeypatch.setattr("operations.logs.boto3", SimpleNamespace(client=lambda _: client))
    monkeypatch.setattr("operations.logs.time.time", lambda: 7200)
    assert run("logs").said == [
        "1970-01-01T00:00:01Z ReportLostWatch WARNING line 2",
        "1970-01-01T00:00:02Z CheckExport ERROR default_5 line 1",
        "1970-01-01T00:00:03Z StartWatch timed out",
    ]
    run("logs --hours 2 --execution default_5")
    assert set(asked) == {
        ("?ERROR ?WARNING ?timed ?killed", 3_600_000),
        ('{ $.execution = "default_5" }', 0),
    }


# parameters and check-deployment


def offered(ended: Ended) -> dict[str, str]:
    """What SAM reads from the option that is printed."""
    [line] = ended.said
    option, *given = line.split()
    assert option == "--parameter-overrides"
    read: dict[str, str] = CfnParameterOverridesType().convert(tuple(given), None, None)
    return read


def test_sam_is_given_what_is_deployed_and_over_it_what_a_file_says(site, run, tmp_path):
    alarms = "arn:aws:sns:eu-central-1:123456789012:alarms"
    site(parameters={"AlarmTopicArn": alarms, "DeadlineSeconds": "3600", "CheckCostSeconds": "2.5"})
    deployed = Stack("emarsys-export-watch").parameters
    assert offered(run("parameters")) == {name: value for name, value in deployed.items() if value}
    assert (deployed["AlarmTopicArn"], deployed["DeadlineSeconds"]) == (alarms, "3600")
    file = tmp_path / "parameters"
    file.write_text("# of the test account\n\nSubscriberAccounts=1,2\nDeadlineSeconds=7200\nAlarmTopicArn=\n")
    changed = offered(run("parameters --file", str(file)))
    given = {"SubscriberAccounts": "1,2", "DeadlineSeconds": "7200", "AlarmTopicArn": ""}
    assert {name: changed[name] for name in given} == given
    assert changed["CheckCostSeconds"] == "2.5"
    assert run("parameters --stack elsewhere").said == [""]  # before the first deployment: SAM's own defaults


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
    assert expected in run("parameters --stack elsewhere --file", str(file)).problem


def test_a_wrong_pair_that_was_answered_to_sam_is_refused_right_after_the_deployment(site, run):
    site(parameters={"MinWaitSeconds": "20", "MaxWaitSeconds": "10"})
    assert "MinWaitSeconds (20) is above MaxWaitSeconds (10)" in run("check-deployment").problem


# What any command may refuse.


def test_a_command_that_cannot_go_on_says_why(site, run):
    here = site()
    assert run("check-deployment") == Ended(0, [], "")
    here.stack.put_secret("Shop_DE", WSSE)
    boto3.client("cloudformation").create_stack(
        StackName="half", TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    )
    here.stack.sources.clear()
    for line, expected in (
        ("watch --export-id abc", "`export_id` is 'abc'"),
        ("watch --export-id 1 --expected-seconds 0", "`expected_seconds` is 0"),
        ("watch --export-id 1", "`python -m operations dead-letters --stack emarsys-export-watch` say why"),
        ("check-credentials --account other", "there is no secret emarsys/other"),
        ("check-credentials --account Shop_DE", "`account` is 'Shop_DE'; it must be 1 to 32 of a-z"),
        ("dead-letters --delete abc", "there is no message abc"),
        ("logs --stack half", "aws cloudformation delete-stack --stack-name half"),
        ("delete --stack elsewhere --yes", "there is no stack elsewhere in eu-central-1"),
    ):
        ended = run(line)
        assert (ended.status, expected in ended.problem) == (1, True), ended


KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_MAX_ATTEMPTS": "1"}


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        ({}, ["watch", "--export-id", ""], "say which export to watch: make watch EXPORT_ID=123"),
        ({}, ["delete", "--yes"], "set AWS_REGION"),
        ({"AWS_REGION": "eu-west-1"}, ["delete", "--yes"], "there are no AWS credentials"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, ["delete", "--yes"], "there are no AWS credentials"),
        (
            {**KEYS, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            ["delete", "--yes"],
            "cannot reach AWS: ",
        ),
    ],
)
def test_without_an_export_region_credentials_or_network_a_command_says_so(
    nobody, run, environment, arguments, expected
):
    for name, value in environment.items():
        nobody.setenv(name, value)
    ended = run(*arguments)
    assert ended.status == 1
    assert expected in ended.problem


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A shell without anything of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return monkeypatch
