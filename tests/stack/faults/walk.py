"""A watch without AWS: it does what the state machine does, in virtual time, with the real client of Emarsys."""

import contextlib
import json
import time
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
from export_watch.transport import Urllib3Client
from export_watch.watch import Watch, WatchRequest
from sandbox.emarsys import EmarsysServer, parse
from tests.contract.schemas import assert_valid_notification
from tests.stack.faults.matrix import CHECK_COST_SECONDS, Cell, Row
from tests.stack.faults.way import Way, way_to
from tests.unit.emarsys.fakes import FakeClock, FakeSecretsManager, FakeTokenTable
from tests.world import CREDENTIALS, OAUTH, START, WSSE

POLICY = Policy(check_cost_seconds=CHECK_COST_SECONDS)

PLENTY = {"per_minute": 10_000, "per_hour": 10_000}
"""The sandbox counts token requests in real time, in which all of them come at once."""

TOKEN_SECONDS = 900


@dataclass(frozen=True)
class Walk(Row):
    """A fault of Emarsys, of its token URL, or of the way to either, for an account with this secret."""

    secret: Mapping[str, str] = field(default_factory=lambda: OAUTH)
    token_fault: Mapping[str, Any] | None = None
    way: Way | None = None
    token_way: Way | None = None

    @property
    def takes_real_time(self) -> bool:
        """Whether a call that is struck lasts as long as a call may."""
        return bool({self.way, self.token_way} & {Way.SILENT, Way.DRIPPING})


@dataclass(slots=True)
class Found:
    """What became of a watch: its outcomes, and the lines of its log that do not say that all is well."""

    published: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


def walk(row: Walk, cell: Cell) -> Found:
    """Watch the export of a cell to its end."""
    clock = FakeClock(START)
    scenario = {
        "credentials": CREDENTIALS,
        "tokens": {**PLENTY, "lifetime_seconds": TOKEN_SECONDS},
        "exports": {cell.export_id: row.plan(cell)},
        "token_faults": [cell.as_fault(row.token_fault)] if row.token_fault else [],
    }
    with contextlib.ExitStack() as running:
        server = running.enter_context(EmarsysServer(parse(scenario), clock=clock))
        # The export's life begins now, and not with the first check.
        _client({**WSSE, "host": server.url}, clock).check(cell.account, cell.export_id)

        def leads(way: Way | None) -> str:
            if way is None:
                return server.url
            port = int(server.url.rpartition(":")[2])
            return running.enter_context(way_to(port, way, lambda: cell.strikes(clock() - START)))

        secret = {**row.secret, "host": leads(row.way), "token_url": f"{leads(row.token_way)}/oauth2/token"}
        return _watched(cell, _client(secret, clock), clock)


def _client(secret: Mapping[str, str], clock: FakeClock) -> EmarsysClient:
    """As an execution environment has it, but for what AWS keeps."""
    # Within a call time passes by itself; between two, as the watch waits.
    http = Urllib3Client(monotonic=lambda: time.monotonic() + clock())
    credentials = CredentialsStore(FakeSecretsManager(default=secret), "emarsys", "", "", clock)
    return EmarsysClient(credentials, http, TokenStore(http, FakeTokenTable(), clock))


def _watched(cell: Cell, emarsys: EmarsysClient, clock: FakeClock) -> Found:
    found = Found()
    request = WatchRequest(cell.export_id, cell.account, 1, cell.timing.deadline_seconds, None, {})
    watch = Watch.begin(request, clock())
    clock.advance(first_wait_seconds(watch, POLICY))
    while True:
        observation = emarsys.check(watch.account, watch.export_id)
        decision = decide(watch, observation, clock(), POLICY)
        found.logged += _complaints(check_report.lines(Before(watch, POLICY), observation, decision, clock()))
        if not isinstance(decision, Wait):
            origin = Origin(
                "sandbox", f"arn:aws:states:eu-central-1:123456789012:execution:x:{cell.execution}"
            )
            published = notification.of_decision(decision, clock(), origin)
            message = json.loads(published.message)
            assert_valid_notification({"message": message, "attributes": published.attributes})
            found.published.append(as_published(message["data"]))
        if isinstance(decision, End):
            return found
        watch = decision.watch
        clock.advance(decision.wait_seconds)


def _complaints(lines: Iterator[check_report.LogLine]) -> list[str]:
    """The lines about a check that do not say that all is well: one, or none."""
    said = [line.message for line in lines if line.level > INFO or line.message.startswith("refused")]
    assert len(said) <= 1
    return said


def as_published(data: Mapping[str, Any]) -> str:
    """What was published, as the matrix has it."""
    outcome: str = data["outcome"]
    return outcome if outcome in ("done", "stuck") else f"{outcome}: {data['reason']['code']}"
