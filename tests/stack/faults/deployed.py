"""The deployed template, on which many exports are watched at once, each with a fault of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export_watch import aws
from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable
from export_watch.settings import CheckExportSettings
from export_watch.transport import Urllib3Client
from tests import world
from tests.stack.faults.matrix import CHECK_COST_SECONDS, DEAD_LETTER, Cell, Moment, Row
from tests.stack.faults.walk import TOKEN_SECONDS, as_published
from tests.world import START, WSSE, World

STUCK_AFTER_SECONDS = 300
PLENTY = {"per_minute": 10_000, "per_hour": 10_000}
"""The sandbox counts token requests in real time, in which all of them come at once."""


@dataclass(frozen=True, slots=True)
class Site:
    """A cell on the deployed template."""

    w: World
    cell: Cell

    def at(self, seconds: float, action: Callable[[], Any]) -> None:
        """Does something so many seconds after the export is announced, unless that is never."""
        clock = self.w.stack.clock
        if seconds < float("inf"):
            clock.call_later(max(0.0, self.cell.announced_at + seconds - clock.now()), action)

    def announce(self, seconds: float = 0, **others: Any) -> None:
        """Announces the export, in an event whose source names the cell."""
        timing = self.cell.timing
        detail = {"export_id": self.cell.export_id, "account": self.cell.account, **others}
        detail = {"deadline_seconds": timing.deadline_seconds, **detail}
        self.at(seconds, lambda: self.w.stack.announce(detail, source=self.cell.execution))

    def put_secret(self, secret: Mapping[str, str] | str) -> None:
        self.w.stack.put_secret(self.cell.account, secret)


Strike = Callable[[Site], None]
About = Callable[[Cell, Any], bool]
"""Whether a call, or a function's event, is about a cell."""


@dataclass(frozen=True)
class OnAws(Row):
    """A fault on our side. `strike` arranges what happens, and `announce` announces the export."""

    strike: Strike = lambda site: None
    announce: Strike = Site.announce


def fails(operation: str, code: str, status: int, about: About) -> Strike:
    """Calls of AWS that are about the cell fail while the fault strikes."""

    def strike(site: Site) -> None:
        site.w.stack.faults.fail(operation, code, status=status, matches=_struck(site, about))

    return strike


def answers(operation: str, answer: Callable[[], Any], about: About) -> Strike:
    """Calls of AWS, or invocations of a function, are answered in this way while the fault strikes."""

    def strike(site: Site) -> None:
        site.w.stack.faults.answer(operation, answer, matches=_struck(site, about))

    return strike


def _struck(site: Site, about: About) -> Callable[[Any], bool]:
    return lambda call: site.cell.strikes(site.w.stack.clock.now()) and about(site.cell, call)


def user(cell: Cell) -> str:
    """A WSSE user, or an OAuth client, of the cell's own, whose secret is `old` at first."""
    return f"user-of-{cell.export_id}"


def wrong(rows: Sequence[OnAws]) -> list[str]:
    """Watches the exports of all cells of these rows in one deployment, and says what is not as the rows say."""
    wanted = [(row, moment) for moment in Moment for row in rows if moment in row.published]
    # They are announced a second apart, so that each comes alone.
    cells = [
        Cell(row, moment, number, f"cell-{number}", START + number)
        for number, (row, moment) in enumerate(wanted, 1)
    ]
    own = {user(cell): "old" for cell in cells}
    with world.deployed(
        secrets={cell.account: WSSE for cell in cells},
        # Fewer checks than by default, since each takes real time, and an export that gets stuck soon.
        parameters={"CheckCostSeconds": CHECK_COST_SECONDS, "StuckAfterSeconds": STUCK_AFTER_SECONDS},
        credentials={"wsse": {WSSE["username"]: WSSE["secret"], **own}, "oauth": own},
        tokens={**PLENTY, "lifetime_seconds": TOKEN_SECONDS},
        exports={cell.export_id: cell.row.plan(cell) for cell in cells},
    ) as w:
        _keep_time(w)
        for row, cell in zip((row for row, _ in wanted), cells, strict=True):
            row.strike(Site(w, cell))
            row.announce(Site(w, cell))
        w.run()
        return list(_wrong(w, cells))


def _keep_time(w: World) -> None:
    """Tokens and secrets get old on the deployment's clock, too, since it is what they have to outlast here."""
    function, now = w.stack.function("check_export"), w.stack.clock.now
    settings = CheckExportSettings.from_environment(function.environment)
    http = Urllib3Client()
    credentials = CredentialsStore(
        aws.client("secretsmanager"),
        settings.credentials_prefix,
        settings.emarsys_host,
        settings.emarsys_token_url,
        now,
    )
    table = DynamoDbTokenTable(aws.client("dynamodb"), settings.token_table)
    function.options["emarsys"] = EmarsysClient(credentials, http, TokenStore(http, table, now))


def _wrong(w: World, cells: Sequence[Cell]) -> Iterator[str]:
    published: dict[str, list[str]] = defaultdict(list)
    for data in w.data:
        published[f"{data['account']}_{data['export_id']}"].append(as_published(data))
    names: dict[str, str] = {}
    for letter in w.stack.dead_letters():
        names[letter.message_id] = letter.event["detail"].get("name") or letter.event["source"]
        published[names[letter.message_id]].append(DEAD_LETTER)
    logged = _complaints(w, names)
    for cell in cells:
        found = cell.row.wrong(cell.moment, published[cell.execution], logged[cell.execution])
        if found:
            yield found


def _complaints(w: World, names: Mapping[str, str]) -> dict[str, list[str]]:
    """By cell the lines that do not say that all is well; at most one for each thing that happened."""
    found: dict[str, list[str]] = defaultdict(list)
    seen = set()
    for line in w.stack.logs.lines:
        record = line.record
        message, message_id = str(record.get("message")), record.get("message_id")
        if record.get("level") in ("WARNING", "ERROR") or message.startswith("refused"):
            happened = (line.request_id, message_id)
            assert happened not in seen, f"logged twice: {message}"
            seen.add(happened)
            found[record.get("execution") or names.get(str(message_id), "")].append(message)
    return found
