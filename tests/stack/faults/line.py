"""The way to a server, which may be cut: between a client and a port of this machine, in clear or through TLS."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

import trustme

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
    """A line to a port of this machine.

    Where it has certificates it is TLS, and its `url` has a name below `.emarsys.test`, which `names_of` makes known:
    in the clear, credentials go to this machine only by its own name.
    """

    def __init__(self, name: str, port: int, certificates: "Certificates | None" = None) -> None:
        self.name, self._port, self._certificates = f"{name}.emarsys.test", port, certificates
        self._state = State.OPEN
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._own_port = self._listener.getsockname()[1]
        host = f"https://{self.name}" if certificates else "http://127.0.0.1"
        self.url = f"{host}:{self._own_port}"
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
        trusted = trustme.CA()
        self.trusted, self.untrusted = map(_certified, (trusted, trustme.CA()))
        self.trusted_file = folder / "trusted.pem"
        trusted.cert_pem.write_to_path(self.trusted_file)


def _certified(authority: trustme.CA) -> ssl.SSLContext:
    """The TLS of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.emarsys.test").configure_cert(context)
    return context
