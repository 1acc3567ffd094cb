"""One HTTP call that ends in bounded time with a bounded reply, or with the reason why there is none.

urllib3's own defaults are not for us: no timeout, three retries, and a `Retry-After` of hours slept in process.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import urllib3
import urllib3.connection
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

MAX_REPLY_BYTES = 65_536
"""A reply to a status call has some 300 bytes."""

_PART_BYTES = 16_384
_HEADERS = {"User-Agent": f"emarsys-export-watch/{__version__}", "Accept-Encoding": "identity"}

# They would log headers that cannot be read as they came: any text of any length, and perhaps an echoed credential.
for _log in (urllib3.connection.log, urllib3.response.log):
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

    def __init__(self) -> None:
        self._patience: Patience[Reply | NoReplyError] = Patience()
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}

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
                return self._exchange(method, url, headers, body)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                return NoReplyError(_explain(error))

        try:
            outcome = self._patience.call(exchange, min(within_seconds, WHOLE_SECONDS))
        except OutOfTimeError:
            raise NoReplyError("no complete reply in time") from None
        if isinstance(outcome, NoReplyError):
            raise outcome
        return outcome

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        response = self._pool(origin).urlopen(
            method,
            url.removeprefix(origin) or "/",
            body,
            {**_HEADERS, **headers},
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = b""
            # A part at a time, as it comes: `read` would follow a chunk of a negative size to the end of memory.
            while part := response.read1(_PART_BYTES):
                content += part
                if len(content) > MAX_REPLY_BYTES:
                    response.close()  # what is left of it must not be read by the next call
                    return Reply(response.status, response.headers, None)
            return Reply(response.status, response.headers, content)
        finally:
            response.release_conn()

    def _pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        """The connections to a server. There are few; urllib3's PoolManager would read the URL anew on each call."""
        try:
            return self._pools[origin]
        except KeyError:
            timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
            pool = self._pools[origin] = urllib3.connection_from_url(origin, timeout=timeout)
            return pool


def _explain(error: Exception) -> str:
    """What went wrong, without the error's own text: it may quote the URL, a header or the reply."""
    match error:
        case NameResolutionError():
            what = "the host name cannot be resolved"
        case SSLError():
            what = "no trusted TLS connection"
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
