"""HTTP as Emarsys speaks it: connections that are kept alive, or broken on purpose, and a quick end."""

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler
from itertools import chain
from socketserver import ThreadingTCPServer
from typing import Any, Self

from sandbox.emarsys.reply import ConnectionBroken, Reply

_POLL_SECONDS = 0.01

Answer = Callable[[str, str, Message, bytes], Reply]
"""The reply to a request of this method, target, headers and body."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "HttpServer"

    def do_GET(self) -> None:
        # Read to its end, or what is left of it would be taken for the next request.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # Not `self.path`: a slash too many at its front is dropped there, and Emarsys refuses it.
        reply = self.server.answer(self.command, self.requestline.split()[1], self.headers, body)
        try:
            self._send(reply)
        except ConnectionBroken:
            self.close_connection = True
            # With a linger of 0 s a close sends RST instead of FIN, once nothing else holds the socket.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of the standard library

    def log_message(self, *_: Any) -> None:
        """Whoever answers records requests by itself."""

    def _send(self, reply: Reply) -> None:
        pieces = reply.pieces(reply.body, self.server.stopping)
        first = next(pieces, b"")  # before the headers: a reset may come before all else
        self.send_response_only(reply.status)  # without the date of the machine: the reply has one of its own
        length = ("Transfer-Encoding", "chunked") if reply.chunked else ("Content-Length", len(reply.body))
        for name, value in (*reply.headers.items(), length):
            self.send_header(name, str(value))
        self.end_headers()
        for piece in chain([first], pieces, [b""] * reply.chunked):  # an empty chunk is the last one
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece)


class HttpServer(ThreadingTCPServer):
    """Serves on `port` (0: any free one) from `start` to `stop`, or in a `with` block. Raises OSError at once."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, answer: Answer, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.answer = answer
        self.stopping = threading.Event()
        self._serving = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._serving.start()

    def stop(self) -> None:
        """Ends all connections, whatever goes on in them."""
        self.stopping.set()
        self.shutdown()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):  # reset, or closed by the client
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is no error
            super().handle_error(request, client_address)
