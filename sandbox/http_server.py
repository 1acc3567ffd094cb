"""The HTTP server: threads, connections that are kept alive or broken on purpose, and a quick end.

Werkzeug's own handler closes every connection after its reply. Emarsys does not, and a client's mistakes with
connections that it uses again would go unseen; so the exchange is written here anew.
"""

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Iterable
from io import BytesIO
from itertools import chain
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

_POLL_SECONDS = 0.01
_LARGEST_REQUEST_BYTES = 1_000_000


class ConnectionBroken(Exception):
    """Raised by the body of a reply: reset the connection here."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """One exchange on a connection that may see more of them."""
        environ = self.make_environ()
        # The standard library drops a slash too many at the front; Emarsys refuses it.
        if self.requestline.split()[1].startswith("//"):
            environ["PATH_INFO"] = "/" + environ["PATH_INFO"]
        # Read to its end, or what is left of it would be taken for the next request.
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self.send_error(413 if self._announced() > _LARGEST_REQUEST_BYTES else 411)
            return
        environ["wsgi.input"] = BytesIO(body)
        try:
            # It reads the first piece of the reply already: a reset may come there.
            content, status, headers = run_wsgi_app(self.server.app, environ)
            try:
                self._send(content, status, [*headers])
            finally:
                if close := getattr(content, "close", None):
                    close()
        except ConnectionBroken:
            self._reset()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's own name
        """The server above records requests by itself."""

    def _announced(self) -> int:
        length = self.headers.get("Content-Length", "0")
        return int(length) if length.isascii() and length.isdigit() else 0

    def _read_body(self) -> bytes | None:
        if "Transfer-Encoding" in self.headers or self._announced() > _LARGEST_REQUEST_BYTES:
            return None
        return self.rfile.read(self._announced())

    def _send(self, content: Iterable[bytes], status: str, headers: list[tuple[str, str]]) -> None:
        pieces = iter(content)
        # Nothing is sent before there is something to send: a reset may come first.
        first = next(pieces, b"")
        code, _, words = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        bodiless = self.command == "HEAD" or int(code) in (204, 304)
        chunked = "content-length" not in names and not bodiless
        if chunked and self.request_version == "HTTP/1.0":
            chunked, self.close_connection = False, True
        # A Date of the app's is on the app's clock: the machine's own must not stand beside it.
        begin = self.send_response_only if "date" in names else self.send_response
        begin(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if bodiless:
            return
        for piece in chain([first], pieces):
            self._write(piece, chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, piece: bytes, chunked: bool) -> None:
        if not piece:
            return  # as a chunk it would be the last one
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _reset(self) -> None:
        self.close_connection = True
        # With a linger of 0 s a close sends RST instead of FIN, once nothing else holds the socket.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())


class HttpServer(ThreadedWSGIServer):
    """Serves a WSGI application on `port` (0: any free one) from `start` to `stop`. Raises OSError at once."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        # Werkzeug ends the process if it cannot bind; a socket that is bound already cannot fail it.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=128) as bound:
            super().__init__(host, port, app, handler=_Handler, fd=bound.fileno())
        self._serving = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        self._serving.start()

    def stop(self) -> None:
        """Ends all connections, whatever goes on in them."""
        self.shutdown()
        self._serving.join()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):  # reset, or closed by the client
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, timeout=2)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is no error
            super().handle_error(request, client_address)
