"""The HTTP client against a real server on this machine: whatever it does, a call ends in time and in bounds."""

import contextlib
import gzip
import json
import logging
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
import trustme

from export_watch import __version__, transport
from export_watch.errors import NoReplyError, UnreadableReplyError
from export_watch.transport import MAX_REPLY_BYTES, Urllib3Client
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
DATA = {"replyCode": 0, "data": {"file_name": "Käufer.csv"}}
TEXT = json.dumps(DATA, ensure_ascii=False)
LATIN = "application/json; charset=ISO-8859-1"


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
def client() -> Urllib3Client:
    return Urllib3Client()


@pytest.fixture
def short(monkeypatch):
    """Bounds short enough for a test."""
    for name, seconds in (("CONNECT_SECONDS", 0.3), ("READ_SECONDS", 0.3), ("WHOLE_SECONDS", 0.6)):
        monkeypatch.setattr(transport, name, seconds)


def get(client: Urllib3Client, server: Server, **options):
    return client.call("GET", f"{server.url}/x", {}, **options)


def failure(client: Urllib3Client, server: Server) -> str:
    with pytest.raises(NoReplyError) as error:
        get(client, server)
    return str(error.value)


def test_a_reply_comes_back_with_its_status_headers_and_body(serve, client):
    reply = get(client, serve(answering(with_body(b'{"a": 1}', "X-RateLimit-Limit: 1000"))))
    assert (reply.status, reply.json(), reply.flaw) == (200, {"a": 1}, "")
    assert reply.headers.get("x-ratelimit-limit") == "1000"
    assert reply.headers.get("x-other") is None


def test_a_request_says_who_asks_and_wants_nothing_compressed(serve, client):
    server = serve(answering(OK))
    client.call(
        "POST", f"{server.url}/token?a=b", {"Authorization": "Basic x"}, b"grant_type=client_credentials"
    )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?a=b HTTP/1.1\r\n")
    assert body == b"grant_type=client_credentials"
    for line in (
        "Authorization: Basic x",
        f"User-Agent: emarsys-export-watch/{__version__}",
        "Accept-Encoding: identity",
    ):
        assert line.encode() in head


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 403, 404, 413, 429, 500, 502, 503])
def test_each_status_is_a_reply_and_is_asked_for_once(serve, client, status):
    server = serve(
        answering(
            f"HTTP/1.1 {status} So\r\nLocation: /y\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n".encode()
        )
    )
    began = time.monotonic()
    assert get(client, server).status == status
    assert len(server.requests) == 1
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
    ids=["length", "chunks", "no length"],
)
def test_a_body_that_drips_is_given_up_in_time(serve, client, short, script):
    reply = get(client, serve(script))
    assert (reply.flaw, reply.interrupted, reply.json()) == ("no complete reply in time", True, None)


def test_a_server_that_falls_silent_is_given_up(serve, client, short):
    silent = threading.Event()
    server = serve(lambda connection, _: silent.wait(5))
    assert failure(client, server) == "no complete reply in time"


def test_a_call_that_has_no_time_left_ends_at_once(serve, client):
    server = serve(answering(OK))
    with pytest.raises(NoReplyError, match="no time was left"):
        get(client, server, within_seconds=0)
    assert server.connections == 0


@pytest.mark.parametrize("size", [0, 1, MAX_REPLY_BYTES])
def test_a_reply_up_to_the_bound_is_read(serve, client, size):
    reply = get(client, serve(answering(with_body(b"x" * size))))
    assert (len(reply.body), reply.flaw) == (size, "")


