"""The world of a test: an Emarsys and the deployed template that watches its exports, on one virtual clock."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, parse
from tests.contract.schemas import assert_valid_notification

START = 1_800_000_000
OAUTH = {"client_id": "planted-client-id", "client_secret": "planted-client-secret"}
WSSE = {"username": "planted-user", "secret": "planted-wsse-secret"}
CREDENTIALS = {
    "oauth": {OAUTH["client_id"]: OAUTH["client_secret"]},
    "wsse": {WSSE["username"]: WSSE["secret"]},
}


class World:
    """An Emarsys and the deployed template that watches its exports, in virtual time."""

    def __init__(self, stack: Deployment, server: EmarsysServer) -> None:
        self.stack, self.server = stack, server

    def announce(self, *details: dict[str, Any]) -> None:
        for detail in details:
            self.stack.announce(detail)

    def run(self, until: float | None = None) -> None:
        """Let time pass: to the end, or for `until` seconds since the start."""
        ended = self.stack.run(until=None if until is None else START + until)
        assert ended or until is not None

    @property
    def published(self) -> list[dict[str, Any]]:
        """The notifications, each held to the public contract."""
        notifications = [
            {"attributes": dict(each.attributes), "message": each.message}
            for each in self.stack.notifications
        ]
        for notification in notifications:
            assert_valid_notification(notification)
        return notifications

    @property
    def data(self) -> list[dict[str, Any]]:
        return [each["message"]["data"] for each in self.published]

    @property
    def outcomes(self) -> list[str]:
        return [data["outcome"] for data in self.data]

    @property
    def only(self) -> dict[str, Any]:
        """The data of the only notification there is."""
        [data] = self.data
        return data

    @property
    def statuses(self) -> dict[str, str]:
        return {execution.name: execution.status for execution in self.stack.executions()}

    def assert_log_is_clean(self) -> None:
        """Each line of the functions is one JSON object, printable and of bounded length."""
        for line in self.stack.logs.lines:
            assert line.record, line.text[:200]
            assert line.text.isprintable(), line.text
            assert len(line.text) < 2048


@contextlib.contextmanager
def deployed(
    *,
    secret: Any = OAUTH,
    secrets: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
    stack_name: str = "sandbox",
    **scenario: Any,
) -> Iterator[World]:
    """The world of a scenario, with the secret of the account `default`, or with the `secrets` of several accounts."""
    clock = VirtualClock(START)
    accounts = {"default": secret} if secrets is None else secrets
    with (
        EmarsysServer(parse({"credentials": CREDENTIALS, **scenario}), clock=clock.now) as server,
        deploy(
            {**server.parameters, **(parameters or {})}, secrets=accounts, clock=clock, stack_name=stack_name
        ) as stack,
    ):
        yield World(stack, server)


def moment(text: str) -> int:
    """The unix seconds of a moment as it is published."""
    return int(datetime.fromisoformat(text).timestamp())


def timeline(**phases: float) -> list[dict[str, Any]]:
    """A timeline: `timeline(in_progress=0, ready=60, done=90)`."""
    return [{"at": at, "status": status.replace("_", " ")} for status, at in phases.items()]
