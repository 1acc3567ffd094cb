"""The server: who asks, for what, and what is answered, over the scenario's exports as they grow older."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import formatdate
from urllib.parse import unquote

from sandbox.emarsys.authentication import Tokens, check_wsse
from sandbox.emarsys.http_server import HttpServer
from sandbox.emarsys.life import Life
from sandbox.emarsys.reply import Reply, api_data, api_error, as_json, bent
from sandbox.emarsys.scenario import METHODS, Scenario

_CREATING = re.compile(
    "/api/v[23]/(email/getresponses|contact/getregistrations|contact/getchanges|email/getcontacts|export/filter)"
)
# The old reference has the paging in the path, without a question mark.
_EXPORT = re.compile("/api/v[23]/export/(?P<id>[^/]*)(?P<file>/data(/(?P<paging>[^/]*))?)?")
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


class EmarsysServer(HttpServer):
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
        self._tokens = Tokens(scenario.oauth, **scenario.tokens)
        self._lives = {export_id: Life(export_id, plan) for export_id, plan in scenario.exports.items()}
        self._first_request_at: float | None = None
        self._counts = {"api": 0, "token": 0}
        self._spent: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()
        super().__init__(self._serve, host, port)

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that lead to it."""
        return {"EmarsysHost": self.url, "EmarsysTokenUrl": f"{self.url}/oauth2/token"}

    def _serve(self, method: str, target: str, headers: Message, body: bytes) -> Reply:
        """One request, answered, and bent by the faults that strike it."""
        limits: dict[str, str] = {}
        path, _, query = target.partition("?")
        path = unquote(path)
        is_token = (method, path) == ("POST", "/oauth2/token")
        age, number = self._touch("token" if is_token else "api")
        if not is_token:
            right = self._answer(method, path, query, headers, body, limits)
            reply = bent(self.scenario.faults, age, number, right)
        elif (reply := bent(self.scenario.token_faults, age, number, _CUT)) is _CUT:
            authorization, kind = headers.get("Authorization", ""), headers.get_content_type()
            reply = self._tokens.issue(authorization, kind, body.decode(errors="replace"))
        seen = SeenRequest(self._clock(), method, path, 0 if reply.broken else reply.status)
        self.requests.append(seen)
        self._on_request(seen)
        date = {"Date": formatdate(self._clock(), usegmt=True)}
        return replace(reply, headers={**date, **limits, **reply.headers})

    def _touch(self, what: str) -> tuple[float, int]:
        with self._lock:
            if self._first_request_at is None:
                self._first_request_at = self._clock()
            self._counts[what] += 1
            return self._clock() - self._first_request_at, self._counts[what]

    def _answer(
        self, method: str, path: str, query: str, headers: Message, body: bytes, limits: dict[str, str]
    ) -> Reply:
        """What the API answers, bent by the faults of the export; the rate limit's headers are put into `limits`."""
        # The path decides the scheme: a bearer token on v2 is as good as none.
        if path.startswith("/api/v2/"):
            who = check_wsse(headers.get("X-WSSE"), self.scenario.wsse)
        elif path.startswith("/api/v3/"):
            who = self._tokens.check(headers.get("Authorization", ""))
        else:
            return _NO_RESOURCE
        if isinstance(who, Reply):
            return who
        if self._is_over_limit(who, limits):
            return api_error(429, 7003, "Rate limit exceeded")
        if method == "POST" and _CREATING.fullmatch(path):
            return self._create(body)
        found = _EXPORT.fullmatch(path)
        if not found or method != "GET":
            return _NO_RESOURCE
        with self._lock:
            life = self._lives.get(int(found["id"])) if re.fullmatch("[0-9]{1,18}", found["id"]) else None
            if life is None:
                return api_error(*((404, 4006, "No such file") if found["file"] else _INVALID_ID))
            age, number = life.touch(self._clock())
        paging = dict(re.findall(r"(\w+)=([^&]*)", found["paging"] or query))
        right = life.file(age, paging) if found["file"] else life.reply(age)
        return bent(life.plan.faults, age, number, right)

    def _is_over_limit(self, who: str, headers: dict[str, str]) -> bool:
        limit = self.scenario.requests_per_minute
        if limit is None:
            return False
        minute = int(self._clock() // 60)
        with self._lock:
            spent = self._spent[who, minute] = self._spent.get((who, minute), 0) + 1
        headers["X-RateLimit-Limit"] = str(limit)
        headers["X-RateLimit-Remaining"] = str(max(0, limit - spent))
        headers["X-RateLimit-Reset"] = str((minute + 1) * 60)
        return spent > limit

    def _create(self, body: bytes) -> Reply:
        try:
            method = json.loads(body)["distribution_method"]
        except (ValueError, KeyError, TypeError):
            method = None
        if method not in METHODS:
            return api_error(400, 10001, "Invalid distribution method")
        with self._lock:
            export_id = max([_FIRST_CREATED_ID - 1, *self._lives]) + 1
            life = Life(export_id, replace(self.scenario.creates, distribution_method=method))
            life.touch(self._clock())  # a created export grows older at once
            self._lives[export_id] = life
        return api_data({"id": export_id})
