"""One deployment in which many exports are watched at once, each with a fault of its own."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import urllib3

from export_watch import aws, transport
from export_watch.emarsys import wsse
from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable
from export_watch.settings import CheckExportSettings
from export_watch.transport import Urllib3Client
from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, parse
from tests.stack.faults.line import Certificates, Lines
from tests.stack.faults.matrix import DEAD_LETTER, Cell, Moment, Row
from tests.world import CREDENTIALS, OAUTH, START, WSSE, World

PARAMETERS = {"CheckCostSeconds": 15, "StuckAfterSeconds": 300}
"""Fewer looks than by default, since each takes real time, and an export that gets stuck soon."""

PLENTY = {"per_minute": 10_000, "per_hour": 10_000}


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one cell."""

    cell: Cell
    told: str
    complaints: tuple[str, ...]

    @property
    def wrong(self) -> str | None:
        """What is not as the row says, or None."""
        wanted, log = self.cell.row.told[self.cell.moment], self.cell.row.logs(self.cell.moment)
        name = f"{self.cell.row.fault} ({self.cell.moment})"
        if self.told != wanted:
            return f"{name}: told {self.told!r} instead of {wanted!r}; logged {self.complaints}"
        if log is None and self.complaints:
            return f"{name}: logged {self.complaints} instead of nothing"
        if log is not None and not self.complaints:
            return f"{name}: logged nothing instead of {log!r}"
        others = [line for line in self.complaints if log is not None and log not in line]
        return f"{name}: logged {others} instead of {log!r}" if others else None


class Rig:
    """The deployment, the Emarsys of the sandbox, and ways to break either for one cell."""

    def __init__(
        self,
        stack: Deployment,
        emarsys: EmarsysServer,
        lines: Lines,
        running: contextlib.ExitStack,
    ) -> None:
        self.stack, self.emarsys, self.lines, self.running = stack, emarsys, lines, running

    def at(self, seconds: float, cell: Cell, action: Callable[[], Any]) -> None:
        """Does something so many seconds after the cell's export was announced."""
        moment = cell.announced_at + seconds
        self.stack.clock.call_later(max(0.0, moment - self.stack.clock.now()), action)

    def create(self, cell: Cell) -> None:
        """The export's life begins when it is announced, and not with the first look."""
        headers = {
            "X-WSSE": wsse.header(WSSE["username"], WSSE["secret"], secrets.token_hex(16), datetime.now(UTC))
        }
        url = f"{self.emarsys.url}/api/v2/export/{cell.export_id}"
        self.at(0, cell, lambda: urllib3.request("GET", url, headers=headers, retries=False))

    def announce_at(self, seconds: float, cell: Cell, detail: Mapping[str, Any]) -> None:
        self.at(seconds, cell, lambda: self.stack.announce(detail))

    def strikes(self, cell: Cell) -> bool:
        """Whether now is the time of the cell's fault."""
        age = self.stack.clock.now() - cell.announced_at
        return cell.timing.begins <= age < cell.timing.ends

    def fails(
        self, cell: Cell, operation: str, code: str, matches: Callable[[Any], bool], status: int = 500
    ) -> None:
        """Calls of AWS fail while the fault strikes."""
        self.stack.faults.fail(
            operation, code, status=status, matches=lambda call: self.strikes(cell) and matches(call)
        )

    def answers(
        self, cell: Cell, operation: str, answer: Callable[[], Any], matches: Callable[[Any], bool]
    ) -> None:
        """Calls of AWS, or invocations of a function, are answered in this way while the fault strikes."""
        self.stack.faults.answer(operation, answer, matches=lambda call: self.strikes(cell) and matches(call))


def cells(rows: Sequence[Row], moments: Sequence[Moment]) -> list[Cell]:
    """The cells of some rows and columns. Their exports are announced a second apart, so each comes alone."""
    wanted = [(row, moment) for moment in moments for row in rows if moment in row.told]
    return [
        Cell(row, moment, number, START + number, row.account or f"cell-{number}")
        for number, (row, moment) in enumerate(wanted, 1)
    ]


