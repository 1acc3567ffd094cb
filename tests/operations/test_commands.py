"""The commands of operations/, against the template deployed on the sandbox."""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from samcli.cli.types import CfnParameterOverridesType

from operations import __main__ as command_line
from operations.check_credentials import check_credentials
from operations.dead_letters import dead_letters, redrive, sort
from operations.delete import delete
from operations.logs import logs
from operations.stack import CommandError, Stack
from operations.watch import progress, watch
from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, parse
from tests.contract.schemas import ROOT

WSSE = {"username": "planted-user", "secret": "planted-wsse-secret"}
OAUTH = {"client_id": "planted-client", "client_secret": "planted-client-secret"}
SECRETS = {WSSE["secret"], OAUTH["client_secret"]}


class Site:
    """A deployed stack in virtual time, and what a command says."""

    def __init__(self, deployment: Deployment, clock: VirtualClock, server: EmarsysServer) -> None:
        self.deployment, self.clock, self.server = deployment, clock, server
        self.said: list[str] = []

    @property
    def stack(self) -> Stack:
        return Stack.read("sandbox")

    def sleep(self, seconds: float) -> None:
        self.deployment.run(until=self.clock.now() + seconds)

    def watch(self, **detail: Any) -> bool:
        return watch(self.stack, detail, self.said.append, self.sleep)

    def delete(self, answer: bool = True) -> bool:
        return delete(self.stack, self.said.append, lambda question: answer, self.sleep)


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as running:

        def make(secret: Any = WSSE, parameters: dict[str, Any] | None = None, **scenario: Any) -> Site:
            clock = VirtualClock(1_800_000_000)
            credentials = {
                "wsse": {WSSE["username"]: WSSE["secret"]},
                "oauth": {OAUTH["client_id"]: OAUTH["client_secret"]},
            }
            server = EmarsysServer(parse({"credentials": credentials, **scenario}), clock=clock.now)
            running.enter_context(server)
            secrets = {} if secret is None else {"default": secret}
            deployment = running.enter_context(
                deploy({**server.parameters, **(parameters or {})}, secrets=secrets, clock=clock)
            )
            return Site(deployment, clock, server)

        yield make


SLOW = {"timeline": [{"at": 0, "status": "in progress"}, {"at": 60, "status": "done"}]}
ENDLESS = {"timeline": [{"at": 0, "status": "in progress"}]}


def test_a_watch_is_followed_until_the_file_is_there(site):
    here = site(exports={123: SLOW})
    assert here.watch(export_id=123)
    assert here.said[0].startswith("sent the event of export 123")
    assert any(said.startswith("check 1: in progress, next check ") for said in here.said)
    assert here.said[-1] == "done: ftp://ftp.example.com/exports/export.csv"


def test_a_check_without_a_status_is_no_status(site):
    faults = [{"fault": "forbidden_html", "from": 20, "until": 60}]
    here = site(exports={123: {**SLOW, "faults": faults}})
    assert here.watch(export_id=123)
    checks = [said for said in here.said if said.startswith("check ")]
    assert checks[0].startswith("check 1: in progress, ")
    without = [said for said in checks if "no status, the log of CheckExportFunction says why" in said]
    assert without
    assert not [said for said in without if "in progress" in said]
    assert here.said[-1].startswith("done: ")


def test_an_export_that_emarsys_does_not_know_is_reported_before_and_at_the_end(site):
    here = site(exports={})
    assert not here.watch(export_id=123)
    assert any(said.startswith("check 1: export_not_found so far, next check ") for said in here.said)
    assert here.said[-1].startswith("rejected: Emarsys knows no export of this id (10001).")


def test_a_watch_that_does_not_end_well_says_why(site):
    here = site(exports={123: {"timeline": [{"at": 0, "status": "error"}]}})
    assert not here.watch(export_id="123", attempt=2)
    assert here.said[-1].startswith("error: Emarsys reports that the export failed.")
    assert [execution.name for execution in here.deployment.executions()] == ["default_123_2"]


