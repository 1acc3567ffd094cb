"""Faults on the way to Emarsys: the network, names and certificates, and the endpoint that issues access tokens."""

from export_watch.errors import NoReplyError
from export_watch.transport import Reply
from tests.stack.faults.matrix import ALWAYS, FIRST, LAST, MIDDLE, Course, Published, Timing
from tests.stack.faults.of_emarsys import (
    BROKEN,
    CREDENTIALS,
    INVALID,
    LIMITED,
    REFUSED,
    TOO_LONG,
    UNAVAILABLE,
    UNEXPECTED,
)
from tests.stack.faults.walk import Walk
from tests.unit.emarsys.fakes import Answer, reply

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
LATE = "no complete reply in time"
UNRESOLVED = "the host name cannot be resolved"
CLOSED = "the connection was refused"


def tokens(fault: str, published: Published, log: str, answer: Answer) -> Walk:
    return Walk(f"token endpoint: {fault}", published, log, TOKENS, answer=answer, is_of_tokens=True)


ROWS = [
    Walk("connection refused", UNAVAILABLE, CLOSED, answer=NoReplyError(CLOSED)),
    Walk("the name has no address", UNAVAILABLE, UNRESOLVED, answer=NoReplyError(UNRESOLVED)),
    Walk("no trusted certificate", UNAVAILABLE, "no trusted TLS", answer=NoReplyError("no trusted TLS")),
    Walk("silence", UNAVAILABLE, LATE, answer=NoReplyError(LATE)),
    Walk("a reply that drips", UNAVAILABLE, LATE, answer=Reply(200, {}, b" ", LATE, interrupted=True)),
    tokens("silence", UNAVAILABLE, LATE, NoReplyError(LATE)),
    tokens("HTTP 401", REFUSED, SECRET, reply(401, {"error": "invalid_client"})),
    tokens("HTTP 403", REFUSED, SECRET, reply(403, b"")),
    tokens("HTTP 429", LIMITED, "asks for tokens with the same client id", reply(429, b"")),
    tokens("HTTP 500", UNAVAILABLE, TOKEN_URL, reply(500, b"")),
    tokens("HTML with HTTP 200", UNEXPECTED, TOKEN_URL, reply(200, b"<html>")),
    tokens("JSON without a token", UNEXPECTED, NO_TOKEN, reply(200, {"token": 1})),
    tokens("a token of two lines", UNEXPECTED, NO_TOKEN, reply(200, {"access_token": "a\nb"})),
    tokens("a reply of 100 MB", UNEXPECTED, TOKEN_URL, Reply(200, {}, flaw=TOO_LONG)),
    tokens("connection reset", UNAVAILABLE, TOKEN_URL, NoReplyError(BROKEN)),
    tokens("connection refused", UNAVAILABLE, TOKEN_URL, NoReplyError(CLOSED)),
    tokens("the name has no address", UNAVAILABLE, TOKEN_URL, NoReplyError(UNRESOLVED)),
    Walk("HTTP 401 to a fresh token", REFUSED, CREDENTIALS, TOKENS, answer=INVALID),
]
