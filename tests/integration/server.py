"""A server on this machine that does with each connection what it is told to, be it HTTP or not."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable

import trustme

Script = Callable[[socket.socket, bytes], object]
"""What a server does with a connection once it has read a request."""


def _missing(request: bytes) -> int:
    """How many bytes of a request are still to be read, at least; 0 if it is whole."""
    head, end, body = request.partition(b"\r\n\r\n")
    if not end:
        return 1
    length = re.search(rb"(?i)\r\ncontent-length: ([0-9]+)", head)
    return int(length[1]) - len(body) if length else 0


class Server:
    """Does with each request what `script` says, or sends it and waits for more; counts connections and requests."""

    def __init__(self, script: Script | bytes, context: ssl.SSLContext | None = None) -> None:
        self.script, self.context = script, context
        self.connections = 0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            connection.settimeout(5)
            with connection:
                while request := self._read(connection):
                    self.requests.append(request)
                    if isinstance(self.script, bytes):
                        connection.sendall(self.script)
                    else:
                        self.script(connection, request)

    def _read(self, connection: socket.socket) -> bytes:
        """The next request, head and body, or nothing where there is none."""
        request = b""
        while (missing := _missing(request)) and (part := connection.recv(missing)):
            request += part
        return b"" if missing else request

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def certified(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    """The TLS of a server for whose certificate an authority vouches."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def dripping(first: bytes, drop: bytes) -> Script:
    """Send a drop every few milliseconds for ever, so that the line never falls silent."""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(drop)
            time.sleep(0.01)

    return script


def fall_silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)  # until the client hangs up