def test_a_watch_that_is_stopped_is_lost(site):
    here = site(exports={123: ENDLESS})
    polls = iter(range(100))

    def sleep(seconds: float) -> None:
        here.sleep(seconds)
        if next(polls) == 5:
            here.deployment.stop("default_123")

    assert not watch(here.stack, {"export_id": 123}, here.said.append, sleep)
    assert here.said[-1].startswith("lost: the execution is ABORTED")


def test_a_running_watch_is_followed_and_no_event_is_sent(site):
    here = site(exports={123: SLOW})
    here.deployment.announce({"export_id": 123})
    here.sleep(15)
    assert here.watch(export_id=123)
    assert here.said[0] == "default_123 is being watched already: following it"
    assert len(here.deployment.deliveries) == 1


def test_an_export_that_was_watched_before_wants_another_attempt(site):
    here = site(exports={123: {}})
    assert here.watch(export_id=123)
    with pytest.raises(CommandError, match="say 2"):
        here.watch(export_id=123)


def test_what_is_no_export_id_is_refused_before_its_event_is_sent(site):
    with pytest.raises(CommandError, match="`export_id` is 'abc'"):
        site().watch(export_id="abc")


def test_an_execution_that_does_not_begin_leads_to_the_dead_letter_queue(site):
    here = site(exports={123: {}})
    with pytest.raises(CommandError, match="operations dead-letters --stack sandbox"):
        watch(here.stack, {"export_id": 123}, here.said.append, lambda seconds: None)


@pytest.mark.parametrize("secret", [WSSE, OAUTH])
def test_credentials_that_emarsys_accepts_are_well_whether_the_export_is_there_or_not(site, secret):
    here = site(secret=secret)
    well, sentence = check_credentials(here.stack, "default")
    assert well
    assert sentence.startswith("All is well")
    assert ("ends with the year 2026" in sentence) == (secret is WSSE)
    assert [seen.path for seen in here.server.requests if seen.path.startswith("/api/")] == [
        f"/api/{'v2' if secret is WSSE else 'v3'}/export/1"
    ]


