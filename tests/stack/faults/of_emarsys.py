"""Faults of Emarsys's API: each kind of answer that is not the right one, and what a watch makes of it."""

from typing import Any

from export_watch.errors import NoReplyError
from export_watch.transport import Reply
from tests.stack.faults.matrix import ALWAYS, FIRST, LAST, MIDDLE, NEVER_SHOWS, Published, heals_or_expires
from tests.stack.faults.walk import Walk
from tests.unit.emarsys.fakes import reply
from tests.world import WSSE

REFUSED = heals_or_expires("credentials_refused")
FORBIDDEN = heals_or_expires("permission_missing")
LIMITED = heals_or_expires("rate_limited")
UNAVAILABLE = heals_or_expires("emarsys_unavailable")
UNEXPECTED = heals_or_expires("unexpected_reply")

CREDENTIALS = "Check the account's API credentials"
PERMISSION = "Grant the permission export.status"
LIMIT = "Send fewer export-created events at once"
REACHABLE = "Check that the Emarsys host is right and reachable"
HOST = "Check that the Emarsys host is right, and read the log"
INVALID, TIMEFRAME = (
    reply(401, {"message": f"{word} invalid."}) for word in ("Credentials are", "Timeframe is")
)
BROKEN, TOO_LONG = "the connection broke off", "a reply that is too long"


def error(http: int, code: int, **headers: str) -> Reply:
    return reply(http, {"replyCode": code, "replyText": "an error", "data": ""}, **headers)


def final(code: str) -> Published:
    """A refusal that may be final ends the watch once it has lasted a minute, and not before."""
    return {FIRST: "done", MIDDLE: "done", LAST: "expired: unexpected_reply", ALWAYS: f"rejected: {code}"}


NOT_FOUND, UNSUPPORTED = final("export_not_found"), final("export_type_unsupported")
ODD: dict[str, Any] = {"type": ["x"], "file_name": 7, "ftp_host": {}, "created": 1e308}

ROWS = [
    Walk("HTTP 400, 10001: no such export", NOT_FOUND, "export_not_found", answer=error(400, 10001)),
    Walk("HTTP 200, 10001: no such export", NOT_FOUND, "export_not_found", answer=error(200, 10001)),
    Walk("HTTP 400, 4002: no status for this type", UNSUPPORTED, "unsupported", answer=error(400, 4002)),
    Walk("HTTP 200, 4002: no status for this type", UNSUPPORTED, "unsupported", answer=error(200, 4002)),
    Walk("HTTP 400, 1: no resource requested", UNEXPECTED, HOST, answer=error(400, 1)),
    Walk("HTTP 401 of the gateway, WSSE", REFUSED, CREDENTIALS, answer=INVALID, secret=WSSE),
    Walk("HTTP 401 of the gateway: the time is off", REFUSED, "clocks of AWS", answer=TIMEFRAME, secret=WSSE),
    Walk("HTTP 403", FORBIDDEN, PERMISSION, answer=reply(403, b"<html>403 Forbidden</html>")),
    Walk("HTTP 404", UNEXPECTED, HOST, answer=reply(404, b"Not Found")),
    Walk("HTTP 408", UNAVAILABLE, REACHABLE, answer=reply(408, b"")),
    Walk("HTTP 429, 7003", LIMITED, LIMIT, answer=error(429, 7003)),
    Walk("HTTP 429 of the gateway", LIMITED, LIMIT, answer=reply(429, {"message": "Rate limit exceeded"})),
    Walk("HTTP 429, `Retry-After` of a year", LIMITED, LIMIT, answer=error(429, 7003, Retry_After="31536000")),
    Walk("HTTP 200, 7003", LIMITED, LIMIT, answer=error(200, 7003)),
    Walk("HTTP 500", UNAVAILABLE, REACHABLE, answer=error(500, 2011)),
    Walk("HTTP 502", UNAVAILABLE, REACHABLE, answer=reply(502, b"<html>")),
    Walk("HTTP 503", UNAVAILABLE, REACHABLE, answer=reply(503, b"")),
    Walk("HTTP 504, `Retry-After` of 20 s", UNAVAILABLE, REACHABLE, answer=reply(504, b"", Retry_After="20")),
    Walk("connection reset", UNAVAILABLE, REACHABLE, answer=NoReplyError(BROKEN)),
    Walk("connection reset half-way through the reply", UNAVAILABLE, REACHABLE,
         answer=Reply(200, {}, b'{"rep', BROKEN, interrupted=True)),
    Walk("a redirect to elsewhere", UNEXPECTED, "a redirect, which is not followed", answer=reply(302, b"")),
    Walk("a reply of 100 MB, or a gzip bomb", UNEXPECTED, TOO_LONG, answer=Reply(200, {}, flaw=TOO_LONG)),
    Walk("broken JSON", UNEXPECTED, "no JSON object", answer=reply(200, b'{"replyCode": 0, ')),
    Walk("JSON nested 20,000 deep", UNEXPECTED, "no JSON object", answer=reply(200, b"[" * 20_000)),
    Walk("an empty reply", UNEXPECTED, "no JSON object", answer=reply(200, b"")),
    Walk("HTML with HTTP 200", UNEXPECTED, "no JSON object", answer=reply(200, b"<html>")),
    Walk("`data` that is no object", UNEXPECTED, "data of an export", answer=error(200, 0)),
    Walk("a reply about another export", UNEXPECTED, "about another export", answer={"id": "2"}),
    Walk("a status that is not documented", UNEXPECTED, "does not document", answer={"status": "archived"}),
    Walk("no status", UNEXPECTED, "without a status", answer={"status": None}),
    Walk("no fields but the status", NEVER_SHOWS, None, answer={"id": None}),
    Walk("fields that are null", NEVER_SHOWS, None, answer=dict.fromkeys(("type", "file_name", "ftp_host"))),
    Walk("fields of other types", NEVER_SHOWS, "not of the documented kind: type, ftp_host", answer=ODD),
    Walk("fields that are not documented", NEVER_SHOWS, None, answer={"rows": 10, "more": {"a": [1] * 100}}),
]  # fmt: skip
