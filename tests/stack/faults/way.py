"""The way to a server of this machine, which may be cut."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any
from unittest.mock import patch

import trustme

from tests.integration.server import Script, Server, certified, dripping, fall_silent

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"


class Way(StrEnum):
    """What becomes of who goes this way while it is cut."""

    REFUSED = "refused"
    UNRESOLVED = "unresolved"  # its name has no address
    UNTRUSTED = "untrusted"  # nobody vouches for its certificate
    SILENT = "silent"
    DRIPPING = "dripping"  # every byte comes, but slowly


@contextlib.contextmanager
def way_to(port: int, way: Way, is_cut: Callable[[], bool]) -> Iterator[str]:
    """A URL at which the server of a port of this machine is, but while the way is cut. There is one way at a time."""
    with contextlib.ExitStack() as running:

        def serving(script: Script, authority: trustme.CA | None = None) -> int:
            server = Server(script, certified(authority, "localhost") if authority else None)
            running.callback(server.stop)
            return int(server.port)

        right, wrong = port, None
        match way:
            case Way.REFUSED:
                bound = running.enter_context(socket.socket())  # and not listening
                bound.bind(("127.0.0.1", 0))
                wrong = bound.getsockname()[1]
            case Way.UNTRUSTED:
                trusted = trustme.CA()
                file = running.enter_context(trusted.cert_pem.tempfile())
                running.enter_context(patch.dict(os.environ, SSL_CERT_FILE=file))
                right = serving(_forwarding(port), trusted)
                wrong = serving(_forwarding(port), trustme.CA())
            case Way.SILENT:
                wrong = serving(fall_silent)
            case Way.DRIPPING:
                wrong = serving(dripping(_HEAD, b" "))
        names = _names(lambda: wrong if is_cut() else right)
        running.enter_context(patch.object(socket, "getaddrinfo", names))
        yield "https://localhost" if way is Way.UNTRUSTED else "http://localhost"


def _names(port: Callable[[], int | None]) -> Callable[..., Any]:
    """A socket.getaddrinfo for which `localhost` is at a port that may change, or nowhere."""
    elsewhere = socket.getaddrinfo

    def look_up(host: Any, service: Any, *args: Any) -> Any:
        if host != "localhost":
            return elsewhere(host, service, *args)
        if (found := port()) is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return elsewhere("127.0.0.1", found, *args)

    return look_up


def _forwarding(port: int) -> Script:
    """Hand a request on to another server, and its reply back."""

    def script(connection: socket.socket, request: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port)) as onward:
            onward.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            while part := onward.recv(65_536):
                connection.sendall(part)
        connection.shutdown(socket.SHUT_RDWR)

    return script
