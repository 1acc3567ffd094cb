"""What was built and packaged deploys and runs, on an emulator that nobody here wrote: `make e2e`."""

import json
from collections.abc import Iterator

import pytest

from sandbox.emarsys import EmarsysServer, parse
from tests.contract.schemas import NOTIFICATION
from tests.e2e.ministack import MiniStack, eventually, ministack

OAUTH = {"client_id": "planted-client-id", "client_secret": "planted-client-secret"}
EXPORTS = {
    123: {
        "distribution_method": "ftp",
        "file_name": "clicks.csv",
        "ftp_host": "ftp.example.com",
        "ftp_dir": "folder",
        "timeline": [{"at": 0, "status": "in progress"}, {"at": 1, "status": "done"}],
    },
    124: {"timeline": [{"at": 0, "status": "in progress"}]},
}
QUICK = {"CheckCostSeconds": "0.1", "MinWaitSeconds": "1", "MaxWaitSeconds": "2"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    scenario = parse(
        {"credentials": {"oauth": {OAUTH["client_id"]: OAUTH["client_secret"]}}, "exports": EXPORTS}
    )
    with EmarsysServer(scenario) as emarsys, ministack(tmp_path_factory.mktemp("e2e")) as stack:
        print("left out:", *stack.build())
        stack.deploy({**emarsys.parameters, **QUICK})
        stack.client("secretsmanager").create_secret(Name="emarsys/default", SecretString=json.dumps(OAUTH))
        stack.subscribe()
        yield stack


def test_an_export_that_ends_is_published_as_done(stack):
    stack.announce({"export_id": 123, "context": {"job": "nightly"}})
    message = stack.next_notification()
    NOTIFICATION.validate(message)
    assert message["data"]["outcome"] == "done"
    assert message["data"]["file"]["uri"] == "ftp://ftp.example.com/folder/clicks.csv"
    assert message["data"]["context"] == {"job": "nightly"}


def test_a_watch_that_is_stopped_is_published_as_lost(stack):
    stack.announce({"export_id": 124})
    execution = eventually(lambda: stack.running("default_124"), within=30, what="running execution")
    stack.client("stepfunctions").stop_execution(executionArn=execution)
    message = stack.next_notification()
    NOTIFICATION.validate(message)
    assert message["data"]["outcome"] == "lost"
    assert message["data"]["reason"]["code"] == "execution_aborted"
    assert message["data"]["watch"]["execution_arn"] == execution
