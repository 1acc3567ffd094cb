"""The HTTP server: threads, connections that are kept alive or broken on purpose, and a quick end.

Werkzeug's own handler closes every connection after its reply. Emarsys does not, and a client's mistakes with
connections that it uses again would go unseen; so the exchange is written here anew.
"""

import contextlib
import socket
import struct
import sys
import threading
from io import BytesIO
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

_POLL_SECONDS = 0.01


class ConnectionBroken(Exception):
    """Raised by the body of a reply: reset the connection here."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """One exchange on a connection that may see more of them."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411)  # closes the connection: where the next request begins is not known
            return
        environ = self.make_environ()
        # The standard library drops a slash too many at the front; Emarsys refuses it.
        if self.requestline.split()[1].startswith("//"):
            environ["PATH_INFO"] = "/" + environ["PATH_INFO"]
        # Read to its end, or what is left of it would be taken for the next request.
        environ["wsgi.input"] = BytesIO(self.rfile.read(int(length)))
        try:
            # It waits for the first piece of the reply, so that a reset may come before all else.
            pieces, status, headers = run_wsgi_app(self.server.app, environ)
            self._send(pieces, status, headers)
        except ConnectionBroken:
            self.close_connection = True
            # With a linger of 0 s a close sends RST instead of FIN, once nothing else holds the socket.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's own name
        """The server above records requests by itself."""

    def _send(self, pieces: Any, status: str, headers: Any) -> None:
        code, _, words = status.partition(" ")
        bodiless = self.command == "HEAD" or code in ("204", "304")
        chunked = "Content-Length" not in headers and not bodiless
        if chunked and self.request_version == "HTTP/1.0":
            chunked, self.close_connection = False, True
        self.send_response_only(int(code), words)  # the reply's Date is the app's own, on the app's clock
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in filter(None, pieces):  # an empty chunk would be the last one
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")


class HttpServer(ThreadedWSGIServer):
    """Serves a WSGI application on `port` (0: any free one) from `start` to `stop`. Raises OSError at once."""

    daemon_threads = False  # the end of `serve_forever` waits for them

    def __init__(self, app: Any, host: str, port: int) -> None:
        # Werkzeug ends the process if it cannot bind; a socket that is bound already cannot fail it.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=128) as bound:
            super().__init__(host, port, app, handler=_Handler, fd=bound.fileno())
        self._serving = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
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
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):  # reset, or closed by the client
                connection.shutdown(socket.SHUT_RDWR)
        self._serving.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is no error
            super().handle_error(request, client_address)