@pytest.mark.parametrize(
    "script",
    [
        answering(with_body(b" " * (MAX_REPLY_BYTES + 1))),
        dripping(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b" " * 0xFFFF + b"\r\n"
        ),
        answering(with_body(gzip.compress(b" " * 10**8), "Content-Encoding: gzip")),
    ],
    ids=["length", "chunks", "gzip bomb"],
)
def test_a_reply_beyond_the_bound_is_not_read_to_its_end(serve, client, script):
    server = serve(script)
    tracemalloc.start()
    reply = get(client, server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (reply.flaw, reply.interrupted, reply.json()) == ("a reply that is too long", False, None)
    assert peak < 4_000_000
    assert get(client, serve(answering(OK))).json() == {}


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT.encode())),
        ("GZIP", gzip.compress(TEXT[:9].encode()) + gzip.compress(TEXT[9:].encode())),
        ("gzip", gzip.compress(TEXT.encode()) + b"\0"),
        ("gzip", gzip.compress(TEXT.encode()) + b"\0" * 512),
        ("x-gzip", gzip.compress(TEXT.encode())),
        ("deflate", zlib.compress(TEXT.encode())),
        ("deflate", zlib.compress(TEXT.encode())[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT.encode()))),
        ("identity", TEXT.encode()),
        ("gzip", b""),
    ],
    ids=["gzip", "members", "a zero", "zeros", "x-gzip", "zlib", "raw deflate", "two", "none", "empty"],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_compressed_reply_is_decompressed_although_it_was_not_asked_for(
    serve, client, encoding, body, chunked
):
    answer = with_body(body, f"Content-Encoding: {encoding}")
    if chunked:
        parts = b"".join(
            b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7)
        )
        head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}\r\n\r\n"
        answer = head.encode() + parts + b"0\r\n\r\n"
    reply = get(client, serve(answering(answer)))
    assert reply.flaw == ""
    assert reply.json() == (DATA if body else None)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", TEXT.encode()),
        ("deflate", TEXT.encode()),
        ("gzip", TEXT.encode("utf-16")),
        ("br", TEXT.encode()),
        ("zstd", TEXT.encode()),
        ("utf-8", TEXT.encode()),
        ("", gzip.compress(TEXT.encode())),
        ("gzip, gzip", gzip.compress(TEXT.encode())),
        ("gzip, identity", gzip.compress(TEXT.encode())),
        ("deflate", gzip.compress(TEXT.encode())),
        ("gzip", zlib.compress(TEXT.encode())),
        ("gzip", gzip.compress(TEXT.encode()) + b"more"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_reply_is_read_although_its_encoding_is_said_wrongly(serve, client, encoding, body):
    reply = get(client, serve(answering(with_body(body, f"Content-Encoding: {encoding}"))))
    assert (reply.json(), reply.flaw) == (DATA, "")


@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_bomb_that_is_short_itself_is_not_decompressed_to_its_end(serve, client, encoding):
    bomb = gzip.compress(b" " * 6 * 10**7)
    assert len(bomb) < MAX_REPLY_BYTES
    server = serve(answering(with_body(bomb, f"Content-Encoding: {encoding}")))
    tracemalloc.start()
    reply = get(client, server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (reply.flaw, reply.interrupted, reply.json()) == ("a reply that is too long", False, None)
    assert peak < 4_000_000


@pytest.mark.parametrize(
    "text", [TEXT.replace("Käufer", "K\t\x01ufer"), f"\r\n {TEXT}\n", f"{TEXT}\0\0", f"\ufeff\ufeff{TEXT}"]
)
def test_json_is_read_in_spite_of_control_characters_and_padding(serve, client, text):
    reply = get(client, serve(answering(with_body(text.encode()))))
    assert reply.json()["data"]["file_name"] in ("Käufer.csv", "K\t\x01ufer.csv")


@pytest.mark.parametrize("body", [gzip.compress(TEXT.encode())[:-12], b"\x1f\x8b" + b"x" * 50])
def test_what_cannot_be_decompressed_was_a_reply_all_the_same(serve, client, body):
    reply = get(client, serve(answering(with_body(body, "Content-Encoding: gzip"))))
    assert reply.status == 200
    assert reply.json() is None
    assert not reply.interrupted


@pytest.mark.parametrize(
    ("content_type", "body", "name"),
    [
        ("application/json", TEXT.encode(), "Käufer.csv"),
        ("application/json", b"\xef\xbb\xbf" + TEXT.encode(), "Käufer.csv"),
        ("application/json; charset=ISO-8859-1", TEXT.encode(), "Käufer.csv"),
        ("application/json; charset=ISO-8859-1", TEXT.encode("latin-1"), "Käufer.csv"),
        ('text/html; Charset="windows-1252"', TEXT.encode("cp1252"), "Käufer.csv"),
        ("text/html; charset='windows-1252'", TEXT.encode("cp1252"), "Käufer.csv"),
        (f"{LATIN}\r\nContent-Type: {LATIN}", TEXT.encode("latin-1"), "Käufer.csv"),
        ("application/json; charset=utf-16", TEXT.encode("utf-16"), "Käufer.csv"),
        ("application/json", TEXT.encode("utf-16-le"), "Käufer.csv"),
        ("application/json", TEXT.encode("utf-32"), "Käufer.csv"),
        ("application/json; charset=utf-8", TEXT.encode("latin-1"), "K\ufffdufer.csv"),
        ("application/json", TEXT.encode("latin-1"), "K\ufffdufer.csv"),
        *(
            (f"application/json; charset={charset}", TEXT.encode("latin-1"), "K\ufffdufer.csv")
            for charset in ("klingon", "zlib_codec", "undefined", "", '"', "utf-7")
        ),
    ],
)
def test_json_is_read_in_any_charset(serve, client, content_type, body, name):
    reply = get(client, serve(answering(with_body(body, f"Content-Type: {content_type}"))))
    assert reply.json()["data"]["file_name"] == name


@pytest.mark.parametrize(
    "lengths",
    [
        f"Content-Length: {len(TEXT.encode())}\r\nContent-Length: {len(TEXT.encode())}",
        f"Content-Length: {len(TEXT.encode())}, {len(TEXT.encode())}",
        "Content-Length: 9999",
        "Content-Length: many",
        "Content-Length: -1",
    ],
)
def test_json_that_came_whole_is_read_whatever_its_length_is_said_to_be(serve, client, short, lengths):
    answer = f"HTTP/1.1 200 OK\r\n{lengths}\r\n\r\n{TEXT}".encode()
    assert get(client, serve(answering(answer))).json() == DATA


@pytest.mark.parametrize(
    "answer",
    [
        b"220 ftp.example.com ready\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
    ids=[
        "another protocol",
        "no status",
        "a TLS alert",
        "headers without end",
        "a long header",
        "two lengths",
    ],
)
def test_what_is_no_http_was_an_answer_all_the_same(serve, client, answer):
    with pytest.raises(UnreadableReplyError):
        get(client, serve(answering_and_closing(answer)))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "the connection broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "the connection broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{", "the connection broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{", "the connection broke off"),
    ],
)
def test_a_body_that_breaks_off_is_no_json(serve, client, answer, why):
    reply = get(client, serve(answering_and_closing(answer)))
    assert (reply.status, reply.json()) == (200, None)
    assert (reply.flaw, reply.interrupted) == (why, True)


def test_a_connection_closed_or_reset_without_a_reply_is_no_reply(serve, client):
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    assert failure(client, serve(answering_and_closing(b""))) == "the connection broke off"
    assert failure(client, serve(reset)) == "the connection broke off"


def test_a_refused_connection_and_an_unknown_name_are_named_so(serve, client):
    server = serve(answering(OK))
    server.stop()
    assert failure(client, server) == "the connection was refused"
    with pytest.raises(NoReplyError, match="the host name cannot be resolved"):
        client.call("GET", "https://no-such-host.invalid/x", {})


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "https://[::1", "http://a\tb/"]
)
def test_a_url_that_leads_nowhere_is_no_reply(client, url):
    with pytest.raises(NoReplyError):
        client.call("GET", url, {})


@pytest.mark.parametrize(
    ("trusted", "host", "error"),
    [
        (True, "127.0.0.1", None),
        (True, "127.0.0.2", "no trusted TLS"),
        (False, "127.0.0.1", "no trusted TLS"),
    ],
)
def test_only_a_certificate_that_is_vouched_for_and_for_this_host_counts(
    serve, tmp_path, trusted, host, error
):
    authority, own = trustme.CA(), trustme.CA()
    (authority if trusted else own).cert_pem.write_to_path(tmp_path / "ca.pem")
    server = serve(answering(OK), certified(authority, host))
    client = Urllib3Client(ca_certs=str(tmp_path / "ca.pem"))
    with pytest.raises(NoReplyError, match=error) if error else contextlib.nullcontext():
        assert client.call("GET", f"https://127.0.0.1:{server.port}/", {}).status == 200
    assert bool(server.requests) is (error is None)


@pytest.mark.parametrize(("idle_seconds", "connections"), [(0, 1), (30, 1), (31, 2), (3600, 2)])
def test_a_connection_is_kept_until_it_lay_idle(serve, idle_seconds, connections):
    now = [1000.0]
    client = Urllib3Client(monotonic=lambda: now[0])
    server = serve(answering(OK))
    get(client, server)
    now[0] += idle_seconds
    get(client, server)
    assert server.connections == connections


@pytest.mark.parametrize("answer", [OK + b"more", b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n"])
def test_what_came_after_a_reply_is_not_read_by_the_next_call(serve, client, answer):
    server = serve(answering(answer))
    first, second = get(client, server), get(client, server)
    assert (first.status, first.body) == (second.status, second.body)


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(serve, client):
    server = serve(answering_and_closing(OK))
    for _ in range(3):
        assert get(client, server).json() == {}
        time.sleep(0.05)
    assert server.connections == 3


def test_neither_an_error_nor_a_log_holds_a_url_or_a_header(serve, client, caplog):
    caplog.set_level(logging.DEBUG)
    server = serve(answering(b"HTTP/1.1 200 OK\r\nno colon planted-secret\r\nContent-Length: 2\r\n\r\n{}"))
    headers = {"Authorization": "Bearer planted-secret"}
    client.call("GET", f"{server.url}/planted-secret", headers)
    server.stop()
    for url in (f"{server.url}/planted-secret", "http://planted-secret.invalid/"):
        with pytest.raises(NoReplyError) as error:
            client.call(
                "GET", url, headers | {"X-Bad": "planted-secret\r\n"} if "invalid" in url else headers
            )
        assert "planted" not in repr(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__
    assert "planted" not in caplog.text
