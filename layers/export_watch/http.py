"""One HTTP call that ends in bounded time with a bounded reply, or with the reason why there is none.

The exchange is the standard library's, for all that a larger library would add is unwanted here: no failure is tried
again, no redirect is followed, no proxy is asked. But a reply is read through a `_Bound`, and that has an end.
"""

import io
import json
import queue
import select
import socket
import ssl
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from export_watch import __version__

Result = TypeVar("Result")

CONNECT_SECONDS = 5.0
"""The longest that the look-up of a name, the connection to one of its addresses, and the TLS handshake take each."""

READ_SECONDS = 15.0
"""The longest silence between two packets. Emarsys's own SDK gives a request up after 15 s as well."""

WHOLE_SECONDS = 20.0
"""The longest a call takes in all: a reply may drip without ever falling silent."""

IDLE_SECONDS = 30.0
"""A connection that was not used for so long is not used again. Lambda freezes a function between its calls, and what
was closed meanwhile, at the other end or in between, may be noticed only when the next request is lost."""

MAX_REPLY_BYTES = 65_536
"""A reply to a status call has some 300 bytes."""

_MAX_BYTES = 4 * MAX_REPLY_BYTES
"""The most that is read of a reply with all that is around its body: http.client would follow a chunk of a negative
size to the end of memory."""

_MAX_HEAD_BYTES = 16_384
"""The most that is read to the end of the headers: the time that it takes to parse them grows with their square."""

_BUFFER_BYTES = 8_192

_HEADERS = {"User-Agent": f"emarsys-export-watch/{__version__}", "Accept-Encoding": "identity"}
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Headers(Protocol):
    """The headers of a reply."""

    def get(self, name: str, /) -> str | None:
        """The value of a header, whatever the case of its name, or None."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` is decoded, and None where it was too long."""

    status: int
    headers: Headers
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
    """Calls over kept-alive connections, for one thread at a time.

    One instance serves an execution environment for its whole life.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._idle: _Idle = {}
        self._clock = clock
        weakref.finalize(self, _close, self._idle)

    def prepare(self, url: str) -> None:
        """Do now what the first call of a URL would have to do beforehand: above all read the certificate authorities.

        Call it while the module is imported: Lambda gives a function a whole processor then, and a part of one later.
        """
        if url.startswith("https:"):
            _ = self._tls

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
        try:
            return self._exchange(method, url, headers, body, _Time(min(within_seconds, WHOLE_SECONDS)))
        except (HTTPException, OSError, ValueError, OverflowError, zlib.error) as error:
            why = _explain(error)
        # Out here, so that the error, whose text may hold anything, does not go along as its context.
        raise NoReplyError(why)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, time_left: "_Time"
    ) -> Reply:
        scheme, authority, path, query, _ = urlsplit(url)
        connection = self._connection(scheme, authority)
        is_kept = bool(connection.sock)
        connection.time_left = time_left
        try:
            target = f"{path or '/'}?{query}" if query else path or "/"
            connection.request(method, target, body, {**_HEADERS, **headers})
            with cast("_Response", connection.getresponse()) as response:
                content = _content(response)
                is_all = response.is_all
        except ConnectionError:
            connection.close()
            # The server may have closed it as the request came, which is no failure (RFC 9112, 9.3.1).
            if is_kept and method == "GET":
                return self._exchange(method, url, headers, body, time_left)
            raise
        except BaseException:
            connection.close()
            raise
        # Nothing that belongs to this reply, or to no request at all, must be read by the next call.
        if is_all and connection.sock:
            self._idle[scheme, authority] = self._clock(), connection
        else:
            connection.close()
        return Reply(response.status, response.headers, content)

    def _connection(self, scheme: str, authority: str) -> "_Connection":
        """The connection that is kept for a server, if it is still good for use, or a new one."""
        used_at, connection = self._idle.pop((scheme, authority), (0.0, None))
        if connection:
            if 0 <= self._clock() - used_at <= IDLE_SECONDS and connection.is_quiet:
                return connection
            connection.close()
        if scheme not in ("https", "http"):
            raise ValueError(scheme)
        return _Connection(authority, self._tls if scheme == "https" else None)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The certificate authorities of the system, read once: each new connection would take 30 ms for it."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context


class _Time:
    """The time that a call has."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self, at_most: float) -> float:
        """Seconds that the next step may take. Raises TimeoutError where there are none."""
        seconds = min(self._ends_at - time.monotonic(), at_most)
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _Connection(HTTPConnection):
    """http.client's, but each step of it takes no longer than is left of `time_left`."""

    time_left: _Time

    def __init__(self, authority: str, tls: ssl.SSLContext | None) -> None:
        self.default_port = 443 if tls else 80
        super().__init__(authority)
        self._tls = tls

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came meanwhile: what does is the end of the connection, or belongs to no request."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def connect(self) -> None:
        """Raises OSError: a TimeoutError is a _ConnectTimeoutError, and whatever breaks a handshake an SSLError."""
        try:
            self.sock = self._open()
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                self.sock = self._secure(self._tls)
        except TimeoutError:
            raise _ConnectTimeoutError from None

    def _open(self) -> socket.socket:
        host, port = self.host, self.port
        found = _within(
            self.time_left.left(CONNECT_SECONDS),
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
        )
        failure = OSError()
        for *_, address in found:
            try:
                return socket.create_connection((str(address[0]), port), self.time_left.left(CONNECT_SECONDS))
            except OSError as error:
                failure = error
        raise failure

    def _secure(self, tls: ssl.SSLContext) -> ssl.SSLSocket:
        self.sock.settimeout(self.time_left.left(CONNECT_SECONDS))
        try:
            return tls.wrap_socket(self.sock, server_hostname=self.host)
        except (ssl.SSLError, TimeoutError):
            raise
        except OSError as error:
            raise ssl.SSLError from error

    def send(self, data: Any) -> None:
        """Raises OSError."""
        if not self.sock:
            self.connect()
        self.sock.settimeout(self.time_left.left(READ_SECONDS))
        self.sock.sendall(data)

    def response_class(self, sock: socket.socket, **options: Any) -> "_Response":  # type: ignore[override]
        """The response, which reads what is bounded."""
        return _Response(_Bound(sock, self.time_left), **options)


