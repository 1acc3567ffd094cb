"""The way to a server, which may be cut: between a client and a port of this machine, in clear or through TLS."""

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
from collections.abc import Coroutine, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import trustme

_DROP_SECONDS = 0.05
_PIECE_BYTES = 65_536


class State(StrEnum):
    """What a line does with who calls."""

    OPEN = "open"
    REFUSED = "refused"
    UNRESOLVED = "unresolved"  # its name has no address
    UNTRUSTED = "untrusted"  # nobody vouches for its certificate
    SILENT = "silent"
    DRIPPING = "dripping"  # every byte comes, but slowly


class Line:
    """A line to a port of this machine, which an event loop in another thread serves.

    Where it has certificates it is TLS, and its `url` has a name below `.emarsys.test`, which `Lines` makes known:
    in the clear, credentials go to this machine only by its own name.
    """

    def __init__(
        self, name: str, port: int, loop: asyncio.AbstractEventLoop, certificates: "Certificates | None"
    ) -> None:
        self.name, self._port, self._certificates = f"{name}.emarsys.test", port, certificates
        self._loop = loop
        self._calls: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._own_port = self._listener.getsockname()[1]
        host = f"https://{self.name}" if certificates else "http://127.0.0.1"
        self.url = f"{host}:{self._own_port}"
        self._state = State.OPEN
        self._now(self._listen())

    @property
    def resolves(self) -> bool:
        return self._state is not State.UNRESOLVED

    def switch(self, state: State) -> None:
        """From now on it is in another state; its connections are ended."""
        self._now(self._switch(state))

    def stop(self) -> None:
        self._now(self._hang_up())

    def _now(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result()

    async def _switch(self, state: State) -> None:
        await self._hang_up()
        self._state = state
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self._own_port))  # the port stays its own, listening or not
        if state not in (State.REFUSED, State.UNRESOLVED):
            await self._listen()

    async def _hang_up(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        self._listener.close()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await asyncio.sleep(0)  # connections that were aborted are closed in the next round of the loop

    async def _listen(self) -> None:
        tls = None
        if known := self._certificates:
            tls = known.untrusted if self._state is State.UNTRUSTED else known.trusted
        serve = functools.partial(self._answer, self._state)
        self._server = await asyncio.start_server(serve, sock=self._listener, ssl=tls)

    def _answer(self, state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if state is not self._state:  # it was switched during the handshake
            writer.transport.abort()
            return
        call = self._loop.create_task(self._serve(state, reader, writer))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _serve(self, state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), _aborting(writer):
            if state is State.SILENT:
                while await reader.read(_PIECE_BYTES):
                    pass
                return
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
            with _aborting(to_server):
                size = 1 if state is State.DRIPPING else _PIECE_BYTES
                await _first(_pump(reader, to_server, _PIECE_BYTES), _pump(from_server, writer, size))


@contextlib.contextmanager
def _aborting(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Ends a connection at once, while `close` would wait for the other end of a TLS connection to agree."""
    try:
        yield
    finally:
        writer.transport.abort()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, size: int) -> None:
    target.transport.set_write_buffer_limits(high=1, low=0)  # so that `drain` waits until all is sent
    with contextlib.suppress(OSError):
        while piece := await source.read(size):
            target.write(piece)
            await target.drain()
            if size == 1:
                await asyncio.sleep(_DROP_SECONDS)


async def _first(*doings: Coroutine[Any, Any, None]) -> None:
    """Until one of them has ended, which ends the others."""
    tasks = [asyncio.create_task(doing) for doing in doings]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _end_handshakes() -> None:
    """They are the tasks that are left when all calls have ended."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


class Lines:
    """Lines that are there for the time of a `with` block, and whose names have an address as long as they resolve.

    One thread serves them all: what closes a TLS connection must not do so while another thread reads it, or OpenSSL
    writes its last alert to whatever has got the same file descriptor meanwhile.
    """

    def __init__(self, certificates: "Certificates") -> None:
        self._certificates = certificates
        self._lines: list[Line] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._names = patch.object(socket, "getaddrinfo", self._look_up)
        self._look_up_elsewhere = socket.getaddrinfo

    def __enter__(self) -> Self:
        self._thread.start()
        self._names.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._names.stop()
        for line in self._lines:
            line.stop()
        asyncio.run_coroutine_threadsafe(_end_handshakes(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def draw(self, name: str, port: int, *, tls: bool) -> Line:
        """A new one."""
        line = Line(name, port, self._loop, self._certificates if tls else None)
        self._lines.append(line)
        return line

    def _look_up(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        for line in self._lines:
            if host == line.name:
                if not line.resolves:
                    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
                host = "127.0.0.1"
        return self._look_up_elsewhere(host, *args, **kwargs)


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
