"""Faults of Emarsys's API: each answer that is not the right one, and what a watch makes of it."""

from collections.abc import Callable
from typing import Any

from tests.stack.faults.matrix import (
    ALWAYS,
    FIRST,
    LAST,
    MIDDLE,
    NEVER_SHOWS,
    Cell,
    Published,
    heals_or_expires,
    healthy,
)
from tests.stack.faults.walk import Walk
from tests.world import WSSE

Plan = Callable[[Cell], dict[str, Any]]

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


def answering(fault: dict[str, Any]) -> Plan:
    """Emarsys answers with this fault of a scenario, while it strikes."""
    return lambda cell: {**healthy(cell), "faults": [cell.as_fault(fault)]}


def named(name: str) -> Plan:
    return answering({"fault": name})


def replying(http: int = 200, **reply: Any) -> Plan:
    return answering({"reply": {"http": http, **reply}})


def reporting(**data: Any) -> Plan:
    """A right answer, but for these fields; it reports an export that is done where it strikes to the end."""

    def plan(cell: Cell) -> dict[str, Any]:
        status = "done" if cell.moment in (LAST, ALWAYS) else "in progress"
        fields = {"id": str(cell.export_id), "status": status, **data}
        return replying(json={"replyCode": 0, "replyText": "OK", "data": fields})(cell)

    return plan


def final(code: str) -> Published:
    """A refusal that may be final ends the watch once it has lasted a minute, and not before."""
    return {FIRST: "done", MIDDLE: "done", LAST: "expired: unexpected_reply", ALWAYS: f"rejected: {code}"}


NOT_FOUND, UNSUPPORTED = final("export_not_found"), final("export_type_unsupported")

ROWS = [
    Walk("HTTP 400, 10001: no such export", NOT_FOUND, "export_not_found", plan=named("not_found")),
    Walk("HTTP 200, 10001: no such export", NOT_FOUND, "export_not_found", plan=named("not_found_200")),
    Walk("HTTP 400, 4002: no status for this type", UNSUPPORTED, "unsupported", plan=named("unsupported_type")),
    Walk("HTTP 200, 4002: no status for this type", UNSUPPORTED, "unsupported", plan=named("unsupported_type_200")),
    Walk("HTTP 400, 1: no resource requested", UNEXPECTED, HOST, plan=named("no_resource")),
    Walk("HTTP 401 of the gateway, WSSE", REFUSED, CREDENTIALS, plan=named("unauthorized"), secret=WSSE),
    Walk("HTTP 401 of the gateway: the time is off", REFUSED, "clocks of AWS", plan=named("timeframe"), secret=WSSE),
    Walk("HTTP 403", FORBIDDEN, PERMISSION, plan=named("forbidden_html")),
    Walk("HTTP 404", UNEXPECTED, HOST, plan=replying(404, text="Not Found")),
    Walk("HTTP 408", UNAVAILABLE, REACHABLE, plan=replying(408)),
    Walk("HTTP 429, 7003", LIMITED, LIMIT, plan=named("rate_limited")),
    Walk("HTTP 429 of the gateway", LIMITED, LIMIT, plan=named("rate_limited_gateway")),
    Walk("HTTP 429, `Retry-After` of a year", LIMITED, LIMIT, plan=replying(429, headers={"Retry-After": "31536000"})),
    Walk("HTTP 200, 7003", LIMITED, LIMIT, plan=named("rate_limited_200")),
    Walk("HTTP 500", UNAVAILABLE, REACHABLE, plan=named("internal_error_2011")),
    Walk("HTTP 502", UNAVAILABLE, REACHABLE, plan=named("bad_gateway")),
    Walk("HTTP 503", UNAVAILABLE, REACHABLE, plan=named("overloaded")),
    Walk("HTTP 504, `Retry-After` of 20 s", UNAVAILABLE, REACHABLE, plan=replying(504, headers={"Retry-After": "20"})),
    Walk("connection reset", UNAVAILABLE, REACHABLE, plan=named("reset")),
    Walk("connection reset half-way through the reply", UNAVAILABLE, REACHABLE, plan=named("reset_midway")),
    Walk("a redirect to elsewhere", UNEXPECTED, "a redirect, which is not followed", plan=named("redirect")),
    Walk("a reply of 100 MB", UNEXPECTED, "a reply that is too long", plan=named("huge")),
    Walk("a gzip bomb", UNEXPECTED, "a reply that is too long", plan=named("gzip_bomb")),
    Walk("broken JSON", UNEXPECTED, "no JSON object", plan=named("broken_json")),
    Walk("JSON nested 20,000 deep", UNEXPECTED, "no JSON object", plan=replying(text="[" * 20_000)),
    Walk("an empty reply", UNEXPECTED, "no JSON object", plan=named("empty")),
    Walk("HTML with HTTP 200", UNEXPECTED, "no JSON object", plan=named("html")),
    Walk("`data` that is no object", UNEXPECTED, "data of an export", plan=replying(json={"replyCode": 0, "data": ""})),
    Walk("a reply about another export", UNEXPECTED, "about another export", plan=named("other_export")),
    Walk("a status that is not documented", UNEXPECTED, "does not document", plan=reporting(status="archived")),
    Walk("no status", UNEXPECTED, "without a status", plan=reporting(status=None)),
    Walk("JSON declared to be HTML", NEVER_SHOWS, None, plan=named("as_html")),
    Walk("no fields but the status", NEVER_SHOWS, None, plan=reporting(id=None)),
    Walk("fields that are null", NEVER_SHOWS, None, plan=reporting(**dict.fromkeys(("type", "file_name", "ftp_host")))),
    Walk("fields of other types", NEVER_SHOWS, "not of the documented kind: type, ftp_host",
        plan=reporting(type=["x"], file_name=7, ftp_host={}, created=1e308)),
    Walk("fields that are not documented", NEVER_SHOWS, None, plan=reporting(rows=10, more={"a": [1] * 100})),
]  # fmt: skip
