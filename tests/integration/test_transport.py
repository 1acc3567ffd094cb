"""The HTTP client against a real server on this machine: whatever it does, a call ends in time and in bounds."""

import contextlib
import gzip
import json
import logging
import socket
import ssl
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest
import trustme

from export_watch import __version__, transport
from export_watch.errors import NoReplyError, UnreadableReplyError
from export_watch.transport import MAX_REPLY_BYTES, Reply, Urllib3Client
from tests.integration.server import Script, Server, certified, dripping, fall_silent

Serve = Callable[..., Server]
TEXT = json.dumps({"replyCode": 0, "data": {"file_name": "Käufer.csv"}}, ensure_ascii=False)
UTF8, LATIN_1 = TEXT.encode(), TEXT.encode("latin-1")
ZIPPED = gzip.compress(UTF8)
BOMB = gzip.compress(b" " * 6 * 10**7)
LATIN = "application/json; charset=ISO-8859-1"
WHOLE = ("", False)
LATE = ("no complete reply in time", True)
BROKEN = ("the connection broke off", True)
TOO_LONG = ("a reply that is too long", False)


def http(*headers: str, status: str = "200 OK", body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def with_body(body: bytes, *headers: str) -> bytes:
    return http(f"Content-Length: {len(body)}", *headers, body=body)


def chunked(body: bytes, *headers: str, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = [body[at : at + 7] for at in range(0, len(body), 7)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return http("Transfer-Encoding: chunked", *headers, body=chunks + end)


OK = with_body(b"{}")


def and_close(answer: bytes) -> Script:
    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return script


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as running:

        def start(script: Script | bytes, context: ssl.SSLContext | None = None) -> Server:
            server = Server(script, context)
            running.callback(server.stop)
            return server

        yield start


@pytest.fixture
def client() -> Urllib3Client:
    return Urllib3Client()


def bounds_that_end(why: str) -> contextlib.AbstractContextManager[object]:
    """Bounds that are short where they are waited for."""
    short = patch.multiple(transport, READ_SECONDS=0.3, WHOLE_SECONDS=0.5)
    return short if why == LATE[0] else contextlib.nullcontext()


def get(client: Urllib3Client, server: Server) -> Reply:
    return client.call("GET", f"{server.url}/x", {}, within_seconds=20)


def test_a_request_says_who_asks_and_wants_nothing_compressed_and_its_reply_comes_back(serve, client):
    server = serve(with_body(b'{"a": 1}', "X-RateLimit-Limit: 1000", "X-RateLimit-Limit: 9"))
    reply = client.call("POST", f"{server.url}/token?a=b", {"Authorization": "Basic x"}, b"grant_type=c")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().splitlines()
    assert (first, body) == ("POST /token?a=b HTTP/1.1", b"grant_type=c")
    user_agent = f"User-Agent: emarsys-export-watch/{__version__}"
    assert {"Authorization: Basic x", user_agent, "Accept-Encoding: identity"} <= set(headers)
    assert (reply.status, reply.json(), reply.flaw) == (200, {"a": 1}, "")
    assert reply.headers.get("x-ratelimit-limit") == "1000, 9"
    assert reply.headers.get("x-other") is None


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 413, 429, 503])
def test_each_status_is_a_reply_and_is_asked_for_once(serve, client, status):
    server = serve(http("Location: /y", "Retry-After: 9", "Content-Length: 0", status=f"{status} So"))
    assert get(client, server).status == status
    assert len(server.requests) == 1


COMPRESSED = [
    ("gzip", ZIPPED),
    ("GZIP", gzip.compress(UTF8[:9]) + gzip.compress(UTF8[9:])),
    *(("gzip", ZIPPED + more) for more in (b"\0", b"\0" * 512, b"more")),
    ("x-gzip", ZIPPED),
    ("deflate", zlib.compress(UTF8)),
    ("deflate", zlib.compress(UTF8)[2:-4]),
    ("deflate, gzip", gzip.compress(zlib.compress(UTF8))),
    # What was said wrongly.
    *((encoding, UTF8) for encoding in ("identity", "gzip", "deflate", "br", "zstd", "utf-8")),
    *((encoding, ZIPPED) for encoding in ("", "deflate", "gzip, gzip", "gzip, identity")),
    ("gzip", zlib.compress(UTF8)),
    ("gzip", TEXT.encode("utf-16")),
]
CHARSETS = [
    (LATIN, UTF8, "Käufer.csv"),
    *((each, LATIN_1, "Käufer.csv") for each in (LATIN, f"{LATIN}\r\nContent-Type: {LATIN}")),
    *((f"text/html; Charset={name}", LATIN_1, "Käufer.csv") for name in ('"windows-1252"', "'windows-1252'")),
    ("application/json; charset=utf-16", TEXT.encode("utf-16"), "Käufer.csv"),
    *(("application/json", TEXT.encode(unicode), "Käufer.csv") for unicode in ("utf-16-le", "utf-32")),
    ("application/json", LATIN_1, "K\ufffdufer.csv"),
    *(
        (f"application/json; charset={charset}", LATIN_1, "K\ufffdufer.csv")
        for charset in ("utf-8", "klingon", "zlib_codec", "undefined", "", '"', "utf-7")
    ),
]


@pytest.mark.parametrize(
    ("script", "name", "end"),
    [
        *((with_body(body, f"Content-Type: {kind}"), name, WHOLE) for kind, body, name in CHARSETS),
        # Compressed, although that was not asked for.
        *(
            (framed(body, f"Content-Encoding: {encoding}"), "Käufer.csv", WHOLE)
            for framed in (with_body, chunked)
            for encoding, body in COMPRESSED
        ),
        # A length that was said wrongly does not matter.
        (http(*2 * [f"Content-Length: {len(UTF8)}"], body=UTF8), "Käufer.csv", WHOLE),
        (http(f"Content-Length: {len(UTF8)}, {len(UTF8)}", body=UTF8), "Käufer.csv", WHOLE),
        (http("Content-Length: 9999", body=UTF8), "Käufer.csv", LATE),
        (and_close(http("Content-Length: 9999", body=UTF8)), "Käufer.csv", BROKEN),
        (and_close(http("Content-Length: many", body=UTF8)), "Käufer.csv", WHOLE),
        (and_close(http("Content-Length: -1", body=UTF8)), "Käufer.csv", WHOLE),
        # JSON may hold control characters, and padding may be around it.
        (with_body(UTF8.replace("äu".encode(), b"\t\x01u")), "K\t\x01ufer.csv", WHOLE),
        (with_body(b"\r\n " + UTF8 + b"\n"), "Käufer.csv", WHOLE),
        (with_body(UTF8.ljust(MAX_REPLY_BYTES, b"\0")), "Käufer.csv", WHOLE),
        (with_body(b"\xef\xbb\xbf" * 2 + UTF8), "Käufer.csv", WHOLE),
        # No JSON.
        (with_body(b""), None, WHOLE),
        (dripping(http("Content-Length: 100000"), b" "), None, LATE),
        (dripping(http("Transfer-Encoding: chunked"), b"1\r\n \r\n"), None, LATE),
        (dripping(http(), b" "), None, LATE),
        (and_close(http("Content-Length: 99", body=b"{")), None, BROKEN),
        *((and_close(chunked(b"", end=end)), None, BROKEN) for end in (b"5\r\n{", b"zz\r\n{", b"-5\r\n{")),
        (with_body(ZIPPED[:-12], "Content-Encoding: gzip"), None, WHOLE),
        (with_body(b"\x1f\x8b" + b"x" * 50, "Content-Encoding: gzip"), None, WHOLE),
        # What is too long is not read to its end.
        (with_body(b" " * (MAX_REPLY_BYTES + 1)), None, TOO_LONG),
        (dripping(http("Transfer-Encoding: chunked"), b"ffff\r\n" + b" " * 0xFFFF + b"\r\n"), None, TOO_LONG),
        *((with_body(BOMB, f"Content-Encoding: {encoding}"), None, TOO_LONG) for encoding in ("gzip", "")),
    ],
)
def test_a_reply_is_read_whatever_is_wrong_with_it_but_in_time_and_in_bounds(
    serve, client, script, name, end
):
    assert len(BOMB) < MAX_REPLY_BYTES, "else it would not be decompressed at all"
    server = serve(script)
    tracemalloc.start()
    with bounds_that_end(end[0]):
        reply = get(client, server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.json() == (name and {"replyCode": 0, "data": {"file_name": name}})
    assert (reply.status, reply.flaw, reply.interrupted) == (200, *end)
    assert peak < 4_000_000


A_TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
NO_HTTP = [
    *(b"220 ftp.example.com ready\r\n", b"HTTP/1.1 two hundred\r\n\r\n", A_TLS_ALERT),
    *(http(*200 * ["X: y"]), http("X: " + "y" * 70_000)),
]


@pytest.mark.parametrize(
    ("script", "error", "why"),
    [
        *((and_close(answer), UnreadableReplyError, "a reply that is not HTTP") for answer in NO_HTTP),
        (http("Content-Length: 2", "Content-Length: 3"), UnreadableReplyError, "contradictory headers"),
        (and_close(b""), NoReplyError, BROKEN[0]),
        (reset, NoReplyError, BROKEN[0]),
        (fall_silent, NoReplyError, LATE[0]),
        (dripping(b"HTTP/1.1 200 OK\r\n", b""), NoReplyError, LATE[0]),
    ],
)
def test_what_is_no_reply_is_told_from_what_is_none_that_can_be_read(serve, client, script, error, why):
    with bounds_that_end(why), pytest.raises(NoReplyError) as caught:
        get(client, serve(script))
    assert (type(caught.value), str(caught.value)) == (error, why)


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (socket.gaierror(), "the host name cannot be resolved"),
        (ConnectionRefusedError(), "the connection was refused"),
        (OSError(), "no connection"),
        (TimeoutError(), "no connection in time"),
    ],
    ids=repr,
)
def test_without_a_connection_it_is_said_why(client, failure, why):
    with (
        patch("urllib3.util.connection.create_connection", side_effect=failure),
        pytest.raises(NoReplyError, match=f"^{why}$"),
    ):
        client.call("GET", "http://127.0.0.1/", {})


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "https://[::1", "http://a\tb/"],
)
def test_a_url_that_leads_nowhere_is_no_reply(client, url):
    with pytest.raises(NoReplyError):
        client.call("GET", url, {})


