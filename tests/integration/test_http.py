"""The HTTP client against a real server on this machine: whatever it does, a call ends in time and in bounds."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from export_watch import __version__, http
from export_watch.http_client import MAX_REPLY_BYTES, HttpClient, NoReplyError
from tests.integration.server import (
    OK,
    Script,
    Server,
    answering,
    answering_and_closing,
    certified,
    dripping,
    with_body,
)

Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(script: Script, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(script, context))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client() -> HttpClient:
    return HttpClient()


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """An authority that is trusted in this test, and no other is."""
    own = trustme.CA()
    own.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    return own


def get(client: HttpClient, url: str, within_seconds: float = 5) -> http.Reply:
    return client.call("GET", url, {"X-Test": "1"}, within_seconds=within_seconds)


def test_a_reply_comes_back_with_its_status_headers_and_body(serve: Serve, client: HttpClient) -> None:
    server = serve(
        answering(with_body(b'{"replyCode": 0}', "X-RateLimit-Reset: 5", "Content-Type: text/html"))
    )
    reply = get(client, f"{server.url}/api/v3/export/123")
    assert (reply.status, reply.body, reply.json()) == (200, b'{"replyCode": 0}', {"replyCode": 0})
    assert reply.headers.get("x-ratelimit-reset") == reply.headers.get("X-RateLimit-Reset") == "5"


def test_a_request_says_who_asks_and_wants_nothing_compressed(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(OK))
    client.call("POST", f"{server.url}/oauth2/token", {"Accept": "application/json"}, b"a=b")
    (request,) = server.requests
    assert request.startswith(b"POST /oauth2/token HTTP/1.1\r\n")
    lines = request.split(b"\r\n")
    assert f"User-Agent: emarsys-export-watch/{__version__}".encode() in lines
    assert b"Accept-Encoding: identity" in lines
    assert b"Accept: application/json" in lines
    assert lines[-1] == b"a=b"


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 502, 503])
def test_every_status_is_a_reply_and_is_asked_for_once(serve: Serve, client: HttpClient, status: int) -> None:
    answer = f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\nRetry-After: 3600\r\n\r\n".encode()
    server = serve(answering(answer))
    reply = get(client, server.url)
    assert (reply.status, reply.body) == (status, b"")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Serve, client: HttpClient, status: int) -> None:
    elsewhere = serve(answering(OK))
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n"
    server = serve(answering(answer.encode()))
    assert get(client, server.url).status == status
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "), id="body"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="chunks"
        ),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"), id="headers"),
        pytest.param(dripping(b"HTTP/1.1 200 O", b"K"), id="status line"),
        pytest.param(dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="100 Continue for ever"),
        pytest.param(dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), id="103 Early Hints for ever"),
    ],
)
def test_a_reply_that_drips_is_given_up_in_time(serve: Serve, client: HttpClient, script: Script) -> None:
    server = serve(script)
    began = time.monotonic()
    with pytest.raises(NoReplyError):
        get(client, server.url, within_seconds=0.3)
    assert time.monotonic() - began < 4


def test_no_call_takes_longer_than_its_bound_whatever_is_asked_for(
    serve: Serve, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.2)
    server = serve(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "))
    with pytest.raises(NoReplyError, match="in time"):
        get(client, server.url, within_seconds=3600)


def test_a_call_that_has_no_time_left_ends_at_once(serve: Serve, client: HttpClient) -> None:
    server = serve(lambda *_: time.sleep(0.5))
    with pytest.raises(NoReplyError, match="in time"):
        get(client, server.url, within_seconds=-1)


def test_a_server_that_falls_silent_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    server = serve(lambda *_: time.sleep(1))
    with pytest.raises(NoReplyError, match="no complete reply in time"):
        get(HttpClient(), server.url)


@pytest.mark.parametrize("size", [0, 1, MAX_REPLY_BYTES])
def test_a_reply_up_to_the_bound_is_read(serve: Serve, client: HttpClient, size: int) -> None:
    server = serve(answering(with_body(b"x" * size)))
    assert get(client, server.url).body == b"x" * size


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answering(with_body(b"x" * (MAX_REPLY_BYTES + 1))), id="by a byte"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000), id="without end"),
        pytest.param(
            dripping(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"10000\r\n" + b"x" * 65536 + b"\r\n",
            ),
            id="in chunks without end",
        ),
    ],
)
def test_a_reply_beyond_the_bound_has_no_body(serve: Serve, client: HttpClient, script: Script) -> None:
    reply = get(client, serve(script).url)
    assert (reply.status, reply.body, reply.json()) == (200, None, None)


@pytest.mark.parametrize("size", [-1, -2])
def test_a_chunk_of_a_negative_size_is_no_content(serve: Serve, client: HttpClient, size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%d\r\n" % size
    tracemalloc.start()
    try:
        with contextlib.suppress(NoReplyError):
            assert get(client, serve(dripping(head, b"x" * 100_000)).url).body is None
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 4 * 2**20


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(with_body(b"x" * (2 * MAX_REPLY_BYTES)), id="too long"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\nContent-Encoding: gzip\r\n\r\nno gzip at all",
            id="not to be decompressed",
        ),
    ],
)
def test_what_is_left_of_a_reply_is_not_read_by_the_next_call(
    serve: Serve, client: HttpClient, first: bytes
) -> None:
    """The rest comes while the next call is made, and looks like a reply of its own."""

    def script(connection: socket.socket, request: bytes) -> None:
        if b"/first" not in request:
            connection.sendall(OK)
            return
        connection.sendall(first)
        time.sleep(0.1)
        connection.sendall(b"HTTP/1.1 500 Left Over\r\nContent-Length: 0\r\n\r\n" * 10)

    server = serve(script)
    with contextlib.suppress(NoReplyError):
        get(client, f"{server.url}/first")
    assert get(client, f"{server.url}/next").status == 200


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_an_interim_reply_is_not_the_reply(serve: Serve, client: HttpClient, status: int) -> None:
    interim = f"HTTP/1.1 {status} Wait\r\nContent-Length: 9\r\nRetry-After: 9\r\n\r\n".encode()
    server = serve(answering(2 * interim + OK))
    for _ in range(2):
        reply = get(client, server.url)
        assert (reply.status, reply.body, reply.headers.get("Retry-After")) == (200, b"{}", None)
    assert server.connections == 1


@pytest.mark.parametrize("status", [100, 103])
def test_interim_replies_share_the_bound_of_one_head(serve: Serve, client: HttpClient, status: int) -> None:
    interim = f"HTTP/1.1 {status} Wait\r\nX-Long: {'x' * 4_000}\r\n\r\n".encode()
    assert get(client, serve(answering(interim + OK)).url).status == 200
    with pytest.raises(NoReplyError, match="without end"):
        get(client, serve(answering(5 * interim + OK)).url)


def test_what_comes_after_a_change_of_protocol_is_not_read_by_the_next_call(
    serve: Serve, client: HttpClient
) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        if b"/first" not in request:
            connection.sendall(OK)
            return
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n")

    server = serve(script)
    assert get(client, f"{server.url}/first").status == 101
    assert get(client, f"{server.url}/next").status == 200


def test_more_than_was_asked_for_is_not_read_by_the_next_call(
    serve: Serve, client: HttpClient, authority: trustme.CA
) -> None:
    """In one TLS record, of which a part stays where nobody sees it: not in the socket any more, and not read."""
    more = b"HTTP/1.1 500 Left Over\r\nContent-Length: 0\r\n\r\n"
    answers = iter([OK + more * (12_000 // len(more)), OK])
    server = serve(lambda connection, _: connection.sendall(next(answers)), certified(authority))
    url = f"https://127.0.0.1:{server.port}/"
    assert [get(client, url).status for _ in range(2)] == [200, 200]


def send(connection: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):  # the client is gone
        connection.sendall(content)


@pytest.mark.parametrize("status", [204, 304])
def test_a_body_that_must_not_be_there_is_not_read_by_the_next_call(
    serve: Serve, client: HttpClient, status: int
) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        if b"/first" not in request:
            time.sleep(0.1)
            connection.sendall(OK)
            return
        connection.sendall(b"HTTP/1.1 %d Nothing\r\nContent-Length: 40\r\n\r\n" % status)
        late = b"HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n"
        threading.Timer(0.05, send, [connection, late]).start()

    server = serve(script)
    assert get(client, f"{server.url}/first").status == status
    assert get(client, f"{server.url}/next").status == 200


def test_a_connection_on_which_more_came_is_not_used_again(serve: Serve, client: HttpClient) -> None:
    """Even where all of it was read ahead, and the rest would come later."""
    server = serve(answering(OK + b"HTTP/1.1 500 Left Over\r\nContent-Le"))
    for _ in range(2):
        assert get(client, server.url).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b'Content-Type: multipart/x; a="' + b";" * 60_000, id="60 KB"),
        pytest.param((b'Content-Type: multipart/x; a="' + b";" * 60_000 + b"\r\n ") * 3, id="folded"),
        pytest.param(b"Content-Type: multipart/x; boundary*0=a; boundary*=b", id="parameters"),
        pytest.param(b"Content-Length: 50\r\nContent-Length: 2", id="two lengths"),
    ],
)
def test_headers_that_would_take_long_or_make_no_sense_are_no_reply(
    serve: Serve, client: HttpClient, header: bytes
) -> None:
    server = serve(answering_and_closing(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n{}"))
    began = time.process_time()
    with pytest.raises(NoReplyError):
        get(client, server.url)
    assert time.process_time() - began < 1  # not 2 s, nor 20 s


def test_each_server_has_connections_of_its_own(serve: Serve, client: HttpClient) -> None:
    one, other = serve(answering(OK)), serve(answering(OK))
    for server in (one, other, one):
        get(client, server.url)
    assert (len(one.requests), one.connections) == (2, 1)
    assert (len(other.requests), other.connections) == (1, 1)


@pytest.mark.parametrize(("idle_seconds", "connections"), [(0, 1), (30, 1), (31, 2), (3600, 2), (-1, 2)])
def test_a_connection_that_lay_idle_is_not_used_again(
    serve: Serve, idle_seconds: float, connections: int
) -> None:
    """Nor one from before the clock was set back."""
    now = [1_800_000_000.0]
    client = HttpClient(clock=lambda: now[0])
    server = serve(answering(OK))
    get(client, server.url)
    now[0] += idle_seconds
    get(client, server.url)
    assert server.connections == connections


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_reply_is_decoded(
    serve: Serve, client: HttpClient, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = json.dumps({"replyCode": 0, "data": ["x"] * 5000}).encode()
    server = serve(answering(with_body(compress(body), f"Content-Encoding: {encoding}")))
    assert get(client, server.url).body == body


def test_a_gzip_bomb_is_not_unpacked(serve: Serve, client: HttpClient) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    server = serve(answering(with_body(bomb, "Content-Encoding: gzip")))
    tracemalloc.start()
    try:
        reply = get(client, server.url)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply.body is None
    assert most_bytes < 4 * 2**20


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", "broke off"),
        (b"\x15\x03\x01\x00\x02\x02F not HTTP at all\r\n\r\n", "broke off|failed"),
        (with_body(b"no gzip at all", "Content-Encoding: gzip"), "cannot be decompressed"),
        (with_body(2 * gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip"), "cannot be decompressed"),
        (
            with_body(gzip.compress(b"{}" * 100, mtime=0)[:-9], "Content-Encoding: gzip"),
            "cannot be decompressed",
        ),
    ],
)
def test_a_reply_that_is_broken_is_none(serve: Serve, client: HttpClient, answer: bytes, why: str) -> None:
    server = serve(answering_and_closing(answer))
    with pytest.raises(NoReplyError, match=why):
        get(client, server.url)


def test_headers_that_end_half_way_carry_no_content(serve: Serve, client: HttpClient) -> None:
    reply = get(client, serve(answering_and_closing(b"HTTP/1.1 200 OK\r\nContent-Le")).url)
    assert (reply.body, reply.json()) == (b"", None)


def test_a_connection_reset_half_way_breaks_off(serve: Serve, client: HttpClient) -> None:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()

    with pytest.raises(NoReplyError, match="broke off"):
        get(client, serve(script).url)


def test_a_refused_connection_is_named_so(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoReplyError, match="refused"):
        get(client, f"http://127.0.0.1:{port}/")


def test_a_host_name_that_does_not_exist_is_named_so(client: HttpClient) -> None:
    # Where no name server answers at all, the call is given up first.
    with pytest.raises(NoReplyError, match=r"cannot be resolved|in time"):
        get(client, "https://emarsys.invalid/", within_seconds=3)


def test_a_look_up_of_a_name_is_given_up_in_time(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(5))
    began = time.monotonic()
    with pytest.raises(NoReplyError, match="no connection in time"):
        get(client, "https://emarsys.test/", within_seconds=0.1)
    assert time.monotonic() - began < 4
    answered.set()


def test_each_address_of_a_name_is_tried(
    serve: Serve, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, look_up = serve(answering(OK)), socket.getaddrinfo

    def two(host: str, *args: Any, **kwargs: Any) -> Any:
        hosts = ["::1", "127.0.0.1"] if host == "localhost" else [host]
        return [found for each in hosts for found in look_up(each, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    assert get(client, f"http://localhost:{server.port}/").status == 200


def test_a_server_that_speaks_no_tls_is_not_trusted(serve: Serve, client: HttpClient) -> None:
    server = serve(answering_and_closing(OK))

    def plain(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(OK)

    server._serve = plain  # type: ignore[method-assign]
    with pytest.raises(NoReplyError, match="TLS"):
        get(client, f"https://127.0.0.1:{server.port}/")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(OK), certified(trustme.CA()))
    with pytest.raises(NoReplyError, match="no trusted TLS connection"):
        get(client, f"https://127.0.0.1:{server.port}/")
    assert server.requests == []


@pytest.mark.parametrize(("host", "is_trusted"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_a_certificate_counts_for_its_own_host_only(
    serve: Serve,
    client: HttpClient,
    authority: trustme.CA,
    host: str,
    is_trusted: bool,
) -> None:
    server = serve(answering(OK), certified(authority, host))
    if is_trusted:
        assert get(client, f"https://127.0.0.1:{server.port}/").status == 200
    else:
        with pytest.raises(NoReplyError, match="no trusted TLS connection"):
            get(client, f"https://127.0.0.1:{server.port}/")


def test_a_handshake_that_breaks_off_is_not_told_as_a_certificate(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(OK))

    def break_off(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.close()

    server._serve = break_off  # type: ignore[method-assign]
    with pytest.raises(NoReplyError, match="no TLS connection"):
        get(client, f"https://127.0.0.1:{server.port}/")


@pytest.mark.parametrize(
    "url", ["https://", "https://h:99999999/", "gopher://h/", "https://" + "a" * 64 + "/"]
)
def test_a_url_that_leads_nowhere_is_no_reply(client: HttpClient, url: str) -> None:
    with pytest.raises(NoReplyError):
        get(client, url, within_seconds=3)


def test_a_connection_is_kept_alive_from_call_to_call(serve: Serve, client: HttpClient) -> None:
    server = serve(answering(OK))
    for _ in range(3):
        assert get(client, server.url).body == b"{}"
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(
    serve: Serve, client: HttpClient
) -> None:
    server = serve(answering_and_closing(OK))
    for _ in range(3):
        assert get(client, server.url).body == b"{}"
        time.sleep(0.05)
    assert server.connections == 3


def hangs_up(server_of: list[Server], on_reset: bool) -> Script:
    """Answers the first request of each connection, and hangs up on the second, with an end or a reset."""

    def script(connection: socket.socket, _: bytes) -> None:
        [server] = server_of
        if len(server.requests) % 2:
            connection.sendall(OK)
        elif on_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)

    return script


@pytest.mark.parametrize("on_reset", [False, True])
def test_a_connection_that_the_server_closes_as_a_get_arrives_is_opened_anew(
    serve: Serve, client: HttpClient, on_reset: bool
) -> None:
    servers: list[Server] = []
    servers.append(serve(hangs_up(servers, on_reset)))
    for _ in range(3):
        assert get(client, servers[0].url).body == b"{}"
    assert (servers[0].connections, len(servers[0].requests)) == (3, 5)


def test_a_post_is_never_sent_twice(serve: Serve, client: HttpClient) -> None:
    servers: list[Server] = []
    servers.append(serve(hangs_up(servers, on_reset=False)))
    assert client.call("POST", servers[0].url, {}, b"1").body == b"{}"
    with pytest.raises(NoReplyError, match="broke off"):
        client.call("POST", servers[0].url, {}, b"2")
    assert len(servers[0].requests) == 2


def test_a_get_on_a_new_connection_is_never_sent_twice(serve: Serve, client: HttpClient) -> None:
    server = serve(lambda connection, _: connection.shutdown(socket.SHUT_RDWR))
    with pytest.raises(NoReplyError, match="broke off"):
        get(client, server.url)
    assert len(server.requests) == 1


def test_what_is_left_of_a_cut_reply_is_not_read_by_the_next_call(serve: Serve, client: HttpClient) -> None:
    answers = iter([with_body(b"x" * 10 * MAX_REPLY_BYTES), OK])
    server = serve(lambda connection, _: connection.sendall(next(answers)))
    assert get(client, server.url).body is None
    assert get(client, server.url).body == b"{}"
    assert server.connections == 2


def test_an_answer_that_comes_too_late_is_not_read_by_the_next_call(serve: Serve, client: HttpClient) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        if b"/slow" in request:
            time.sleep(0.4)
            connection.sendall(with_body(b"late"))
        else:
            connection.sendall(OK)

    server = serve(script)
    with pytest.raises(NoReplyError, match="in time"):
        get(client, f"{server.url}/slow", within_seconds=0.1)
    assert get(client, f"{server.url}/fast").body == b"{}"
    time.sleep(0.5)
    assert get(client, f"{server.url}/fast").body == b"{}"


def test_an_error_holds_neither_a_url_nor_a_header(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoReplyError) as error:
        client.call("GET", f"http://127.0.0.1:{port}/my-path", {"Authorization": "Bearer my-token"})
    assert not any(word in repr(error.value) for word in ("127.0.0.1", "my-path", "my-token"))
