"""Faults on the way to Emarsys: the network, names and certificates, and the endpoint that issues access tokens."""

from collections.abc import Mapping
from typing import Any

from tests.stack.faults.matrix import ALWAYS, FIRST, LAST, MIDDLE, Course, Published, Timing
from tests.stack.faults.of_emarsys import CREDENTIALS, LIMITED, REFUSED, UNAVAILABLE, UNEXPECTED, named
from tests.stack.faults.walk import Walk
from tests.stack.faults.way import Way

TOKENS: Course = {
    FIRST: Timing(600, 400, 0, 31),
    MIDDLE: Timing(2400, 2000, 700, 1400),
    LAST: Timing(2400, 2300, 1000),
    ALWAYS: Timing(600, 400, 0),
}
"""A token lasts a quarter of an hour here, so the fault meets its renewal, or the end of the last one."""

SECRET = "Check client_id and client_secret in the account's secret"
TOKEN_URL = "Check the token URL: the parameter EmarsysTokenUrl, or token_url in the secret"
NO_TOKEN = "without an access token"
IN_TIME = "no complete reply in time"


def tokens(fault: str, published: Published, log: str, what: Mapping[str, Any] | Way) -> Walk:
    """A fault of the token endpoint: one of a scenario, or of the way to it."""
    name = f"token endpoint: {fault}"
    if isinstance(what, Way):
        return Walk(name, published, log, TOKENS, token_way=what)
    return Walk(name, published, log, TOKENS, token_fault=what)


def replies(http: int, **reply: Any) -> dict[str, Any]:
    return {"reply": {"http": http, **reply}}


ROWS = [
    Walk("connection refused", UNAVAILABLE, "the connection was refused", way=Way.REFUSED),
    Walk("the name has no address", UNAVAILABLE, "the host name cannot be", way=Way.UNRESOLVED),
    Walk("no trusted certificate", UNAVAILABLE, "no trusted TLS", way=Way.UNTRUSTED),
    Walk("silence", UNAVAILABLE, IN_TIME, way=Way.SILENT),
    Walk("a reply that drips", UNAVAILABLE, IN_TIME, way=Way.DRIPPING),
    tokens("silence", UNAVAILABLE, IN_TIME, Way.SILENT),
    tokens("HTTP 401", REFUSED, SECRET, replies(401, json={"error": "invalid_client"})),
    tokens("HTTP 403", REFUSED, SECRET, replies(403)),
    tokens("HTTP 429", LIMITED, "asks for tokens with the same client id", replies(429)),
    tokens("HTTP 500", UNAVAILABLE, TOKEN_URL, replies(500)),
    tokens("HTML with HTTP 200", UNEXPECTED, TOKEN_URL, replies(200, text="<html>")),
    tokens("JSON without a token", UNEXPECTED, NO_TOKEN, replies(200, json={"token": 1})),
    tokens("a token of two lines", UNEXPECTED, NO_TOKEN, replies(200, json={"access_token": "a\nb"})),
    tokens("a reply of 100 MB", UNEXPECTED, TOKEN_URL, {"fault": "huge"}),
    tokens("connection reset", UNAVAILABLE, TOKEN_URL, {"fault": "reset"}),
    tokens("connection refused", UNAVAILABLE, TOKEN_URL, Way.REFUSED),
    tokens("the name has no address", UNAVAILABLE, TOKEN_URL, Way.UNRESOLVED),
    Walk("HTTP 401 to a fresh token", REFUSED, CREDENTIALS, TOKENS, named("unauthorized")),
]
