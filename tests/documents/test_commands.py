"""The commands that the documents show run as they are written, in bash and by the real `aws`, against the sandbox.

Whatever is not listed in NOT_HERE is run, so a command that is new in one of them either works or fails here.
"""

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from operations import __main__ as operations
from sandbox.emarsys.command import DEFAULT
from tests.contract import documents
from tests.contract.documents import CONTRIBUTING, DOCS, DOCUMENTS, README, name
from tests.contract.schemas import ROOT
from tests.documents.shell import Shell, workshop
from tests.world import World, timeline

TUTORIAL = DOCS / "tutorial.md"
LOCALLY = DOCS / "how-to" / "run-locally.md"
CREDENTIALS = DOCS / "how-to" / "credentials.md"
AGAIN = DOCS / "how-to" / "watch-again.md"
PREPARATION = DOCS / "runbooks" / "README.md"
ON_CALL = [path for path in sorted((DOCS / "runbooks").glob("*.md")) if path != PREPARATION]

NOT_HERE = {
    "make demo": "the gate runs it",
    "make test": "the gate runs it",
    "make install": "the gate begins with it",
    "make deploy": "needs an AWS account; the gate validates the template, and `make e2e` deploys it",
    "make watch": "follows a watch while time passes: tests/operations runs it",
    "make delete": "deletes the stack: tests/operations runs it",
    "../.venv/bin/sam deploy": "needs an AWS account; `make lint` validates the templates of examples/",
    ".venv/bin/python -m sandbox watch my-export.json --emarsys https://": "the real Emarsys",
    ".venv/bin/python -m operations dead-letters": "SQS waits by a clock that stands still; tests/operations runs it",
    ".venv/bin/python -m operations logs --execution": "tests/operations runs it",
    "aws lambda update-event-source-mapping": "wants the id that the command before it shows",
    "aws lambda get-account-settings": "moto does not have it",
    "aws service-quotas request-service-quota-increase": "moto does not have it",
    ".venv/bin/python -m benchmarks.schedule --durations": "tests/benchmarks runs it",
}
"""How commands begin that cannot run here or need not, each with the reason."""

SERVER = ".venv/bin/python -m sandbox emarsys --port 8080"
PORT = "8080"

EXPORTS = yaml.safe_load(DEFAULT.read_text("utf-8"))
[[CLIENT_ID, CLIENT_SECRET]] = EXPORTS["credentials"]["oauth"].items()
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def blocks(document: Path) -> list[str]:
    """The shell of a document in order, its lines that are continued joined."""
    shown = documents.blocks(document.read_text("utf-8"), "sh")
    return [re.sub(r" *\\\n *", " ", dedent(block)) for block in shown]


def to_run(document: Path) -> list[str]:
    """The blocks without what is in NOT_HERE."""
    left = (
        [line for line in block.splitlines() if not line.strip().startswith(tuple(NOT_HERE))]
        for block in blocks(document)
    )
    return ["\n".join(lines) for lines in left if lines]