def test_a_call_that_has_no_time_left_ends_at_once(serve, client):
    server = serve(OK)
    with pytest.raises(NoReplyError, match="no time was left"):
        client.call("GET", server.url, {}, within_seconds=0)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("is_trusted", "host", "counts"),
    [(True, "127.0.0.1", True), (True, "127.0.0.2", False), (False, "127.0.0.1", False)],
)
def test_only_a_certificate_that_is_vouched_for_and_for_this_host_counts(
    serve, tmp_path, is_trusted, host, counts
):
    authority, other = trustme.CA(), trustme.CA()
    (authority if is_trusted else other).cert_pem.write_to_path(tmp_path / "ca.pem")
    server = serve(OK, certified(authority, host))
    with contextlib.nullcontext() if counts else pytest.raises(NoReplyError, match="no trusted TLS"):
        assert get(Urllib3Client(ca_certs=str(tmp_path / "ca.pem")), server).status == 200
    assert bool(server.requests) is counts


@pytest.mark.parametrize(
    ("script", "idle_seconds", "connections"),
    [
        (OK, 0, 1),
        (OK, 30, 1),
        (OK, 31, 2),
        (OK + b"more", 0, 1),
        (http(status="204 No Content") + b"HTTP/1.1 201 Stale\r\n", 0, 1),
        (and_close(OK), 0, 2),
        (with_body(b" " * 4 * MAX_REPLY_BYTES), 0, 2),
    ],
    ids=["at once", "30 s", "31 s", "more came", "another reply came", "closed", "not read to its end"],
)
def test_a_connection_that_lasts_serves_again_and_what_was_left_on_it_is_not_read(
    serve, script, idle_seconds, connections
):
    now = [1000.0]
    client = Urllib3Client(monotonic=lambda: now[0])
    server = serve(script)
    first = get(client, server)
    time.sleep(0.05)  # until what the server does after its reply has come
    now[0] += idle_seconds
    second = get(client, server)
    assert (first.status, first.flaw) == (second.status, second.flaw)
    assert server.connections == connections


def test_neither_an_error_nor_a_log_holds_a_url_or_a_header(serve, client, caplog):
    caplog.set_level(logging.DEBUG)
    server = serve(and_close(http("no colon planted-secret", "Content-Length: 2", body=b"{}")))
    headers = {"Authorization": "Bearer planted-secret"}
    client.call("GET", f"{server.url}/planted-secret", headers)
    server.stop()
    for url, more in (
        (f"{server.url}/planted-secret", {}),
        ("http://[planted", {}),
        (server.url, {"X": "planted\r\n"}),
    ):
        with pytest.raises(NoReplyError) as error:
            client.call("GET", url, headers | more)
        assert "planted" not in repr(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__
    assert "planted" not in caplog.text
