"""HTTP by urllib3, within bounds: one call ends with one reply of bounded size, or with the reason why there is none.

Nothing is retried, no redirect is followed and `Retry-After` is never slept: all of that is for the state machine. What
a hostile server may do beyond these bounds ends with the function's own timeout.
"""

import contextlib
import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from io import BytesIO
from typing import Any, Protocol

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from export_watch import __version__
from export_watch.errors import NoReplyError, UnreadableReplyError

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
"""The longest silence. Emarsys's own SDK gives a request up after 15 s as well."""

WHOLE_SECONDS = 20.0
"""The longest that a call takes in all: a reply may drip without ever falling silent."""

IDLE_SECONDS = 30.0
"""Connections that were idle for so long are not used again: Lambda freezes a function between its calls."""

MAX_REPLY_BYTES = 65_536
"""A reply to a status call has some 300 bytes."""

_HEADERS = {"User-Agent": f"emarsys-export-watch/{__version__}", "Accept-Encoding": "identity"}

# It logs headers that it cannot parse as they came, and with them a credential that a server echoes.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


_JSON = json.JSONDecoder(strict=False)
"""A name may hold a tab as it is."""


Headers = Mapping[str, str]
"""A name is found whatever its case, and the values of repeated ones are joined by `, `."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` is decompressed, and as much of it as came.

    `flaw` says why that may not be all; `interrupted`, that the network is the cause, and not the reply.
    """

    status: int
    headers: Headers
    body: bytes = b""
    flaw: str = ""
    interrupted: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400

    @property
    def is_passing(self) -> bool:
        """Whether it fails for now only. Emarsys's own connectors wait 423 out like 503; 408 and 425 are as passing."""
        return self.status in {408, 423, 425} or self.status >= 500

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body, or None. Emarsys has served JSON as `text/html`, so any type will do.

        A reply that is cut is no JSON; one that came whole is, whatever was wrong with its end.
        """
        try:
            content = _JSON.decode(self._text())
        except (ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None

    def _text(self) -> str:
        """JSON is in UTF-8 (RFC 8259); else it may be in the declared charset; else each bad byte becomes U+FFFD."""
        unicode = json.detect_encoding(self.body)
        try:
            text = self.body.decode(unicode)
        except ValueError:
            try:
                text = self.body.decode(_charset(self.headers.get("Content-Type") or ""))
            except (LookupError, ValueError):
                text = self.body.decode(unicode, "replace")
        return text.strip("\ufeff\0 \t\r\n")


class HttpClient(Protocol):
    """Something that makes HTTP calls."""

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_seconds: float = WHOLE_SECONDS,
    ) -> Reply:
        """The reply of one call. Raises NoReplyError, whose text quotes nothing of the call or the reply."""


class Urllib3Client:
    """The HttpClient of an execution environment, for its whole life."""

    def __init__(self, ca_certs: str | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        never = urllib3.Retry(False)  # made once: of a plain False, urllib3 makes one for each call
        self._pool = urllib3.PoolManager(ca_certs=ca_certs, retries=never)
        self._monotonic = monotonic
        self._used_at = 0.0

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_seconds: float = WHOLE_SECONDS,
    ) -> Reply:
        began = self._monotonic()
        ends_at = began + min(within_seconds, WHOLE_SECONDS)
        if ends_at <= began:
            raise NoReplyError("no time was left for it")
        if began - self._used_at > IDLE_SECONDS:
            self._pool.clear()
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**_HEADERS, **headers},
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=ends_at - began, connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
        except InvalidHeader:  # two lengths, for example
            raise UnreadableReplyError("contradictory headers") from None
        except (HTTPError, ValueError) as error:  # a header of ours that cannot be sent is a ValueError
            if _is_answer(error):
                raise UnreadableReplyError("a reply that is not HTTP") from None
            raise NoReplyError(_explain(error)) from None
        finally:
            self._used_at = self._monotonic()
        return self._read(response, ends_at)

    def _read(self, response: urllib3.BaseHTTPResponse, ends_at: float) -> Reply:
        body, flaw, interrupted = bytearray(), "", False
        try:
            # One read of the socket at a time, so that the time is looked at between them.
            while response.length_remaining != 0 and (part := response.read1(MAX_REPLY_BYTES, False)):
                body += part
                if len(body) > MAX_REPLY_BYTES:
                    flaw = "a reply that is too long"
                    break
                if self._monotonic() >= ends_at:
                    flaw, interrupted = "no complete reply in time", True
                    break
        except (HTTPError, ValueError) as error:
            flaw, interrupted = _explain(error), True
        if flaw:
            response.close()
        response.release_conn()
        plain = _decompressed(bytes(body), response.headers.get("Content-Encoding", ""))
        if len(plain) > MAX_REPLY_BYTES:
            flaw, interrupted = "a reply that is too long", False
        return Reply(response.status, response.headers, plain, flaw, interrupted)


def _decompressed(body: bytes, encoding: str) -> bytes:
    """The body as its header says that it was compressed, or as it looks where that is wrong; else as it came."""
    is_gzip = body.startswith(b"\x1f\x8b")
    if not (encoding or is_gzip) or body.lstrip().startswith((b"{", b"[")):
        return body
    for each in filter(None, (encoding, "gzip" if is_gzip else "deflate")):
        headers = {"Content-Encoding": each}
        with contextlib.suppress(HTTPError):
            return urllib3.HTTPResponse(BytesIO(body), headers, preload_content=False).read(
                MAX_REPLY_BYTES + 1
            )
    return body


def _charset(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type.partition(",")[0]  # it may have come twice
    return message.get_content_charset("ascii")


def _is_answer(error: Exception) -> bool:
    """Whether something came back that cannot be read, and not an error of the connection."""
    return isinstance(error, ProtocolError) and not isinstance(error.args[-1], OSError)


def _explain(error: Exception) -> str:
    """What went wrong, without the error's own text: that may quote the URL, a header or the reply."""
    match error:
        case NameResolutionError():
            return "the host name cannot be resolved"
        case NewConnectionError(__cause__=ConnectionRefusedError()):
            return "the connection was refused"
        case NewConnectionError():
            return "no connection"
        case ConnectTimeoutError():
            return "no connection in time"
        case SSLError() as tls:
            trusted = not isinstance(tls.args[0] if tls.args else None, ssl.SSLCertVerificationError)
            return "no TLS connection" if trusted else "no trusted TLS connection"
        case Urllib3TimeoutError():
            return "no complete reply in time"
        case ProtocolError():
            return "the connection broke off"
        case _:
            return f"the call failed ({type(error).__name__})"
