"""The way to a server, which may be cut: between a client and a port of this machine, in clear or through TLS."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DROP_SECONDS = 0.05


class State(StrEnum):
    """What a line does with who calls."""

    OPEN = "open"
    REFUSED = "refused"
    UNRESOLVED = "unresolved"  # its name has no address
    UNTRUSTED = "untrusted"  # nobody vouches for its certificate
    SILENT = "silent"
    DRIPPING = "dripping"  # every byte comes, but slowly


class Line:
    """A line to a port of this machine; through TLS where it has certificates.

    Its `url` has a name below `.emarsys.test`, which `names_of` makes known.
    """

    def __init__(self, name: str, port: int, certificates: "Certificates | None" = None) -> None:
        self.name, self._port, self._certificates = f"{name}.emarsys.test", port, certificates
        self._state = State.OPEN
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._own_port = self._listener.getsockname()[1]
        self.url = f"{'https' if certificates else 'http'}://{self.name}:{self._own_port}"
        self._listen()

    @property
    def resolves(self) -> bool:
        return self._state is not State.UNRESOLVED

    def switch(self, state: State) -> None:
        """From now on it is in another state; its connections are ended."""
        self.stop()
        self._state = state
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self._own_port))  # the port stays its own, listening or not
        if state not in (State.REFUSED, State.UNRESOLVED):
            self._listener.listen()
            self._listen()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=[self._listener, self._state], daemon=True).start()

    def _accept(self, listener: socket.socket, state: State) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=[connection, state], daemon=True).start()

    def _serve(self, connection: socket.socket, state: State) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(self._open(connection))
            if known := self._certificates:
                context = known.untrusted if state is State.UNTRUSTED else known.trusted
                connection = stack.enter_context(
                    self._open(context.wrap_socket(connection, server_side=True))
                )
            if state is State.SILENT:
                while connection.recv(65_536):
                    pass
                return
            server = stack.enter_context(self._open(socket.create_connection(("127.0.0.1", self._port))))
            threading.Thread(target=_pump, args=[connection, server, 65_536], daemon=True).start()
            _pump(server, connection, 1 if state is State.DRIPPING else 65_536)

    @contextlib.contextmanager
    def _open(self, connection: socket.socket) -> Iterator[socket.socket]:
        self._connections.add(connection)
        try:
            yield connection
        finally:
            self._connections.discard(connection)
            connection.close()


def _pump(source: socket.socket, target: socket.socket, size: int) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(size):
            target.sendall(piece)
            if size == 1:
                time.sleep(_DROP_SECONDS)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def names_of(lines: list[Line]) -> Iterator[None]:
    """Their names have an address, as long as they resolve."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        for line in lines:
            if host == line.name:
                if not line.resolves:
                    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
                return look_up("127.0.0.1", *args, **kwargs)
        return look_up(host, *args, **kwargs)

    with patch.object(socket, "getaddrinfo", getaddrinfo):
        yield


class Certificates:
    """Two certificates for all lines: one that those trust who have `trusted_file`, and one that nobody does."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.trusted_file = _certified(folder, "trusted")
        self.untrusted, _ = _certified(folder, "untrusted")


def _certified(folder: Path, name_of_files: str) -> tuple[ssl.SSLContext, Path]:
    """The TLS of a server, and the file that holds its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"], False
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.emarsys.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private, public = folder / f"{name_of_files}.key", folder / f"{name_of_files}.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
