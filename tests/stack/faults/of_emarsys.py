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
    Row,
    Told,
    heals_or_expires,
    healthy,
)

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

    def plan(cell: Cell) -> dict[str, Any]:
        times = {"from": cell.timing.begins}
        if cell.timing.ends < float("inf"):
            times["until"] = cell.timing.ends
        return {**healthy(cell), "faults": [{**fault, **times}]}

    return plan


def named(name: str) -> Plan:
    return answering({"fault": name})


def replying(http: int = 200, **reply: Any) -> Plan:
    return answering({"reply": {"http": http, **reply}})


def telling(**data: Any) -> Plan:
    """A right answer, but for these fields; it tells of an export that is done where it strikes to the end."""

    def plan(cell: Cell) -> dict[str, Any]:
        status = "done" if cell.moment in (LAST, ALWAYS) else "in progress"
        fields = {"id": str(cell.export_id), "status": status, **data}
        return replying(json={"replyCode": 0, "replyText": "OK", "data": fields})(cell)

    return plan


def final(code: str) -> Told:
    """A refusal that may be final ends the watch once it has lasted a minute, and not before."""
    return {FIRST: "done", MIDDLE: "done", LAST: "expired: unexpected_reply", ALWAYS: f"rejected: {code}"}


NOT_FOUND, UNSUPPORTED = final("export_not_found"), final("export_type_unsupported")

ROWS = [
    Row("HTTP 400, 10001: no such export", NOT_FOUND, "export_not_found", plan=named("not_found")),
    Row("HTTP 200, 10001: no such export", NOT_FOUND, "export_not_found", plan=named("not_found_200")),
    Row("HTTP 400, 4002: no status for this type", UNSUPPORTED, "unsupported", plan=named("unsupported_type")),
    Row("HTTP 200, 4002: no status for this type", UNSUPPORTED, "unsupported", plan=named("unsupported_type_200")),
    Row("HTTP 400, 1: no resource requested", UNEXPECTED, HOST, plan=named("no_resource")),
    Row("HTTP 401 of the gateway, WSSE", REFUSED, CREDENTIALS, plan=named("unauthorized"), account="wsse"),
    Row("HTTP 401 of the gateway: the time is off", REFUSED, "clocks of AWS", plan=named("timeframe"), account="wsse"),
    Row("HTTP 401, 1", REFUSED, CREDENTIALS, plan=named("unauthorized_api"), account="wsse"),
    Row("HTTP 403", FORBIDDEN, PERMISSION, plan=named("forbidden")),
    Row("HTTP 403 as HTML", FORBIDDEN, PERMISSION, plan=named("forbidden_html")),
    Row("HTTP 404", UNEXPECTED, HOST, plan=replying(404, text="Not Found")),
    Row("HTTP 408", UNAVAILABLE, REACHABLE, plan=replying(408)),
    Row("HTTP 429, 7003", LIMITED, LIMIT, plan=named("rate_limited")),
    Row("HTTP 429 of the gateway", LIMITED, LIMIT, plan=named("rate_limited_gateway")),
    Row("HTTP 429, `Retry-After` of a year", LIMITED, LIMIT, plan=replying(429, headers={"Retry-After": "31536000"})),
    Row("HTTP 429, `Retry-After` in the past", LIMITED, LIMIT, plan=replying(429, headers={"retry-after": "-9"})),
    Row("HTTP 200, 7003", LIMITED, LIMIT, plan=named("rate_limited_200")),
    Row("HTTP 500, 1", UNAVAILABLE, REACHABLE, plan=named("internal_error")),
    Row("HTTP 500, 1003", UNAVAILABLE, REACHABLE, plan=named("internal_error_1003")),
    Row("HTTP 500, 2011", UNAVAILABLE, REACHABLE, plan=named("internal_error_2011")),
    Row("HTTP 502", UNAVAILABLE, REACHABLE, plan=named("bad_gateway")),
    Row("HTTP 503", UNAVAILABLE, REACHABLE, plan=named("overloaded")),
    Row("HTTP 504, `Retry-After` of 20 s", UNAVAILABLE, REACHABLE, plan=replying(504, headers={"Retry-After": "20"})),
    Row("connection reset", UNAVAILABLE, REACHABLE, plan=named("reset")),
    Row("connection reset half-way through the reply", UNAVAILABLE, REACHABLE, plan=named("reset_midway")),
    Row("a redirect to elsewhere", UNEXPECTED, "a redirect, which is not followed", plan=named("redirect")),
    Row("a reply of 100 MB", UNEXPECTED, "a reply that is too long", plan=named("huge")),
    Row("a gzip bomb", UNEXPECTED, "a reply that is too long", plan=named("gzip_bomb")),
    Row("broken JSON", UNEXPECTED, "no JSON object", plan=named("broken_json")),
    Row("JSON nested 20,000 deep", UNEXPECTED, "no JSON object", plan=replying(text="[" * 20_000)),
    Row("JSON that is no object", UNEXPECTED, "no JSON object", plan=named("no_object")),
    Row("an empty reply", UNEXPECTED, "no JSON object", plan=named("empty")),
    Row("HTML with HTTP 200", UNEXPECTED, "no JSON object", plan=named("html")),
    Row("`data` that is no object", UNEXPECTED, "data of an export", plan=replying(json={"replyCode": 0, "data": ""})),
    Row("a reply about another export", UNEXPECTED, "about another export", plan=named("other_export")),
    Row("a status that is not documented", UNEXPECTED, "does not document", plan=telling(status="archived")),
    Row("no status", UNEXPECTED, "without a status", plan=telling(status=None)),
    Row("a status that is a list", UNEXPECTED, "without a status", plan=telling(status=["done"])),
    Row("JSON declared to be HTML", NEVER_SHOWS, None, plan=named("as_html")),
    Row("no fields but the status", NEVER_SHOWS, None, plan=telling(id=None)),
    Row("fields that are null", NEVER_SHOWS, None, plan=telling(**dict.fromkeys(("type", "file_name", "ftp_host")))),
    Row("fields of other types", NEVER_SHOWS, "not of the documented kind: type, ftp_host",
        plan=telling(type=["x"], file_name=7, ftp_host={}, created=1e308)),
    Row("fields that are not documented", NEVER_SHOWS, None, plan=telling(rows=10, more={"a": [1] * 100})),
]  # fmt: skip