class _Response(HTTPResponse):
    """http.client's, which takes more on trust."""

    def __init__(self, bound: "_Bound", **options: Any) -> None:
        super().__init__(bound, **options)  # type: ignore[arg-type]
        self._bound = bound

    @property
    def is_all(self) -> bool:
        """Whether it was read to its end, and nothing came after it or may come.

        After a change of protocol anything may come, and some servers send a body where none may be.
        """
        may_go_on = self.status < HTTPStatus.OK or self.status in _WITHOUT_BODY
        return self.isclosed() and not may_go_on and not self._bound.surplus

    def begin(self, *args: Any, **options: Any) -> None:
        """Raises HTTPException or OSError."""
        try:
            super().begin(*args, **options)
            # http.client skips 100 alone, and begins only where it has no headers. All heads share the bound of one.
            while self.status < HTTPStatus.OK and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
                self.headers = None  # type: ignore[assignment]
                super().begin(*args, **options)
        except TypeError:  # of the email package, for a Content-Type with the parameters `x*0` and `x*`
            raise HTTPException from None
        if len(set(self.headers.get_all("Content-Length", []))) > 1:
            raise HTTPException
        self._bound.bytes_left += _MAX_BYTES - _MAX_HEAD_BYTES


class _Bound(io.RawIOBase):
    """A socket to read from, in what is left of the time and of `bytes_left`.

    `surplus` tells whether more came than was read, once the reader is closed.
    """

    def __init__(self, sock: socket.socket, time_left: _Time) -> None:
        self._sock, self._time_left = sock, time_left
        self._raw = sock.makefile("rb", buffering=0)
        self.bytes_left = _MAX_HEAD_BYTES
        self.ended = self.surplus = False

    def makefile(self, _: str) -> io.BufferedReader:
        """What http.client asks a socket for."""
        return _Reader(self, _BUFFER_BYTES)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises _TooLongError, TimeoutError or another OSError."""
        if self.ended:
            return 0
        self._sock.settimeout(self._time_left.left(READ_SECONDS))
        count = self._raw.readinto(buffer) or 0
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise _TooLongError
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """What reads ahead through a `_Bound`."""

    def close(self) -> None:
        """Let go of the socket, and tell whether something is left."""
        bound = self.raw
        if isinstance(bound, _Bound) and not self.closed:
            bound.ended = True
            bound.surplus = bool(self.peek(1))
        super().close()


class _ConnectTimeoutError(TimeoutError):
    """No connection came in time."""


class _TooLongError(OSError):
    """More came than anything that is meant for us."""


_Idle = dict[tuple[str, str], tuple[float, _Connection]]
"""Connections that are kept, and when they were last used (unix seconds), by scheme and authority of their server."""


def _close(idle: _Idle) -> None:
    while idle:
        _, (_, connection) = idle.popitem()
        connection.close()


def _content(response: HTTPResponse) -> bytes | None:
    """The body, decoded; None where it is too long. Raises HTTPException, OSError, ValueError or zlib.error."""
    try:
        content = response.read(MAX_REPLY_BYTES + 1)
    except _TooLongError:
        return None
    if len(content) > MAX_REPLY_BYTES:
        return None
    if response.length:  # of what was announced
        raise IncompleteRead(content, response.length)
    if content and response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
        return _decompressed(content)
    return content


def _decompressed(content: bytes) -> bytes | None:
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    decoded = decoder.decompress(content, MAX_REPLY_BYTES + 1)
    if len(decoded) > MAX_REPLY_BYTES:
        return None
    if not decoder.eof or decoder.unused_data:
        raise zlib.error
    return decoded


def _within(seconds: float, function: Callable[[], Result]) -> Result:
    """What a function returns or raises, or TimeoutError. It is for a look-up of a name, which nothing else bounds.

    It is made in a thread; where it takes longer, its result is for nobody.
    """
    outcome: queue.SimpleQueue[Result | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(function())
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits for it
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, Exception):
        raise result
    return result


def _explain(error: Exception) -> str:
    """What went wrong, without the error's own text: it may quote the URL, a header or the reply."""
    match error:
        case socket.gaierror():
            what = "the host name cannot be resolved"
        case ssl.SSLCertVerificationError():
            what = "no trusted TLS connection"
        case ssl.SSLError():
            what = "no TLS connection"
        case ConnectionRefusedError():
            what = "the connection was refused"
        case _ConnectTimeoutError():
            return "no connection in time"
        case TimeoutError():
            return "no complete reply in time"
        case _TooLongError():
            return "a reply without end"
        case zlib.error():
            return "a reply that cannot be decompressed"
        case InvalidURL():
            what = "the call failed"
        case HTTPException() | ConnectionError():
            what = "the connection broke off"
        case _:
            what = "the call failed"
    return f"{what} ({type(error).__name__})"
