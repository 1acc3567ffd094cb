"""A server on this machine that does with each connection what it is told to, be it HTTP or not."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Script = Callable[[socket.socket, bytes], None]
"""What a server does with a connection once it has read a request."""


def _missing(request: bytes) -> int:
    """How many bytes of a request are still to be read, at least; 0 if it is whole."""
    head, end, body = request.partition(b"\r\n\r\n")
    if not end:
        return 1
    length = re.search(rb"(?i)\r\ncontent-length: ([0-9]+)", head)
    return int(length[1]) - len(body) if length else 0


class Server:
    """Does with each request what `script` says, and counts connections and requests."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script, self.context = script, context
        self.connections = 0
        self.requests: list[bytes] = []
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
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
                    self.script(connection, request)

    def _read(self, connection: socket.socket) -> bytes:
        """The next request, head and body, or nothing where there is none."""
        request = b""
        while (missing := _missing(request)) and (part := connection.recv(missing)):
            request += part
        return b"" if missing else request

    def stop(self) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def answering(answer: bytes) -> Script:
    """Send an answer and keep the connection open."""
    return lambda connection, _: connection.sendall(answer)


def answering_and_closing(answer: bytes) -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return script


def dripping(first: bytes, drop: bytes) -> Script:
    """Send a drop every few milliseconds for ever, so that the line never falls silent."""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(drop)
            time.sleep(0.01)

    return script


def with_body(body: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def self_signed(folder: Path) -> ssl.SSLContext:
    """The TLS of a server for whose certificate nobody vouches; its key is put into `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