@pytest.mark.parametrize(
    ("secret", "faults", "expected"),
    [
        (None, [], "there is no secret emarsys/default"),
        ({**WSSE, "secret": "wrong"}, [], "Check the account's API credentials"),
        ({**OAUTH, "client_secret": "wrong"}, [], "Check client_id and client_secret"),
        (WSSE, [{"reply": {"http": 403}}], "Grant the permission export.status"),
        (OAUTH, [{"reply": {"http": 401}}], "Check the account's API credentials"),
        (WSSE, [{"reply": {"http": 429}}], "try again in a few minutes"),
        (WSSE, [{"reply": {"http": 503}}], "Check that the Emarsys host is right"),
        (WSSE, [{"reply": {"http": 404}}], "Check that the Emarsys host is right"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_without_a_secret(site, secret, faults, expected):
    here = site(secret=secret, faults=faults)
    well, sentence = check_credentials(here.stack, "default")
    assert not well
    assert expected in sentence
    assert not [planted for planted in SECRETS if planted in sentence]
    assert len([seen for seen in here.server.requests if seen.path.startswith("/api/")]) <= 1


def test_an_account_that_no_event_may_name_is_refused_whatever_its_secret_says(site):
    here = site()
    here.deployment.put_secret("Shop_DE", WSSE)
    with pytest.raises(CommandError, match="`account` is 'Shop_DE'; it must be 1 to 32 of a-z"):
        check_credentials(here.stack, "Shop_DE")


def test_running_watches_are_named_stopped_and_published_as_lost_before_the_stack_goes(site):
    here = site(exports={1: ENDLESS, 2: ENDLESS, 3: {}})
    for export_id in (1, 2, 3):
        here.deployment.announce({"export_id": export_id})
    here.sleep(120)
    stack = here.stack
    assert here.delete()
    assert {"running: default_1", "running: default_2"} <= set(here.said)
    assert "running: default_3" not in here.said
    assert sorted(told.message["id"] for told in here.deployment.notifications) == [
        "default_1/lost",
        "default_2/lost",
        "default_3/done",
    ]
    assert "the secrets emarsys/…" in here.said[-1]
    with pytest.raises(CommandError, match="there is no stack"):
        Stack.read(stack.name)
    secrets = boto3.client("secretsmanager").list_secrets()["SecretList"]
    assert [secret["Name"] for secret in secrets] == ["emarsys/default"]


def test_nothing_is_stopped_without_a_yes(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    assert not here.delete(answer=False)
    assert [execution.status for execution in here.deployment.executions()] == ["RUNNING"]
    assert here.stack.outputs


def test_a_stack_whose_lost_watches_cannot_be_published_stays_and_goes_on_watching(site):
    here = site(exports={1: ENDLESS, 2: {}})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.faults.fail("sns.Publish", matches=lambda call: '"lost"' in call["Message"])
    with pytest.raises(CommandError, match="it is in the dead-letter queue"):
        here.delete()
    assert here.stack.outputs
    assert here.said[-1] == "the stack stays, and export-created events start watches again"
    here.deployment.announce({"export_id": 2})
    here.sleep(60)
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_2/done"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_meanwhile_leaves_a_stack_that_listens(site, capsys, monkeypatch, ending):
    here = site(exports={1: ENDLESS})
    monkeypatch.setattr(delete, "__defaults__", (lambda _: os.kill(os.getpid(), ending),))  # its `sleep`
    before = signal.signal(ending, signal.SIG_DFL)
    try:
        status = command_line.main(["delete", "--stack", "sandbox", "--yes"])
    finally:
        signal.signal(ending, before)
    assert status == command_line.EXIT_INTERRUPTED
    assert "the stack stays, and export-created events start watches again" in capsys.readouterr().out
    assert rules_enabled(here)


def test_a_rule_that_cannot_be_enabled_again_is_named_with_the_command_that_does_it(site):
    here = site(exports={})
    here.deployment.faults.fail("events.EnableRule", "ExpiredTokenException")
    here.deployment.sources.clear()
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match="are not received from the inbox"):
        here.delete()
    assert not rules_enabled(here)
    command = re.search(r"aws events enable-rule --name (\S+) --event-bus-name (\S+)$", here.said[-1])
    assert command
    here.deployment.faults.clear()
    here.deployment.client("events").enable_rule(Name=command[1], EventBusName=command[2])
    assert rules_enabled(here)


def test_a_stack_that_is_protected_is_left_alone(site):
    here = site(exports={})
    protected = replace(here.stack, is_protected=True)  # moto cannot protect one
    with pytest.raises(CommandError, match="update-termination-protection --no-enable"):
        delete(protected, here.said.append, lambda question: True, here.sleep)
    assert rules_enabled(here)


def test_a_stack_that_aws_does_not_let_go_listens_again(site):
    here = site(exports={2: {}})
    here.deployment.faults.fail("cloudformation.DeleteStack", "AccessDenied", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        here.delete()
    here.deployment.announce({"export_id": 2})
    here.sleep(60)
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_2/done"]


def test_a_lost_that_was_not_published_in_a_first_run_is_before_a_second_one_deletes(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    sources = dict(here.deployment.sources)
    here.deployment.sources.clear()
    for _ in range(2):
        with pytest.raises(CommandError, match="`lost` is not published yet"):
            here.delete()
    here.deployment.sources.update(sources)
    for source in sources.values():
        source.arrived()
    assert here.delete()
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_a_watch_that_was_stopped_before_is_published_before_the_stack_goes(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.faults.fail("sns.Publish", until=here.clock.now() + 400)
    here.deployment.stop("default_1")
    assert here.delete()
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_an_event_that_cannot_start_its_watch_keeps_the_stack(site):
    here = site(exports={1: ENDLESS})
    here.deployment.faults.fail("stepfunctions.StartExecution", "ThrottlingException", status=400)
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match="it is in the dead-letter queue"):
        here.delete()
    assert here.deployment.dead_letters()


def rules_enabled(here: Site) -> bool:
    rules = here.deployment.client("events").list_rules(EventBusName="default")["Rules"]
    return {rule["State"] for rule in rules} == {"ENABLED"}


def test_what_is_deployed_is_what_sam_is_given_to_offer(site, capsys):
    alarms = "arn:aws:sns:eu-central-1:123456789012:alarms"
    here = site(parameters={"AlarmTopicArn": alarms, "DeadlineSeconds": "3600", "CheckCostSeconds": "2.5"})
    assert command_line.main(["parameters", "--stack", "sandbox"]) == 0
    option, *given = capsys.readouterr().out.split()
    assert option == "--parameter-overrides"
    offered = CfnParameterOverridesType().convert(tuple(given), None, None)
    assert offered == {name: value for name, value in here.stack.parameters.items() if value}
    assert (offered["AlarmTopicArn"], offered["DeadlineSeconds"]) == (alarms, "3600")


@pytest.mark.parametrize(("variable", "expected"), [("AWS_REGION", True), ("AWS_DEFAULT_REGION", False)])
def test_sam_is_given_the_region_that_it_does_not_read(nobody, variable, expected):
    nobody.setenv(variable, "eu-west-1")
    done = subprocess.run(["make", "-n", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (
        "deploy --stack-name 'emarsys-export-watch' --region 'eu-west-1' --guided" in done.stdout
    ) == expected


def test_before_the_first_deployment_sam_offers_its_defaults(site, capsys):
    site()
    assert command_line.main(["parameters", "--stack", "elsewhere"]) == 0
    assert capsys.readouterr().out.split() == []


@pytest.mark.parametrize("bus", ["default", "exports"])
def test_a_stack_to_which_events_are_sent_all_the_time_is_deleted(site, bus):
    here = site(exports={}, parameters={"EventBusName": bus})
    polls = iter(range(1, 100))

    def sleep(seconds: float) -> None:
        here.deployment.announce({"export_id": next(polls)})
        here.sleep(seconds)

    here.deployment.announce({"export_id": 1000})
    assert delete(here.stack, here.said.append, lambda question: True, sleep)
    assert [execution.name for execution in here.deployment.executions()] == ["default_1000"]


def test_a_stack_that_does_not_publish_its_lost_watches_stays(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.sources.clear()
    with pytest.raises(CommandError, match="`lost` is not published yet"):
        here.delete()
    assert here.stack.outputs


def test_a_stack_that_was_never_deployed_to_the_end_is_said_how_to_be_removed(site):
    here = site()
    template = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    here.deployment.client("cloudformation").create_stack(StackName="half", TemplateBody=template)
    with pytest.raises(CommandError, match="aws cloudformation delete-stack --stack-name half"):
        Stack.read("half")


def test_what_was_sent_just_before_is_published_as_lost(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    assert here.delete()
    assert here.said[0].startswith("1 export-created events are in the inbox")
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_a_stack_that_does_not_read_its_inbox_stays(site):
    here = site(exports={})
    here.deployment.sources.clear()
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match=re.escape("docs/runbooks/inbox.md")):
        here.delete()
    assert here.stack.outputs


def test_the_command_line_reports_by_its_exit_status(site, capsys):
    site()
    assert command_line.main(["check-credentials", "--stack", "sandbox"]) == 0
    assert command_line.main(["check-credentials", "--stack", "sandbox", "--account", "other"]) == 1
    assert command_line.main(["watch", "--stack", "sandbox", "--export-id", "0"]) == 1
    wrong = ["--export-id", "1", "--expected-seconds", "0"]
    assert command_line.main(["watch", "--stack", "sandbox", *wrong]) == 1
    assert command_line.main(["delete", "--stack", "elsewhere", "--yes"]) == 1
    output = capsys.readouterr()
    assert "All is well" in output.out
    assert "`expected_seconds` is 0" in output.err
    assert "there is no stack elsewhere in eu-central-1" in output.err


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


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_without_aws_credentials_the_command_says_so(nobody, capsys, variable):
    nobody.setenv(variable, "eu-west-1")
    assert command_line.main(["delete", "--yes"]) == 1
    assert "there are no AWS credentials" in capsys.readouterr().err


def test_without_a_region_the_command_says_which_variable_names_it(nobody, capsys):
    assert command_line.main(["delete", "--yes"]) == 1
    assert "set AWS_REGION" in capsys.readouterr().err


def test_without_a_network_aws_cannot_be_reached_and_refuses_nothing(nobody, capsys):
    nobody.setenv("AWS_REGION", "eu-west-1")
    nobody.setenv("AWS_ACCESS_KEY_ID", "testing")
    nobody.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    nobody.setenv("AWS_MAX_ATTEMPTS", "1")
    nobody.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert command_line.main(["delete", "--yes"]) == 1
    assert capsys.readouterr().err.startswith("cannot reach AWS: ")


def test_a_watch_without_an_export_id_is_refused_before_anything_else(nobody, capsys):
    assert command_line.main(["watch", "--export-id", ""]) == 1
    assert "make watch EXPORT_ID=123" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "seconds"), [("Wait after failed check", 300), ("Wait longer after failed checks", 900)]
)
def test_a_check_that_fails_says_when_the_next_one_comes(state, seconds):
    machine = json.loads((ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8"))
    assert machine["States"][state]["Seconds"] == seconds
    said = progress([{"id": 9, "stateEnteredEventDetails": {"name": state}}])
    assert said == f"the check failed with all its retries: the next one comes in {seconds} s"


# The dead-letter queue.


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto waits by the deployment's clock, which stands still meanwhile."""
    monkeypatch.setattr("operations.dead_letters.WAIT_SECONDS", 0)


def refuse(here: Site, *details: dict[str, Any]) -> None:
    """Have events of these details moved to the dead-letter queue."""
    here.deployment.faults.fail("stepfunctions.StartExecution", "AccessDeniedException", status=400)
    for detail in details:
        here.deployment.announce(detail)
    here.deployment.run()
    here.deployment.faults.clear()


@pytest.mark.usefixtures("no_wait")
def test_the_messages_of_the_dead_letter_queue_are_listed_with_what_to_do(site):
    here = site(exports={})
    refuse(here, {"export_id": 0}, {"export_id": 5})
    here.deployment.client("stepfunctions").start_execution(
        stateMachineArn=here.stack.outputs["StateMachineArn"], name="by-hand", input="{}"
    )
    here.deployment.run()
    assert not dead_letters(here.stack, here.said.append)
    wrong, right, by_hand = here.said
    assert "refused event of 'sandbox': `export_id` is 0" in wrong
    assert f"dead-letters --delete {wrong.partition(':')[0]}" in wrong
    assert "default_5 is not watched yet; fix the cause, then: redrive" in right
    assert "failed execution that was no watch" in by_hand


@pytest.mark.usefixtures("no_wait")
def test_what_may_succeed_now_is_sent_back_and_the_rest_stays(site):
    here = site(exports={5: {}})
    refuse(here, {"export_id": 0}, {"export_id": 5})
    assert not redrive(here.stack, here.said.append)
    here.deployment.run()
    assert [execution.name for execution in here.deployment.executions()] == ["default_5"]
    [wrong] = here.deployment.dead_letters()
    assert "1 stay" in here.said[-1]
    assert dead_letters(here.stack, here.said.append, delete=wrong.message_id)
    assert here.deployment.dead_letters() == []
    assert redrive(here.stack, here.said.append)


@pytest.mark.usefixtures("no_wait")
def test_what_was_just_listed_is_sent_back_or_deleted_at_once(site):
    here = site(exports={5: {}})
    refuse(here, {"export_id": 0}, {"export_id": 5})
    for _ in range(2):
        assert not dead_letters(here.stack, here.said.append)
        here.sleep(1)
    assert len(here.said) == 4
    assert not redrive(here.stack, here.said.append)
    assert any(said.startswith("sent back to InboxQueue: ") for said in here.said)
    here.sleep(1)
    [wrong] = here.deployment.dead_letters()
    assert dead_letters(here.stack, here.said.append, delete=wrong.message_id)


@pytest.mark.usefixtures("no_wait")
def test_messages_that_someone_else_is_reading_are_not_called_sent_back(site):
    here = site(exports={})
    refuse(here, {"export_id": 5})
    url = here.stack.outputs["DeadLetterQueueUrl"]
    boto3.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=60)
    assert not redrive(here.stack, here.said.append)
    assert not dead_letters(here.stack, here.said.append)
    unread = "1 more in the queue could not be read: someone else is reading them. Run this again in a minute"
    assert here.said == [unread, unread]


@pytest.mark.usefixtures("no_wait")
def test_a_lost_that_could_not_be_published_is_published_after_a_redrive(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.faults.fail("sns.Publish", until=here.clock.now() + 1000)
    here.deployment.stop("default_1")
    here.deployment.run()
    assert redrive(here.stack, here.said.append)
    assert here.said[0] == "sent back to LostWatchQueue: lost watch default_1 is not published yet"
    here.deployment.run()
    assert [published.message["id"] for published in here.deployment.notifications] == ["default_1/lost"]


@pytest.mark.usefixtures("no_wait")
def test_a_message_that_is_not_there_is_not_deleted(site):
    with pytest.raises(CommandError, match="there is no message abc"):
        dead_letters(site(exports={}).stack, lambda _: None, delete="abc")


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"detail-type": "Other", "source": "x"}'])
def test_a_message_of_another_kind_is_for_nobody(body):
    _, queue = sort(body, 86_400)
    assert queue is None


# The log.


def test_lines_about_trouble_are_shown_in_the_order_of_time(monkeypatch):
    texts = {
        "StartWatchLogGroup": "timed out\n",
        "CheckExportLogGroup": '{"level": "ERROR", "message": "line 1", "execution": "default_5"}',
        "ReportLostWatchLogGroup": '{"level": "WARNING", "message": "line 2"}',
    }
    moments = dict(zip(texts, (3000, 2000, 1000), strict=True))
    asked = []

    def paginate(**call: Any) -> list[dict[str, Any]]:
        group = call["logGroupName"].removeprefix("stack-")
        asked.append(call["filterPattern"])
        return [{"events": [{"timestamp": moments[group], "message": texts[group]}]}]

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    monkeypatch.setattr("operations.logs.boto3", SimpleNamespace(client=lambda _: client))
    stack: Any = SimpleNamespace(physical_id=lambda logical_id: f"stack-{logical_id}")
    said: list[str] = []
    assert logs(stack, said.append, hours=1)
    assert said == [
        "1970-01-01T00:00:01Z ReportLostWatch WARNING line 2",
        "1970-01-01T00:00:02Z CheckExport ERROR default_5 line 1",
        "1970-01-01T00:00:03Z StartWatch timed out",
    ]
    assert set(asked) == {"?ERROR ?WARNING ?timed ?killed"}
    assert logs(stack, said.append, hours=1, execution="default_5")
    assert asked[-1] == '{ $.execution = "default_5" }'


# Deploying.


def test_a_file_of_parameters_wins_over_what_is_deployed_and_sam_reads_it(site, capsys, tmp_path):
    site(parameters={"DeadlineSeconds": "3600"})
    file = tmp_path / "parameters"
    file.write_text(
        "# of the test account\n\nSubscriberAccounts=111122223333,444455556666\nDeadlineSeconds=7200\n"
    )
    assert command_line.main(["parameters", "--stack", "sandbox", "--file", str(file)]) == 0
    _, *given = capsys.readouterr().out.split()
    offered = CfnParameterOverridesType().convert(tuple(given), None, None)
    assert offered["SubscriberAccounts"] == "111122223333,444455556666"
    assert offered["DeadlineSeconds"] == "7200"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("MinWaitSeconds=901", "MinWaitSeconds (901) is above MaxWaitSeconds (900)"),
        ("MaxWaitSeconds=9", "MinWaitSeconds (10) is above MaxWaitSeconds (9)"),
        ("CredentialsPrefix", "a line that is not Name=value"),
        ("CredentialsPrefix=$(id)", "a line that is not Name=value"),
    ],
)
def test_parameters_that_do_not_fit_together_are_refused_before_anything_is_built(
    site, capsys, tmp_path, line, expected
):
    site()
    file = tmp_path / "parameters"
    file.write_text(line)
    assert command_line.main(["parameters", "--stack", "elsewhere", "--file", str(file)]) == 1
    assert expected in capsys.readouterr().err


def test_a_wrong_pair_that_was_answered_to_sam_is_refused_right_after_the_deployment(site, capsys):
    site(parameters={"MinWaitSeconds": "20", "MaxWaitSeconds": "10"})
    assert command_line.main(["check-deployment", "--stack", "sandbox"]) == 1
    assert "MinWaitSeconds (20) is above MaxWaitSeconds (10)" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["deploy", "deploy-unattended"])
def test_region_credentials_and_parameters_are_checked_before_anything_is_built(nobody, target):
    done = subprocess.run(
        ["make", "-n", target, "PARAMETERS=file"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = [
        done.stdout.index(text)
        for text in ("operations parameters", "/sam build", "/sam deploy", "check-deployment")
    ]
    assert commands == sorted(commands)


def test_an_unattended_deployment_asks_nothing_and_succeeds_where_nothing_changed(nobody):
    done = subprocess.run(
        ["make", "-n", "deploy-unattended", "PARAMETERS=file"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--no-confirm-changeset --no-fail-on-empty-changeset" in done.stdout
    assert "--guided" not in done.stdout


def test_the_settings_of_a_users_pip_do_not_leak_into_what_is_built(tmp_path):
    """But where packages come from is theirs: here a folder."""
    wheel = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements.txt").write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    makefile = ROOT / "layers" / "dependencies" / "Makefile"
    settings = {
        **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PYTHONUSERBASE"), "/nowhere"),
        **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN"), "1"),
        "PIP_NO_BINARY": ":all:",
    }
    sources = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    subprocess.run(
        ["make", "-f", str(makefile), "build-DependenciesLayer", f"ARTIFACTS_DIR={tmp_path / 'built'}"],
        cwd=tmp_path,
        env={**os.environ, **sources, **settings},
        check=True,
    )
    assert (tmp_path / "built" / "python" / "tiny.py").is_file()


def test_what_is_installed_here_is_installed_by_the_same_settings_as_what_is_built():
    assignments = {
        re.search(r"(?m)^CLEAN := (?:.*\\\n)*.*$", path.read_text("utf-8"))[0]  # type: ignore[index]
        for path in (ROOT / "Makefile", ROOT / "layers" / "dependencies" / "Makefile")
    }
    assert len(assignments) == 1
    text = (ROOT / "Makefile").read_text("utf-8")
    assert text.count(" -m pip install") == len(re.findall(r"\$\(CLEAN\) \S+/python -I -m pip install", text))