def run(
    all_cells: Sequence[Cell],
    *,
    whole_seconds: float | None = None,
) -> list[Found]:
    """Watches the exports of all cells in one deployment, to their ends.

    `whole_seconds` replaces the longest that a call to Emarsys takes, since those calls take real time.
    """
    clock = VirtualClock(START)
    scenario = {
        "credentials": {
            **CREDENTIALS,
            "wsse": CREDENTIALS["wsse"] | {user(cell): "old" for cell in all_cells},
        },
        "tokens": PLENTY,
        "exports": {cell.export_id: cell.row.plan(cell) for cell in all_cells},
    }
    with contextlib.ExitStack() as running:
        certificates = Certificates(Path(running.enter_context(tempfile.TemporaryDirectory())))
        running.enter_context(patch.dict(os.environ, SSL_CERT_FILE=str(certificates.trusted_file)))
        server = running.enter_context(EmarsysServer(parse(scenario), clock=clock.now))
        stack = running.enter_context(deploy({**PARAMETERS, **server.parameters}, secrets={}, clock=clock))
        _keep_time(stack)
        if whole_seconds is not None:
            running.enter_context(patch.object(transport, "WHOLE_SECONDS", whole_seconds))
        for account in sorted({cell.account for cell in all_cells}):
            stack.put_secret(account, WSSE if account == "wsse" else OAUTH)
        rig = Rig(stack, server, running.enter_context(Lines(certificates)), running)
        for cell in all_cells:
            if "faults" not in cell.row.plan(cell):
                rig.create(cell)
            cell.row.strike(rig, cell)
            cell.row.announce(rig, cell)
        assert stack.run()
        return list(_found(rig, all_cells))


def user(cell: Cell) -> str:
    """A WSSE user of the cell's own, whose secret is `old` at first."""
    return f"user-of-{cell.export_id}"


def _keep_time(stack: Deployment) -> None:
    """Tokens and secrets get old on the deployment's clock, too, since it is what they have to outlast here."""
    [function] = [function for function in stack.functions.values() if function.label == "check_export"]
    settings = CheckExportSettings.from_environment(function.environment)
    http = Urllib3Client()
    credentials = CredentialsStore(
        aws.client("secretsmanager"),
        settings.credentials_prefix,
        settings.emarsys_host,
        settings.emarsys_token_url,
        stack.clock.now,
    )
    table = DynamoDbTokenTable(aws.client("dynamodb"), settings.token_table)
    function.options["emarsys"] = EmarsysClient(credentials, http, TokenStore(http, table, stack.clock.now))


def _found(rig: Rig, all_cells: Sequence[Cell]) -> Iterator[Found]:
    told: dict[str, list[str]] = {}
    for notification in World(rig.stack, rig.emarsys).told:
        data = notification["message"]["data"]
        word = data["outcome"]
        if word not in ("done", "stuck"):
            word += f": {data['reason']['code']}"
        told.setdefault(f"{data['account']}_{data['export_id']}", []).append(word)
    dead: dict[str, list[str]] = {}
    for letter in rig.stack.dead_letters():
        detail = letter.event["detail"]
        name = detail.get("name") or detail["cell"]
        dead.setdefault(name, []).append(letter.message_id)
    for cell in all_cells:
        letters = dead.get(cell.execution, [])
        words = [*told.get(cell.execution, []), *[DEAD_LETTER] * len(letters)]
        yield Found(cell, ", ".join(words) or "nothing", tuple(_complaints(rig, cell, letters)))


def _complaints(rig: Rig, cell: Cell, letters: list[str]) -> Iterator[str]:
    """The lines about the cell that do not say that all is well; at most one for each thing that happened."""
    seen = set()
    for line in rig.stack.logs.lines:
        record = line.record
        about = record.get("execution") == cell.execution or record.get("message_id") in letters
        message = str(record.get("message"))
        if message.startswith("the event's detail has keys"):  # `cell`, in each of them
            continue
        if about and (record.get("level") in ("WARNING", "ERROR") or message.startswith("refused")):
            happened = (line.request_id, record.get("message_id"))
            assert happened not in seen, f"told twice: {message}"
            seen.add(happened)
            yield message
