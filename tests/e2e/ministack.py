"""MiniStack for a test: what `sam build` made, deployed there by the real `sam deploy`.

The sandbox runs the functions from their sources. Here nothing of the project stands between what was built and what
runs it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from samcli.yamlhelper import yaml_dump, yaml_parse

from tests.contract.schemas import ROOT

STACK = "e2e"
BIN = Path(sys.executable).parent
MINISTACK = Path(os.environ.get("MINISTACK", ROOT / ".venv-ministack")) / "bin" / "ministack"

# What MiniStack 1.5.33 lacks, and so is left out. The sandbox and the tests of the template have it.
#
# - Alarms over metric math: refused. Those of a single metric are deployed.
# - The message attributes that a state machine publishes: dropped, so they are not asked for (see test_deployed.py).
# - Policies (IAM's, of queues, of the topic, of the table): deployed, not enforced.
# - arm64 and Python 3.13: the functions run on the Python that runs MiniStack, which also has the boto3 that Lambda's
#   runtime would bring (requirements-ministack.in). A wheel that is not pure Python could not be loaded.


def leave_out_what_ministack_lacks(template: Path) -> list[str]:
    """Take out of a built template what MiniStack refuses, and return the names of those resources."""
    content = yaml_parse(template.read_text("utf-8"))
    resources = content["Resources"]
    left_out = [
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    ]
    for name in left_out:
        del resources[name]
    template.write_text(yaml_dump(content), "utf-8")
    return left_out


def eventually(question: Callable[[], Any], *, within: float, what: str) -> Any:
    """The first true answer to a question that is asked for so many seconds."""
    end = time.monotonic() + within
    while not (answer := question()):
        if time.monotonic() > end:
            raise AssertionError(f"after {within} s there is no {what}")
        time.sleep(0.2)
    return answer


class MiniStack:
    """A running MiniStack, the stack on it, and a queue that is subscribed to the stack's topic."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self._folder = url, folder
        self.outputs: dict[str, str] = {}
        self._queue = ""

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url)  # type: ignore[call-overload]

    def build(self) -> list[str]:
        """Build the project, and return the names of the resources that MiniStack cannot have."""
        self._sam("build", "--build-dir", str(self._folder))
        return leave_out_what_ministack_lacks(self._folder / "template.yaml")

    def deploy(self, parameters: dict[str, str]) -> None:
        """Deploy what was built, unattended: nothing is asked, and it succeeds where nothing has changed."""
        self._sam(
            *("deploy", "--template-file", str(self._folder / "template.yaml")),
            *("--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
        )
        [stack] = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def subscribe(self) -> None:
        """Subscribe a queue to the topic, for `next_notification`."""
        sqs = self.client("sqs")
        self._queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self.client("sns").subscribe(
            TopicArn=self.outputs["NotificationTopicArn"],
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
        )

    def announce(self, detail: dict[str, Any]) -> None:
        """Send an export-created event."""
        entry = {"Source": "e2e", "DetailType": "Emarsys Export Created", "Detail": json.dumps(detail)}
        assert self.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    def next_notification(self) -> dict[str, Any]:
        """The message of the next notification that the subscribed queue receives, within 30 s."""
        sqs = self.client("sqs")
        [message] = eventually(
            lambda: sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=1).get("Messages"),
            within=30,
            what="notification",
        )
        sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        notification: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
        return notification

    def running(self, name: str) -> str | None:
        """The ARN of the running execution of a watch, or None where there is none."""
        executions = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )["executions"]
        return next((each["executionArn"] for each in executions if each["name"] == name), None)

    def _sam(self, *arguments: str) -> None:
        environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_ENDPOINT_URL": self.url,
        }
        done = subprocess.run(
            [BIN / "sam", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"sam {arguments[0]}:\n{done.stdout}"


@contextlib.contextmanager
def ministack(folder: Path) -> Iterator[MiniStack]:
    """Run MiniStack for the time of a `with` block; builds, its files and its log (ministack.log) go to `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": os.environ["AWS_DEFAULT_REGION"],
        "SERVICES": "cloudformation,cloudwatch,dynamodb,events,iam,lambda,logs,s3,secretsmanager,sns,sqs,"
        "stepfunctions,sts",
        "TMPDIR": str(folder),
    }
    with (folder / "ministack.log").open("w") as log:
        process = subprocess.Popen(
            [MINISTACK], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            eventually(lambda: _answers(f"{url}/_ministack/ready", process), within=30, what="MiniStack")
            yield MiniStack(url, folder / "build")
        finally:
            # The group: its functions' processes too.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "MiniStack ended at once"
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
