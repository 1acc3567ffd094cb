"""Faults on the way to Emarsys: the network, names and certificates, and the endpoint that issues access tokens."""

from collections.abc import Callable
from typing import Any

from sandbox.emarsys import EmarsysServer, parse
from tests.stack.faults.line import Line, State
from tests.stack.faults.matrix import (
    ALWAYS,
    FIRST,
    LAST,
    MIDDLE,
    Cell,
    Course,
    Row,
    Timing,
    healthy,
)
from tests.stack.faults.of_emarsys import CREDENTIALS as WRONG_CREDENTIALS
from tests.stack.faults.of_emarsys import (
    LIMITED,
    REFUSED,
    UNAVAILABLE,
    UNEXPECTED,
    Plan,
    named,
)
from tests.stack.faults.rig import PLENTY, Rig
from tests.world import CREDENTIALS, OAUTH, WSSE

Strike = Callable[[Rig, Cell], None]

IN_TIME = "no complete reply in time"
WHOLE_SECONDS = 0.25
"""What a call may take where no reply comes; 20 s in earnest."""


def on_the_line(state: State, *, tls: bool = False) -> Strike:
    """The account's host is at the end of a line of its own, which is in this state while the fault strikes."""

    def strike(rig: Rig, cell: Cell) -> None:
        line = _line(rig, cell, rig.emarsys, state, tls=tls)
        rig.stack.put_secret(cell.account, {**WSSE, "host": line.url})

    return strike


def _line(rig: Rig, cell: Cell, server: EmarsysServer, state: State, *, tls: bool = False) -> Line:
    port = int(server.url.rpartition(":")[2])
    line = rig.lines.draw(cell.account, port, tls=tls)
    rig.at(cell.timing.begins, cell, lambda: line.switch(state))
    if cell.timing.ends < float("inf"):
        rig.at(cell.timing.ends, cell, lambda: line.switch(State.OPEN))
    return line


NETWORK = [
    Row("connection refused", UNAVAILABLE, "the connection was refused", strike=on_the_line(State.REFUSED)),
    Row("the name has no address", UNAVAILABLE, "the host name cannot be",
        strike=on_the_line(State.UNRESOLVED, tls=True)),
    Row("no trusted certificate", UNAVAILABLE, "no trusted TLS", strike=on_the_line(State.UNTRUSTED, tls=True)),
]  # fmt: skip

TOKEN_SECONDS = 900
TOKENS: Course = {
    FIRST: Timing(600, 400, 0, 31),
    MIDDLE: Timing(2400, 2000, 700, 1400),
    LAST: Timing(2400, 2300, 1000),
    ALWAYS: Timing(600, 400, 0),
}
"""A token lasts a quarter of an hour here, so the fault meets its renewal, or the end of the last one."""


def token_endpoint(fault: dict[str, Any] | State | None, plan: Plan = healthy) -> Strike:
    """The account has an Emarsys of its own, whose token endpoint has this fault while it strikes."""

    def strike(rig: Rig, cell: Cell) -> None:
        faults = []
        if isinstance(fault, dict):
            until = {"until": cell.timing.ends} if cell.timing.ends < float("inf") else {}
            faults.append({**fault, "from": cell.timing.begins, **until})
        scenario = {
            "credentials": CREDENTIALS,
            "tokens": {**PLENTY, "lifetime_seconds": TOKEN_SECONDS},
            "exports": {cell.export_id: plan(cell)},
            "token_faults": faults,
        }
        server = rig.running.enter_context(EmarsysServer(parse(scenario), clock=rig.stack.clock.now))
        tokens = _line(rig, cell, server, fault) if isinstance(fault, State) else server
        secret = {**OAUTH, "host": server.url, "token_url": f"{tokens.url}/oauth2/token"}
        rig.stack.put_secret(cell.account, secret)

    return strike


def token_reply(http: int, **reply: Any) -> Strike:
    return token_endpoint({"reply": {"http": http, **reply}})


def _row(fault: str, told: Any, log: str, strike: Strike) -> Row:
    return Row(f"token endpoint: {fault}", told, log, TOKENS, strike=strike)


SECRET = "Check client_id and client_secret in the account's secret"
TOKEN_URL = "Check the token URL: the parameter EmarsysTokenUrl, or token_url in the secret"

TOKEN_ENDPOINT = [
    _row("HTTP 401", REFUSED, SECRET, token_reply(401, json={"error": "invalid_client"})),
    _row("HTTP 403", REFUSED, SECRET, token_reply(403)),
    _row("HTTP 429", LIMITED, "asks for tokens with the same client id", token_reply(429)),
    _row("HTTP 500", UNAVAILABLE, TOKEN_URL, token_reply(500)),
    _row("HTML with HTTP 200", UNEXPECTED, TOKEN_URL, token_reply(200, text="<html>")),
    _row("JSON without a token", UNEXPECTED, "without an access token", token_reply(200, json={"token": 1})),
    _row("a token of two lines", UNEXPECTED, "without an access token",
         token_reply(200, json={"access_token": "a\nb"})),
    _row("a reply of 100 MB", UNEXPECTED, TOKEN_URL, token_endpoint({"fault": "huge"})),
    _row("connection reset", UNAVAILABLE, TOKEN_URL, token_endpoint({"fault": "reset"})),
    _row("connection refused", UNAVAILABLE, TOKEN_URL, token_endpoint(State.REFUSED)),
    _row("the name has no address", UNAVAILABLE, TOKEN_URL, token_endpoint(State.UNRESOLVED)),
    Row("HTTP 401 to a fresh token", REFUSED, WRONG_CREDENTIALS, TOKENS,
        strike=token_endpoint(None, named("unauthorized"))),
]  # fmt: skip

SLOW = [
    Row("silence", UNAVAILABLE, IN_TIME, strike=on_the_line(State.SILENT)),
    Row("a reply that drips", UNAVAILABLE, IN_TIME, strike=on_the_line(State.DRIPPING)),
    _row("silence", UNAVAILABLE, IN_TIME, token_endpoint(State.SILENT)),
]
"""These take as long as a call may take."""
