"""The server: who asks, for what, and what is answered, over the scenario's exports as they grow older."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from types import TracebackType
from typing import Self

from werkzeug.wrappers import Request, Response

from sandbox.emarsys.authentication import Tokens, Wsse
from sandbox.emarsys.fault import Reply, api_data, api_error, as_json, bent
from sandbox.emarsys.life import Life
from sandbox.emarsys.scenario import METHODS, Scenario
from sandbox.http_server import HttpServer

_CREATING = re.compile(
    "/api/v[23]/(email/getresponses|contact/getregistrations|contact/getchanges|email/getcontacts|export/filter)"
)
_EXPORT = re.compile("/api/v[23]/export/(?P<id>[^/]*)(?P<data>/data(/(?P<paging>[^/]*))?)?")
_FIRST_CREATED_ID = 2140
_INVALID_ID = (400, 10001, "Invalid export ID")
_CUT = as_json(200, {"access_token": "cut"})  # stands for a token where a fault strikes; none is issued
_NO_RESOURCE = api_error(400, 1, "No resource requested")


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
        self._server = HttpServer(Request.application(self._serve), host, port)
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

    def _serve(self, request: Request) -> Response:
        """One request, answered, and sent as the faults that strike it want it."""
        limits: dict[str, str] = {}
        # Not `request.path`: a slash too many is tidied up there.
        path = request.environ["PATH_INFO"]
        is_token = path == "/oauth2/token" and request.method == "POST"
        age, number = self._touch("token" if is_token else "api")
        if not is_token:
            reply = bent(self.scenario.faults, age, number, self._answer(request, path, limits))
        elif (reply := bent(self.scenario.token_faults, age, number, _CUT)) is _CUT:
            form = request.get_data(as_text=True)
            reply = self._tokens.issue(request.headers.get("Authorization"), request.mimetype, form)
        seen = SeenRequest(self._clock(), request.method, request.path, 0 if reply.broken else reply.status)
        self.requests.append(seen)
        self._on_request(seen)
        headers = {"Date": formatdate(self._clock(), usegmt=True), **limits, **reply.headers}
        if reply.pieces is None:
            return Response(reply.body, reply.status, headers)
        if reply.broken:
            headers["Content-Length"] = str(len(reply.body))
        return Response(reply.pieces(reply.body, self._closing), reply.status, headers)

    def _touch(self, what: str) -> tuple[float, int]:
        with self._lock:
            if self._first_request_at is None:
                self._first_request_at = self._clock()
            self._counts[what] += 1
            return self._clock() - self._first_request_at, self._counts[what]

    def _answer(self, request: Request, path: str, limits: dict[str, str]) -> Reply:
        """What the API answers, bent by the faults of the export; the rate limit's headers are put into `limits`."""
        # The path decides the scheme: a bearer token on v2 is as good as none.
        if path.startswith("/api/v2/"):
            who = self._wsse.check(request.headers.get("X-WSSE"))
        elif path.startswith("/api/v3/"):
            who = self._tokens.check(request.headers.get("Authorization"))
        else:
            return _NO_RESOURCE
        if isinstance(who, Reply):
            return who
        if self._is_over_limit(who, limits):
            return api_error(429, 7003, "Rate limit exceeded")
        if request.method == "POST" and _CREATING.fullmatch(path):
            return self._create(request.get_json(force=True, silent=True))
        found = _EXPORT.fullmatch(path)
        if not found or request.method != "GET":
            return _NO_RESOURCE
        with self._lock:
            life = self._lives.get(int(found["id"])) if re.fullmatch("[0-9]{1,18}", found["id"]) else None
            if life is None:
                return api_error(*((404, 4006, "No such file") if found["data"] else _INVALID_ID))
            age, number = life.touch(self._clock())
        return bent(life.plan.faults, age, number, self._right(life, age, found, request))

    def _right(self, life: Life, age: float, found: re.Match[str], request: Request) -> Reply:
        if not found["data"]:
            return life.reply(age)
        if found["paging"] is not None:  # the old reference's form, without a question mark
            return life.data(age, dict(re.findall(r"(\w+)=([^&]*)", found["paging"])), json=False)
        # The present reference: "a JSON object" where there is a limit. Its form is undocumented: this one is made up.
        return life.data(age, request.args, json=bool(request.args.get("limit")))

    def _is_over_limit(self, who: str, headers: dict[str, str]) -> bool:
        limit = self.scenario.requests_per_minute
        if limit is None:
            return False
        with self._lock:
            minute = int(self._clock() // 60)
            last, spent = self._spent.get(who, (minute, 0))
            spent = spent + 1 if last == minute else 1
            self._spent[who] = (minute, spent)
        headers["X-RateLimit-Limit"] = str(limit)
        headers["X-RateLimit-Remaining"] = str(max(0, limit - spent))
        headers["X-RateLimit-Reset"] = str((minute + 1) * 60)
        return spent > limit

    def _create(self, body: object) -> Reply:
        method = body.get("distribution_method") if isinstance(body, dict) else None
        if method not in METHODS:
            return api_error(400, 10001, "Invalid distribution method")
        with self._lock:
            export_id = max([_FIRST_CREATED_ID - 1, *self._lives]) + 1
            life = Life(export_id, replace(self.scenario.creates, distribution_method=method))
            life.touch(self._clock())  # a created export grows older at once
            self._lives[export_id] = life
        return api_data({"id": export_id})
