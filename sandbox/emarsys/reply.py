"""What is replied, and what goes wrong: replies that refuse, and connections that break, drip or flood."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from types import MappingProxyType
from typing import Any

_HTML = "text/html; charset=utf-8"


class ConnectionBroken(Exception):
    """Raised by the pieces of a reply: reset the connection here."""


def _whole(body: bytes, stopping: Event) -> Iterator[bytes]:
    return iter((body,))


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent: the pieces that `pieces` makes of the body, until the event that the server stops.

    `broken` says that the connection ends before the reply, `chunked` that nobody knows how long it will be.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: Callable[[bytes, Event], Iterator[bytes]] = _whole
    broken: bool = False
    chunked: bool = False


Bend = Callable[[Reply], Reply]
"""What becomes of the right reply."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: a reply of its own, or the right one bent.

    It strikes from `begins` until `until` (seconds since the first request), or on the requests of these numbers (from
    1), or always.
    """

    what: Reply | Bend
    begins: float = 0
    until: float = float("inf")
    requests: tuple[int, ...] = ()

    def strikes(self, age: float, number: int) -> bool:
        return number in self.requests if self.requests else self.begins <= age < self.until


def bent(faults: tuple[Fault, ...], age: float, number: int, right: Reply) -> Reply:
    """The right reply, or what the first fault that strikes makes of it."""
    what = next((fault.what for fault in faults if fault.strikes(age, number)), right)
    return what if isinstance(what, Reply) else what(right)


def as_json(status: int, content: Any, headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """A reply whose body is this value as JSON."""
    return Reply(status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode())


def as_html(status: int, text: str = "", headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """A reply of this text, declared to be HTML."""
    return Reply(status, {"Content-Type": _HTML, **headers}, text.encode())


def api_data(data: Any) -> Reply:
    """A success in the API's own form."""
    return as_json(200, {"replyCode": 0, "replyText": "OK", "data": data})


def api_error(status: int, code: int, text: str) -> Reply:
    """A refusal in the API's own form."""
    return as_json(status, {"replyCode": code, "replyText": text, "data": ""})


def gateway(status: int, text: str, headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """A refusal in the gateway's form."""
    return as_json(status, {"message": text}, headers)


def _breaking(share: float, *, wait: bool = False) -> Bend:
    """So much of the body, then a reset, which may wait for the server's end."""

    def pieces(body: bytes, stopping: Event) -> Iterator[bytes]:
        if share:
            yield body[: int(len(body) * share)]
        if wait:
            stopping.wait()
        raise ConnectionBroken

    return lambda right: replace(right, pieces=pieces, broken=True)


def _drip(body: bytes, stopping: Event) -> Iterator[bytes]:
    """One byte a second."""
    while not stopping.wait(1):
        yield b" "
    yield body


def _huge(body: bytes, stopping: Event) -> Iterator[bytes]:
    """100 MB."""
    return (b" " * 1_000_000 for _ in range(100))


def _of_other_export(right: Reply) -> Reply:
    content = json.loads(right.body)
    return api_data({**content["data"], "id": str(int(content["data"]["id"]) + 1)})


NAMED: Mapping[str, Reply | Bend] = {
    "not_found": api_error(400, 10001, "Invalid export ID"),
    "not_found_200": api_error(200, 10001, "Invalid export ID"),
    "unsupported_type": api_error(400, 4002, "Invalid export type"),
    "unsupported_type_200": api_error(200, 4002, "Invalid export type"),
    "no_resource": api_error(400, 1, "No resource requested"),
    "unauthorized": gateway(401, "Credentials are invalid."),
    "unauthorized_api": api_error(401, 1, "Unauthorized"),
    "timeframe": gateway(401, "Timeframe is invalid."),
    "forbidden": gateway(403, "Forbidden"),
    "forbidden_html": as_html(403, "<html><body><h1>403 Forbidden</h1></body></html>"),
    "rate_limited": api_error(429, 7003, "Rate limit exceeded"),
    "rate_limited_gateway": gateway(429, "Rate limit exceeded", {"X-RateLimit-Remaining": "0"}),
    "rate_limited_200": api_error(200, 7003, "Rate limit exceeded"),
    "internal_error": api_error(500, 1, "Internal error"),
    "internal_error_1003": api_error(500, 1003, "Internal error"),
    "internal_error_2011": api_error(500, 2011, "Internal error"),
    "data_error": api_error(500, 4007, "Export data cannot be read"),
    "bad_gateway": as_html(502, "<html><body>502 Bad Gateway</body></html>"),
    "overloaded": as_html(503, "The system is overloaded for this resource"),
    "html": as_html(200, "<!doctype html><title>Maintenance</title><p>We will be back soon."),
    "empty": as_html(200),
    "no_object": as_json(200, [1, 2, 3]),
    "redirect": as_html(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "gzip_bomb": Reply(
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        body=gzip.compress(bytes(50_000_000), 9),
    ),
    "reset": _breaking(0),
    "reset_midway": _breaking(0.5),
    "silent": _breaking(0, wait=True),
    "drip": lambda right: replace(right, pieces=_drip, chunked=True),
    "huge": lambda right: replace(right, pieces=_huge, chunked=True),
    "other_export": _of_other_export,
    "broken_json": lambda right: replace(right, body=right.body[: -(-len(right.body) // 2)]),
    "as_html": lambda right: replace(right, headers={**right.headers, "Content-Type": _HTML}),
}
