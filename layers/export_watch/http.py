"""One HTTP call that ends in bounded time with a bounded reply, or with the reason why there is none.

urllib3's own defaults are not for us: no timeout, three retries, and a `Retry-After` of hours slept in process.
"""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.response
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from export_watch import __version__
from export_watch.patience import OutOfTimeError, Patience

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
"""The longest silence between two packets. Emarsys's own SDK gives a request up after 15 s as well."""

WHOLE_SECONDS = 20.0
"""The longest a call takes in all: a reply may drip without ever falling silent."""

IDLE_SECONDS = 30.0
"""A connection that was not used for so long is not used again. Lambda freezes a function between its calls, and what
was closed meanwhile, at the other end or in between, may be noticed only when the next request is lost."""

MAX_REPLY_BYTES = 65_536
"""A reply to a status call has some 300 bytes."""

_PART_BYTES = 16_384
_HEADERS = {"User-Agent": f"emarsys-export-watch/{__version__}", "Accept-Encoding": "identity"}

# They would log headers that cannot be read as they came: any text of any length, and perhaps an echoed credential.
for _log in (urllib3.connection.log, urllib3.connectionpool.log, urllib3.response.log):
    _log.disabled = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are case-insensitive; `body` is decoded, and None where it was too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    def json(self) -> Any:
        """The body as JSON, whatever the content type says: Emarsys has served JSON as `text/html`.

        None where it is no JSON, too deep or too long; a reply that is the word `null` says as little.
        """
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None


class NoReplyError(Exception):
    """Nothing usable came back; the text says why, in words that hold neither a secret nor a URL."""


class HttpClient:
    """Calls over kept-alive connections; one instance serves an execution environment for its whole life."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._patience: Patience[Reply | NoReplyError] = Patience()
        self._pools: dict[str, tuple[float, urllib3.HTTPConnectionPool]] = {}
        self._clock = clock

    def prepare(self, url: str) -> None:
        """Do now what the first call of a URL would have to do beforehand: above all read the certificate authorities.

        Call it while the module is imported: Lambda gives a function a whole processor then, and a part of one later.
        """
        self._pool(_origin(url))

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_seconds: float = WHOLE_SECONDS,
    ) -> Reply:
        """The reply, whatever its status; redirects are not followed.

        Raises NoReplyError, at the latest after `within_seconds`.
        """

        def exchange() -> Reply | NoReplyError:
            try:
                return self._exchange(method, url, headers, body, within_seconds)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                return NoReplyError(_explain(error))

        within_seconds = min(within_seconds, WHOLE_SECONDS)
        if within_seconds <= 0:
            raise NoReplyError("no complete reply in time")
        try:
            outcome = self._patience.call(exchange, within_seconds)
        except OutOfTimeError:
            raise NoReplyError("no complete reply in time") from None
        if isinstance(outcome, NoReplyError):
            raise outcome
        return outcome

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, within_seconds: float
    ) -> Reply:
        origin = _origin(url)
        response = self._pool(origin).urlopen(
            method,
            url.removeprefix(origin) or "/",
            body,
            {**_HEADERS, **headers},
            retries=False,
            redirect=False,
            # So that the thread of a call that was given up ends soon, too.
            timeout=urllib3.Timeout(within_seconds, min(CONNECT_SECONDS, within_seconds / 2), READ_SECONDS),
            preload_content=False,
        )
        try:
            content = b""
            # A part at a time, as it comes: `read` would follow a chunk of a negative size to the end of memory.
            while part := response.read1(_PART_BYTES):
                content += part
                if len(content) > MAX_REPLY_BYTES:
                    return Reply(response.status, response.headers, None)
            return Reply(response.status, response.headers, content)
        finally:
            # A whole reply has given its connection back already; what is left of another one must not be read by
            # the next call.
            response.close()

    def _pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        """The connections to a server. There are few; urllib3's PoolManager would read the URL anew on each call."""
        now = self._clock()
        used_at, pool = self._pools.get(origin, (now, None))
        if pool and not 0 <= now - used_at <= IDLE_SECONDS:
            pool.close()
            pool = None
        if not pool:
            own = {"ssl_context": self._tls} if origin.startswith("https:") else {}
            pool = urllib3.connection_from_url(origin, **own)
        self._pools[origin] = now, pool
        return pool

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The certificate authorities of the system, read once: each new connection would take 30 ms for it."""
        context = urllib3.util.ssl_.create_urllib3_context()
        context.load_default_certs()
        return context


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _explain(error: Exception) -> str:
    """What went wrong, without the error's own text: it may quote the URL, a header or the reply."""
    match error:
        case NameResolutionError():
            what = "the host name cannot be resolved"
        case SSLError(args=[ssl.SSLCertVerificationError(), *_]):
            what = "no trusted TLS connection"
        case SSLError():
            what = "no TLS connection"
        case NewConnectionError():  # to urllib3 a kind of ConnectTimeoutError
            what = "the connection was refused"
        case ConnectTimeoutError():
            what = "no connection in time"
        case ReadTimeoutError():
            what = "no complete reply in time"
        case DecodeError():
            what = "a reply that cannot be decompressed"
        case ProtocolError():
            what = "the connection broke off"
        case _:
            what = "the call failed"
    return f"{what} ({type(error).__name__})"
