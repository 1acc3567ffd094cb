"""The server: Flask routes over the scenario, served by Werkzeug with connections that are kept alive."""

import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self

from flask import Flask, Request, Response, request

from sandbox.emarsys.authentication import Tokens, Wsse
from sandbox.emarsys.fault import Fault, Manner, api_error
from sandbox.emarsys.life import Life
from sandbox.emarsys.scenario import Scenario
from sandbox.http_server import ConnectionBroken, HttpServer

MAX_LIMIT = 1_000_000
_CREATING = (
    "email/getresponses",
    "contact/getregistrations",
    "contact/getchanges",
    "email/getcontacts",
    "export/filter",
)
_EXPORT = re.compile(r"/api/(v2|v3)/export/(?P<id>[^/]*)(?P<data>/data(/(?P<paging>[^/]*))?)?")
_FIRST_CREATED_ID = 2140


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request that was answered; `at` is on the server's clock, `status` 0 where the connection was broken."""

    at: float
    method: str
    path: str
    status: int


class EmarsysServer:
    """Serves a scenario on `host` and `port` (0: any free one) for the time of a `with` block.

    `clock` (unix seconds) is what exports, faults and the rate limit live by; authentication and tokens always follow
    the real one. `on_request` is called with each request that was answered, in the thread that answered it.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        clock: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
        on_request: Callable[[SeenRequest], None] = lambda _: None,
    ) -> None:
        self.requests: list[SeenRequest] = []
        self.scenario = scenario
        self._clock, self._on_request = clock, on_request
        self._wsse, self._tokens = Wsse(scenario.wsse), Tokens(scenario.oauth, scenario.tokens)
        self._lives = {export_id: Life(export_id, plan) for export_id, plan in scenario.exports.items()}
        self._first_request_at: float | None = None
        self._counts = {"api": 0, "token": 0}
        self._spent: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = HttpServer(self._app(), host, port)
        self.url = self._server.url

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that lead to it."""
        return {"EmarsysHost": self.url, "EmarsysTokenUrl": f"{self.url}/oauth2/token"}

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.stop()

    def _app(self) -> Flask:
        app = Flask("emarsys", static_folder=None)
        app.url_map.merge_slashes = False
        app.config["PROPAGATE_EXCEPTIONS"] = True  # a broken connection is meant
        app.add_url_rule("/oauth2/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/", defaults={"path": ""}, view_func=self._api, methods=["GET", "POST"])
        app.add_url_rule("/<path:path>", view_func=self._api, methods=["GET", "POST"])
        return app

    def _token(self) -> Response:
        age, number = self._touch("token")
        fault = _striking(self.scenario.token_faults, age, number)
        form = request.get_data(as_text=True)
        answer = fault or self._tokens.issue(
            request.headers.get("Authorization"), request.content_type or "", form
        )
        return self._send(answer, right=Fault.reply(200, json_body={"access_token": "cut"}))

    def _api(self, path: str) -> Response:
        age, number = self._touch("api")
        if fault := _striking(self.scenario.faults, age, number):
            return self._send(fault, right=self._answer("/" + path))
        return self._send(self._answer("/" + path))

    def _touch(self, what: str) -> tuple[float, int]:
        with self._lock:
            if self._first_request_at is None:
                self._first_request_at = self._clock()
            self._counts[what] += 1
            return self._clock() - self._first_request_at, self._counts[what]

    def _answer(self, path: str) -> Fault:
        """What the API answers to a request, or the fault that struck the export."""
        who = self._who(path, request)
        if isinstance(who, Fault):
            return who
        if refusal := self._over_limit(who):
            return refusal
        if request.method == "POST":
            return self._create(path)
        found = _EXPORT.fullmatch(path)
        if not found:
            return api_error(400, 1, "No resource requested")
        with self._lock:
            life = self._lives.get(int(found["id"])) if re.fullmatch("[0-9]{1,18}", found["id"]) else None
            if life is None and found["data"]:
                return api_error(404, 4006, "No such file")
            if life is None:
                return api_error(400, 10001, "Invalid export ID")
            age, number = life.touch(self._clock())
        right = self._data(life, age, found["paging"]) if found["data"] else _reply(life.reply(age))
        fault = _striking(life.plan.faults, age, number)
        return _bent(fault, right) if fault else right

    def _who(self, path: str, asked: Request) -> str | Fault:
        # The path decides the scheme: a bearer token on v2 is as good as none.
        if path.startswith("/api/v2/"):
            return self._wsse.check(asked.headers.get("X-WSSE"))
        if path.startswith("/api/v3/"):
            return self._tokens.check(asked.headers.get("Authorization"))
        return api_error(400, 1, "No resource requested")

    def _over_limit(self, who: str) -> Fault | None:
        limit = self.scenario.requests_per_minute
        if limit is None:
            return None
        with self._lock:
            minute = int(self._clock() // 60)
            last, spent = self._spent.get(who, (minute, 0))
            spent = spent + 1 if last == minute else 1
            self._spent[who] = (minute, spent)
        request.environ["sandbox.rate_limit"] = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - spent)),
            "X-RateLimit-Reset": str((minute + 1) * 60),
        }
        return api_error(429, 7003, "Rate limit exceeded") if spent > limit else None

    def _create(self, path: str) -> Fault:
        if path.removeprefix("/api/v2/").removeprefix("/api/v3/") not in _CREATING:
            return api_error(400, 1, "No resource requested")
        body = request.get_json(force=True, silent=True)
        method = body.get("distribution_method") if isinstance(body, dict) else None
        if method not in ("ftp", "sftp", "local", "mail"):
            return api_error(400, 10001, "Invalid distribution method")
        plan = replace(self.scenario.creates, distribution_method=method)
        with self._lock:
            export_id = max([_FIRST_CREATED_ID - 1, *self._lives]) + 1
            self._lives[export_id] = Life(export_id, plan)
            self._lives[export_id].touch(self._clock())  # a created export grows older at once
        return _reply({"id": export_id})

    def _data(self, life: Life, age: float, paging: str | None) -> Fault:
        """The file. The documented form of paging has no question mark; clients send it as a query, or not at all."""
        asked = dict(request.args) if paging is None else dict(re.findall(r"(\w+)=([^&]*)", paging))
        try:
            # Clients send the keys without values, too.
            offset, limit = int(asked.get("offset") or 0), int(asked.get("limit") or MAX_LIMIT)
        except ValueError:
            return api_error(400, 1, "Invalid paging")
        return life.data(age, max(0, offset), max(0, min(limit, MAX_LIMIT)))

    def _send(self, answer: Fault, right: Fault | None = None) -> Response:
        if right is not None:
            answer = _bent(answer, right)
        broken = answer.manner in (Manner.RESET, Manner.RESET_MIDWAY, Manner.SILENT)
        seen = SeenRequest(self._clock(), request.method, request.path, 0 if broken else answer.status)
        self.requests.append(seen)
        self._on_request(seen)
        headers = {
            "Content-Type": "application/json",
            "Date": formatdate(self._clock(), usegmt=True),
            **request.environ.get("sandbox.rate_limit", {}),
            **answer.headers,
        }
        match answer.manner:
            case Manner.RESET:
                return Response(self._broken(), 0, headers)
            case Manner.RESET_MIDWAY:
                headers["Content-Length"] = str(len(answer.body))
                return Response(self._broken(answer.body[: len(answer.body) // 2]), answer.status, headers)
            case Manner.SILENT:
                return Response(self._silent(), 0, headers)
            case Manner.DRIP:
                return Response(self._drip(answer.body), answer.status, headers)
            case Manner.HUGE:
                return Response((b" " * 1_000_000 for _ in range(100)), answer.status, headers)
            case _:
                return Response(answer.body, answer.status, headers)

    def _broken(self, half: bytes = b"") -> Iterator[bytes]:
        if half:
            yield half
        raise ConnectionBroken

    def _silent(self) -> Iterator[bytes]:
        """Waits only once the reply is to be sent."""

        def wait() -> bytes:
            self._closing.wait()
            raise ConnectionBroken

        return iter(wait, b"")

    def _drip(self, body: bytes) -> Iterator[bytes]:
        while not self._closing.wait(1):
            yield b" "
        yield body


def _striking(faults: tuple[Fault, ...], age: float, number: int) -> Fault | None:
    return next((fault for fault in faults if fault.strikes(age, number)), None)


def _bent(fault: Fault, right: Fault) -> Fault:
    """The fault where it is a whole reply of its own, else the right reply bent in its manner."""
    match fault.manner:
        case Manner.WHOLE:
            return fault
        case Manner.BROKEN:
            return Fault(
                status=right.status, headers=right.headers, body=right.body[: math.ceil(len(right.body) / 2)]
            )
        case Manner.AS_HTML:
            headers = {**right.headers, "Content-Type": "text/html; charset=utf-8"}
            return Fault(status=right.status, headers=headers, body=right.body)
        case Manner.OTHER_EXPORT:
            content = json.loads(right.body)
            return _reply({**content["data"], "id": str(int(content["data"]["id"]) + 1)})
        case _:
            return Fault(fault.manner, right.status, right.headers, right.body)


def _reply(data: dict[str, Any]) -> Fault:
    return Fault.reply(200, json_body={"replyCode": 0, "replyText": "OK", "data": data})
