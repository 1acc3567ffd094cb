"""The commands of operations/, against the template deployed on the sandbox."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from samcli.cli.types import CfnParameterOverridesType

from operations import __main__ as command_line
from operations.check_credentials import check_credentials
from operations.delete import delete
from operations.stack import CommandError, Stack
from operations.watch import watch
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
    assert here.said[0].startswith("announced export 123")
    assert any(said.startswith("check 1: in progress, next look ") for said in here.said)
    assert here.said[-1] == "done: ftp://ftp.example.com/exports/export.csv"


def test_a_look_that_tells_nothing_is_no_status(site):
    faults = [{"fault": "forbidden_html", "from": 20, "until": 60}]
    here = site(exports={123: {**SLOW, "faults": faults}})
    assert here.watch(export_id=123)
    looks = [said for said in here.said if said.startswith("check ")]
    assert looks[0].startswith("check 1: in progress, ")
    in_vain = [said for said in looks if "told nothing, the log of CheckExportFunction says why" in said]
    assert in_vain
    assert not [said for said in in_vain if "in progress" in said]
    assert here.said[-1].startswith("done: ")


def test_an_export_that_emarsys_does_not_know_is_told_before_and_at_the_end(site):
    here = site(exports={})
    assert not here.watch(export_id=123)
    assert any(said.startswith("check 1: export_not_found so far, next look ") for said in here.said)
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


def test_a_running_watch_is_followed_and_not_announced_again(site):
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


def test_what_is_no_export_id_is_refused_before_it_is_announced(site):
    with pytest.raises(CommandError, match="`export_id` is 'abc'"):
        site().watch(export_id="abc")


def test_an_execution_that_does_not_begin_leads_to_the_dead_letter_queue(site):
    here = site(exports={123: {}})
    with pytest.raises(CommandError, match="dead-letter queue"):
        watch(here.stack, {"export_id": 123}, here.said.append, lambda seconds: None)


@pytest.mark.parametrize("secret", [WSSE, OAUTH])
def test_credentials_that_emarsys_takes_are_well_whether_the_export_is_there_or_not(site, secret):
    here = site(secret=secret)
    well, sentence = check_credentials(here.stack, "default")
    assert well
    assert sentence.startswith("All is well")
    assert [seen.path for seen in here.server.requests if seen.path.startswith("/api/")] == [
        f"/api/{'v2' if secret is WSSE else 'v3'}/export/1"
    ]


@pytest.mark.parametrize(
    ("secret", "faults", "expected"),
    [
        (None, [], "there is no secret emarsys/default"),
        ({**WSSE, "secret": "wrong"}, [], "Check the account's API credentials"),
        ({**OAUTH, "client_secret": "wrong"}, [], "Check the account's API credentials"),
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


def test_running_watches_are_named_stopped_and_told_before_the_stack_goes(site):
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


def test_a_stack_whose_lost_watches_cannot_be_told_stays_and_goes_on_watching(site):
    here = site(exports={1: ENDLESS, 2: {}})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.faults.fail("sns.Publish", matches=lambda call: '"lost"' in call["Message"])
    with pytest.raises(CommandError, match="it is a dead letter"):
        here.delete()
    assert here.stack.outputs
    assert here.said[-1] == "the stack stays, and watches what is announced again"
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
    assert "the stack stays, and watches what is announced again" in capsys.readouterr().out
    assert rules_enabled(here)


def test_a_rule_that_cannot_be_enabled_again_is_named_with_the_command_that_does_it(site):
    here = site(exports={})
    here.deployment.faults.fail("events.EnableRule", "ExpiredTokenException")
    here.deployment.sources.clear()
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match="are not fetched from the inbox"):
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


def test_a_lost_that_was_not_told_in_a_first_run_is_told_before_a_second_one_deletes(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    sources = dict(here.deployment.sources)
    here.deployment.sources.clear()
    for _ in range(2):
        with pytest.raises(CommandError, match="`lost` is not told yet"):
            here.delete()
    here.deployment.sources.update(sources)
    for source in sources.values():
        source.arrived()
    assert here.delete()
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_a_watch_that_was_stopped_before_is_told_before_the_stack_goes(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.faults.fail("sns.Publish", until=here.clock.now() + 400)
    here.deployment.stop("default_1")
    assert here.delete()
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_an_announced_export_that_cannot_be_watched_keeps_the_stack(site):
    here = site(exports={1: ENDLESS})
    here.deployment.faults.fail("stepfunctions.StartExecution", "ThrottlingException", status=400)
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match="it is a dead letter"):
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
        "deploy --guided --stack-name 'emarsys-export-watch' --region 'eu-west-1'" in done.stdout
    ) == expected


def test_before_the_first_deployment_sam_offers_its_defaults(site, capsys):
    site()
    assert command_line.main(["parameters", "--stack", "elsewhere"]) == 0
    assert capsys.readouterr().out.split() == []


@pytest.mark.parametrize("bus", ["default", "exports"])
def test_a_stack_on_which_exports_are_announced_all_the_time_is_deleted(site, bus):
    here = site(exports={}, parameters={"EventBusName": bus})
    polls = iter(range(1, 100))

    def sleep(seconds: float) -> None:
        here.deployment.announce({"export_id": next(polls)})
        here.sleep(seconds)

    here.deployment.announce({"export_id": 1000})
    assert delete(here.stack, here.said.append, lambda question: True, sleep)
    assert [execution.name for execution in here.deployment.executions()] == ["default_1000"]


def test_a_stack_that_does_not_tell_its_lost_watches_stays(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    here.sleep(60)
    here.deployment.sources.clear()
    with pytest.raises(CommandError, match="`lost` is not told yet"):
        here.delete()
    assert here.stack.outputs


def test_a_stack_that_was_never_deployed_to_the_end_is_said_how_to_be_removed(site):
    here = site()
    template = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    here.deployment.client("cloudformation").create_stack(StackName="half", TemplateBody=template)
    with pytest.raises(CommandError, match="aws cloudformation delete-stack --stack-name half"):
        Stack.read("half")


def test_what_was_announced_just_before_is_told_as_lost(site):
    here = site(exports={1: ENDLESS})
    here.deployment.announce({"export_id": 1})
    assert here.delete()
    assert here.said[0].startswith("1 announced exports are not watched yet")
    assert [told.message["id"] for told in here.deployment.notifications] == ["default_1/lost"]


def test_a_stack_that_does_not_read_its_inbox_stays(site):
    here = site(exports={})
    here.deployment.sources.clear()
    here.deployment.announce({"export_id": 1})
    with pytest.raises(CommandError, match=r"InboxAlarm in docs/operating\.md"):
        here.delete()
    assert here.stack.outputs


def test_the_command_line_tells_by_its_exit_status(site, capsys):
    site()
    assert command_line.main(["check-credentials", "--stack", "sandbox"]) == 0
    assert command_line.main(["check-credentials", "--stack", "sandbox", "--account", "other"]) == 1
    assert command_line.main(["watch", "--stack", "sandbox", "--export-id", "0"]) == 1
    assert command_line.main(["delete", "--stack", "elsewhere", "--yes"]) == 1
    output = capsys.readouterr()
    assert "All is well" in output.out
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
