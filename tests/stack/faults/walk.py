"""A watch without AWS and without a network: it does what the state machine does, in virtual time, with the real code.

That a call which is broken off, say, ends as it is said here, tests/integration/test_transport.py shows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from logging import INFO
from typing import Any

from export_watch import check_report, notification
from export_watch.check_report import Before
from export_watch.decision import End, Wait, decide
from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.notification import Origin
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.watch import Watch, WatchRequest
from tests.contract.schemas import assert_valid_notification
from tests.stack.faults.matrix import CHECK_COST_SECONDS, Cell, Row
from tests.unit.emarsys.fakes import (
    HOST,
    TOKEN_URL,
    Answer,
    Call,
    FakeClock,
    FakeHttp,
    FakeSecretsManager,
    FakeTokenTable,
    reply,
)
from tests.world import OAUTH, START

POLICY = Policy(check_cost_seconds=CHECK_COST_SECONDS)
TOKEN_SECONDS = 900
ARN = "arn:aws:states:eu-central-1:123456789012:execution:x:"


@dataclass(frozen=True)
class Walk(Row):
    """A fault of Emarsys, of its token URL, or of the way to either: the `answer` to a call while it strikes.

    An answer that is a mapping is a right one, but for these fields of the export.
    """

    answer: Answer | Mapping[str, Any] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=lambda: OAUTH)
    is_of_tokens: bool = False


@dataclass(slots=True)
class Found:
    """What became of a watch: its outcomes, and the lines of its log that do not say that all is well."""

    published: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


def walk(row: Walk, cell: Cell) -> Found:
    """Watch the export of a cell to its end."""
    clock, found = FakeClock(START), Found()
    http = FakeHttp(lambda call: _answer(row, cell, clock() - START, call))
    credentials = CredentialsStore(FakeSecretsManager(default=row.secret), "emarsys", HOST, TOKEN_URL, clock)
    emarsys = EmarsysClient(credentials, http, TokenStore(http, FakeTokenTable(), clock), clock)
    watch = Watch.begin(WatchRequest(1, cell.account, 1, cell.timing.deadline_seconds, None, {}), clock())
    clock.advance(first_wait_seconds(watch, POLICY))
    while True:
        observation = emarsys.check(watch.account, watch.export_id)
        decision = decide(watch, observation, clock(), POLICY)
        found.logged += _complaints(check_report.lines(Before(watch, POLICY), observation, decision, clock()))
        if not isinstance(decision, Wait):
            published = notification.of_decision(decision, clock(), Origin("sandbox", ARN + cell.execution))
            message = json.loads(published.message)
            assert_valid_notification({"message": message, "attributes": published.attributes})
            found.published.append(as_published(message["data"]))
        if isinstance(decision, End):
            return found
        watch = decision.watch
        clock.advance(decision.wait_seconds)


def _answer(row: Walk, cell: Cell, seconds: float, call: Call) -> Answer:
    """What Emarsys or its token URL answers so many seconds after the export was announced."""
    is_of_tokens = call.url == TOKEN_URL
    is_struck = cell.strikes(seconds) and is_of_tokens is row.is_of_tokens
    if is_struck and not isinstance(row.answer, Mapping):
        return row.answer
    if is_of_tokens:
        return reply(200, {"access_token": "token", "expires_in": TOKEN_SECONDS})
    status = "done" if seconds >= cell.timing.done_at else "in progress"
    changed = row.answer if is_struck and isinstance(row.answer, Mapping) else {}
    return reply(200, {"replyCode": 0, "data": {"id": "1", "status": status, **changed}})


def _complaints(lines: Iterator[check_report.LogLine]) -> list[str]:
    """The lines about a check that do not say that all is well: one, or none."""
    said = [line.message for line in lines if line.level > INFO or line.message.startswith("refused")]
    assert len(said) <= 1
    return said


def as_published(data: Mapping[str, Any]) -> str:
    """What was published, as the matrix has it."""
    outcome: str = data["outcome"]
    return outcome if outcome in ("done", "stuck") else f"{outcome}: {data['reason']['code']}"
