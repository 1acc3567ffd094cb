"""What goes wrong: replies that refuse, and connections that break, drip or flood.

A fault strikes from `begins` until `until` (seconds since the first request), or on the requests of these numbers
(from 1), or always. `NAMED` holds those with a name; any other reply can be written out in a scenario.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self


class Manner(StrEnum):
    """How the reply is sent."""

    WHOLE = "whole"
    RESET = "reset"  # no reply: the connection is reset
    RESET_MIDWAY = "reset midway"  # half a reply, then a reset
    SILENT = "silent"  # no reply, and no end
    DRIP = "drip"  # one byte a second
    HUGE = "huge"  # 100 MB
    OTHER_EXPORT = "other export"  # the right reply, about another export
    BROKEN = "broken"  # the right reply, cut short
    AS_HTML = "as html"  # the right reply, declared to be HTML


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and when."""

    manner: Manner = Manner.WHOLE
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    begins: float = 0
    until: float | None = None
    requests: tuple[int, ...] = ()

    @classmethod
    def reply(
        cls, status: int, *, json_body: Any = None, text: str = "", headers: Mapping[str, str] | None = None
    ) -> Self:
        """A fault that is a whole reply."""
        kind = "application/json" if json_body is not None else "text/html; charset=utf-8"
        body = json.dumps(json_body).encode() if json_body is not None else text.encode()
        return cls(status=status, headers={"Content-Type": kind, **(headers or {})}, body=body)

    def during(self, begins: float = 0, until: float | None = None, requests: tuple[int, ...] = ()) -> Self:
        """The same fault at another time."""
        return replace(self, begins=begins, until=until, requests=requests)

    def strikes(self, age: float, number: int) -> bool:
        """Whether it strikes the request of this number, at this age (seconds since the first one)."""
        if self.requests:
            return number in self.requests
        return self.begins <= age and (self.until is None or age < self.until)


def api_error(status: int, code: int, text: str, headers: Mapping[str, str] | None = None) -> Fault:
    """A refusal in the API's own form."""
    return Fault.reply(status, json_body={"replyCode": code, "replyText": text, "data": ""}, headers=headers)


def gateway(status: int, text: str, headers: Mapping[str, str] | None = None) -> Fault:
    """A refusal in the gateway's form."""
    return Fault.reply(status, json_body={"message": text}, headers=headers)


NAMED: Mapping[str, Fault] = {
    "not_found": api_error(400, 10001, "Invalid export ID"),
    "not_found_200": api_error(200, 10001, "Invalid export ID"),
    "unsupported_type": api_error(400, 4002, "Invalid export type"),
    "unsupported_type_200": api_error(200, 4002, "Invalid export type"),
    "no_resource": api_error(400, 1, "No resource requested"),
    "unauthorized": gateway(401, "Credentials are invalid."),
    "unauthorized_api": api_error(401, 1, "Unauthorized"),
    "timeframe": gateway(401, "Timeframe is invalid."),
    "forbidden": Fault.reply(403, json_body={"message": "Forbidden"}),
    "forbidden_html": Fault.reply(403, text="<html><body><h1>403 Forbidden</h1></body></html>"),
    "rate_limited": api_error(429, 7003, "Rate limit exceeded"),
    "rate_limited_gateway": gateway(429, "Rate limit exceeded", {"X-RateLimit-Remaining": "0"}),
    "rate_limited_200": api_error(200, 7003, "Rate limit exceeded"),
    "internal_error": api_error(500, 1, "Internal error"),
    "internal_error_1003": api_error(500, 1003, "Internal error"),
    "internal_error_2011": api_error(500, 2011, "Internal error"),
    "data_error": api_error(500, 4007, "Export data cannot be read"),
    "bad_gateway": Fault.reply(502, text="<html><body>502 Bad Gateway</body></html>"),
    "overloaded": Fault.reply(503, text="The system is overloaded for this resource"),
    "html": Fault.reply(200, text="<!doctype html><title>Maintenance</title><p>We will be back soon."),
    "empty": Fault.reply(200),
    "no_object": Fault.reply(200, json_body=[1, 2, 3]),
    "redirect": Fault.reply(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "gzip_bomb": Fault(
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        body=gzip.compress(bytes(50_000_000), 9),
    ),
    "reset": Fault(Manner.RESET),
    "reset_midway": Fault(Manner.RESET_MIDWAY),
    "silent": Fault(Manner.SILENT),
    "drip": Fault(Manner.DRIP),
    "huge": Fault(Manner.HUGE),
    "other_export": Fault(Manner.OTHER_EXPORT),
    "broken_json": Fault(Manner.BROKEN),
    "as_html": Fault(Manner.AS_HTML),
}