def test_what_is_listed_as_not_runnable_is_in_a_document():
    lines = [line.strip() for path in DOCUMENTS for block in blocks(path) for line in block.splitlines()]
    assert not [start for start in NOT_HERE if not any(line.startswith(start) for line in lines)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_no_command_is_shown_that_is_not_run(document):
    """In a block of another kind, or in a document that no test below runs."""
    text = re.sub(r"^ *```\w+\n.*?^ *```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^(?: {4}|\$ )(?:make|aws|sam|pip|python3?|\.venv/bin/\S+) .*", text, re.MULTILINE)
    if document not in {README, TUTORIAL, LOCALLY, CREDENTIALS, AGAIN, PREPARATION, *ON_CALL}:
        run_elsewhere = "\n".join(to_run(README))
        assert all(block in run_elsewhere for block in to_run(document))


@pytest.fixture
def site(world: Callable[..., World], tmp_path: Path) -> Iterator[Callable[..., tuple[World, Shell]]]:
    """A stack as `make deploy` names it, before an Emarsys, and a shell whose `aws` and `boto3` reach it."""
    aws = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    shells: list[Shell] = []

    def make(**asked: Any) -> tuple[World, Shell]:
        here = world(secrets={}, stack_name="emarsys-export-watch", **{**EXPORTS, **asked})
        aws.start()
        folder = workshop(tmp_path)
        editor = tmp_path / "editor"
        editor.write_text(f"#!/bin/sh\necho '{json.dumps(CLIENT)}' > \"$1\"\n")
        editor.chmod(0o755)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        environment |= {
            "AWS_ENDPOINT_URL": "http://{}:{}".format(*aws.get_host_and_port()),
            "PATH": f"{folder}/.venv/bin:{os.environ['PATH']}",
            "EDITOR": str(editor),
        }
        # By the variable alone version 1 of the CLI does not find SQS.
        shells.append(
            Shell(folder, environment, 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }')
        )
        return here, shells[0]

    yield make
    for shell in shells:
        shell.close()
    aws.stop()


@pytest.mark.parametrize("document", [README, TUTORIAL], ids=name)
def test_a_document_leads_from_a_secret_to_a_notification(site, document):
    here, shell = site()
    printed = "".join(shell.run(block) for block in to_run(document))
    assert "All is well" in printed
    subscriptions = here.stack.client("sns").list_subscriptions()["Subscriptions"]
    assert "on-call@example.com" in {subscription["Endpoint"] for subscription in subscriptions}
    send_by(README)
    here.run()
    assert here.only["outcome"] == "done"
    assert here.only["context"] == {"job": "nightly-responses"}


def test_the_sender_of_the_how_to_sends_an_event_that_is_watched(world):
    here = world(**EXPORTS, secret=CLIENT)
    send_by(DOCS / "how-to" / "send-events.md")
    here.run()
    assert here.outcomes == ["done"]


def send_by(document: Path) -> None:
    """Run the one block of Python that a document shows."""
    [sender] = documents.blocks(document.read_text("utf-8"), "python")
    exec(sender, {})


def test_two_terminals_show_a_notification(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder = workshop(tmp_path)
    server, terminal = [
        block.replace(PORT, port) for block in to_run(LOCALLY) if "--emarsys https" not in block
    ]
    assert server.strip() == SERVER.replace(PORT, port)
    with subprocess.Popen(server.split(), cwd=folder, stderr=subprocess.PIPE, text=True) as emarsys:
        try:
            assert emarsys.stderr
            assert "Emarsys at" in emarsys.stderr.readline()
            with closing(Shell(folder, os.environ, "")) as shell:
                printed = shell.run(terminal)
        finally:
            emarsys.terminate()
    [notification] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert notification["attributes"]["outcome"] == "done"


def test_the_commands_of_whoever_is_on_call_reach_a_watch(site):
    here, shell = site(exports={123: {"timeline": timeline(in_progress=0)}})
    create, rotate = to_run(CREDENTIALS)
    shell.run(create)
    here.announce({"export_id": 123})
    here.run(until=60)
    for block in (rotate, *(block for path in (PREPARATION, *ON_CALL, AGAIN) for block in to_run(path))):
        shell.run(block)
    here.run(until=120)
    assert here.statuses == {"default_123": "ABORTED"}


def test_each_command_of_operations_that_a_page_or_an_alarm_names_is_one():
    text = "".join(path.read_text("utf-8") for path in (*DOCUMENTS, ROOT / "template.yaml"))
    named = set(re.findall(r"(?:python\s+-m |`)operations ([a-z-]+)", text))
    assert {"logs", "failures", "resource", "dead-letters"} <= named
    for command in named:
        with pytest.raises(SystemExit) as ended:
            operations._parser().parse_args([command, "--help"])
        assert ended.value.code == 0, command


def test_contributing_explains_the_commands_of_the_gate():
    gate = re.findall(r"^make ([a-z0-9-]+)", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert set(gate) <= set(re.findall(r"make ([a-z0-9-]+)", CONTRIBUTING.read_text("utf-8")))
