"""The commands of README and docs/ run as they are written, in bash and by the real `aws`, against the sandbox.

Whatever is not listed in NOT_HERE is run, so a command that is new in one of them either works or fails here.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, Scenario, load, parse
from sandbox.emarsys.command import DEFAULT
from tests.contract.documents import DOCUMENTS, OPERATING, README
from tests.contract.schemas import ROOT
from tests.documents.shell import Shell, workshop

GATE = "the gate runs it itself: .ci/run"
NOT_HERE = {
    "make demo": GATE,
    "make test": GATE,
    "make deploy": "needs an AWS account; `make lint` validates the template",
    "../.venv/bin/sam deploy": "needs an AWS account; `make lint` validates the templates of examples/",
    ".venv/bin/python -m sandbox watch events/export-created.json --emarsys https://": "the real Emarsys",
    "aws logs tail": "is in version 2 of the AWS CLI only, which is not on PyPI",
    "aws sqs start-message-move-task": "moto does not have it",
    "aws sqs list-message-move-tasks": "moto does not have it",
    "aws sqs delete-message": "wants the handle of a message",
    "aws lambda update-event-source-mapping": "wants the id that the command before it shows",
    "aws lambda get-account-settings": "moto does not have it",
    "aws service-quotas request-service-quota-increase": "moto does not have it",
    ".venv/bin/python -m benchmarks.schedule --durations": "tests/benchmarks/test_own_durations.py runs it",
    "python -m tests.stack.faults": "`make faults` runs the same, and the gate runs that",
}
"""How commands begin that cannot run here or need not, each with the reason."""

LONG_POLL = "--wait-time-seconds 10 "
"""Left out: it would wait on a virtual clock, which stands still meanwhile."""

SERVER = ".venv/bin/python -m sandbox emarsys --port 8080"
PORT = "8080"

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
ENDLESS = {
    "credentials": {"oauth": {CLIENT["client_id"]: CLIENT["client_secret"]}},
    "exports": {123: {"timeline": [{"at": 0, "status": "in progress"}]}},
}


def blocks(document: Path) -> list[str]:
    """The shell of a document in order: its fenced blocks, and calls of `aws` with options in the text."""
    text = document.read_text("utf-8")
    found = re.finditer(r"^ *```sh\n(.*?)^ *```$|`(aws [^`]* --[^`]*)`", text, re.MULTILINE | re.DOTALL)
    return [dedent(block[1]) if block[1] else re.sub(r"\s+", " ", block[2]) for block in found]


def commands(block: str) -> list[str]:
    """The lines of a block, those that are continued joined."""
    return re.sub(r" *\\\n *", " ", block).splitlines()


def to_run(document: Path) -> list[str]:
    """The blocks, where what is in NOT_HERE does nothing, and nothing polls for long."""
    left = (
        [
            ":" if line.strip().startswith(tuple(NOT_HERE)) else line.replace(LONG_POLL, "")
            for line in commands(block)
        ]
        for block in blocks(document)
    )
    return ["\n".join(lines) for lines in left if set(lines) != {":"}]


def test_what_is_listed_as_not_runnable_is_in_a_document():
    lines = [line.strip() for document in DOCUMENTS for block in blocks(document) for line in commands(block)]
    assert not [start for start in NOT_HERE if not any(line.startswith(start) for line in lines)]


def test_what_the_gate_runs_is_in_the_gate():
    gate = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert {command for command, reason in NOT_HERE.items() if reason == GATE} <= set(gate)


@pytest.mark.parametrize("document", [README, OPERATING], ids=lambda path: path.name)
def test_no_command_hides_in_a_block_that_is_not_run(document):
    text = re.sub(r"^ *```sh\n.*?^ *```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^(?: {4}|\$ )(?:make|aws|sam|pip|python3?|\.venv/bin/\S+) .*", text, re.MULTILINE)
    assert set(re.findall(r"^ *```(\w*)$", text, re.MULTILINE)) <= {"", "json", "python", "mermaid"}


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if path not in (README, OPERATING)], ids=lambda path: path.name
)
def test_the_other_documents_have_no_command_that_is_not_listed(document):
    assert not to_run(document)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., tuple[Deployment, Shell]]]:
    """A stack as `make deploy` names it, before an Emarsys, and a shell whose `aws` and `boto3` reach it."""
    with contextlib.ExitStack() as running:

        def make(scenario: Scenario) -> tuple[Deployment, Shell]:
            clock = VirtualClock()
            emarsys = running.enter_context(EmarsysServer(scenario, clock=clock.now))
            deployment = running.enter_context(
                deploy(emarsys.parameters, clock=clock, stack_name="emarsys-export-watch")
            )
            aws = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            aws.start()
            running.callback(aws.stop)
            folder = workshop(tmp_path)
            editor = tmp_path / "editor"
            editor.write_text(f"#!/bin/sh\necho '{json.dumps(CLIENT)}' > \"$1\"\n")
            editor.chmod(0o755)
            environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
            environment |= {
                "AWS_ENDPOINT_URL": "http://{}:{}".format(*aws.get_host_and_port()),
                "PATH": f"{folder}/.venv/bin:{os.environ['PATH']}",
                "EDITOR": str(editor),
            }
            # By the variable alone version 1 of the CLI does not find SQS.
            preparation = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
            return deployment, running.enter_context(Shell(folder, environment, preparation))

        yield make


def test_the_readme_leads_from_a_secret_to_a_notification(site):
    deployment, shell = site(load(DEFAULT))
    printed = []
    for block in to_run(README):
        if "-m sandbox" not in block:
            printed.append(shell.run(block))
            deployment.run(timeout_seconds=20)
    assert [told.attributes["outcome"] for told in deployment.notifications] == ["done"]
    text = "".join(printed)
    assert "All is well" in text
    assert '"FailedEntryCount": 0' in text
    assert "SUCCEEDED\t" in text
    subscriptions = deployment.client("sns").list_subscriptions()["Subscriptions"]
    assert "on-call@example.com" in {subscription["Endpoint"] for subscription in subscriptions}
    [announcement] = re.findall(
        r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    exec(announcement, {})
    assert json.loads(deployment.deliveries[-1].body)["detail"]["context"] == {"job": "nightly-responses"}


def test_the_two_terminals_of_the_readme_show_a_notification(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder = workshop(tmp_path)
    server, terminal = [block.replace(PORT, port) for block in to_run(README) if "-m sandbox" in block]
    assert server.strip() == SERVER.replace(PORT, port)
    with subprocess.Popen(server.split(), cwd=folder, stderr=subprocess.PIPE, text=True) as emarsys:
        try:
            assert emarsys.stderr
            assert "Emarsys at" in emarsys.stderr.readline()
            with Shell(folder, os.environ, "") as shell:
                printed = shell.run(terminal)
        finally:
            emarsys.terminate()
    [notification] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert notification["attributes"]["outcome"] == "done"


def test_the_commands_of_operating_reach_a_watch(site):
    deployment, shell = site(parse(ENDLESS))
    deployment.put_secret("default", CLIENT)
    deployment.announce({"export_id": 123})
    deployment.run(until=deployment.clock.now() + 60)
    [outputs] = [block for block in to_run(README) if "output() {" in block]
    for block in [outputs, *to_run(OPERATING)]:
        shell.run(block)
    deployment.run(until=deployment.clock.now() + 60)
    states = {execution.name: execution.status for execution in deployment.executions()}
    assert states == {"default_123": "ABORTED", "default_123_2": "RUNNING"}


def test_make_help_lists_the_commands():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^ +(make [a-z-]+) ", done.stdout, re.MULTILINE)
    shown = re.findall(r"^\| `(make [a-z-]+)` \|", README.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(shown)
