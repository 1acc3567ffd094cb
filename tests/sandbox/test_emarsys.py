"""The Emarsys of the sandbox answers, refuses and fails as the real one does: over real connections."""

import base64
import contextlib
import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from sandbox.emarsys import EmarsysServer, Scenario, ScenarioError, load, parse
from sandbox.emarsys.authentication import Tokens, Wsse, digest
from sandbox.emarsys.command import DEFAULT
from sandbox.emarsys.fault import NAMED, Reply
from sandbox.emarsys.scenario import TokenPolicy

SECRET = "s3cret"
CREDENTIALS = {"oauth": {"client": SECRET}, "wsse": {"user": SECRET}}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve(clock: Clock) -> Iterator[Callable[..., EmarsysServer]]:
    running = []

    def start(**content: Any) -> EmarsysServer:
        server = EmarsysServer(parse({"credentials": CREDENTIALS, **content}), clock=clock)
        running.append(server)
        return server.__enter__()

    yield start
    for server in running:
        server.__exit__(None, None, None)


def wsse() -> dict[str, str]:
    return {"X-WSSE": signed(), "Content-Type": "application/json"}


def token(server: EmarsysServer, **changes: Any) -> requests.Response:
    given = {"auth": ("client", SECRET), "data": {"grant_type": "client_credentials"}, **changes}
    return requests.post(f"{server.url}/oauth2/token", timeout=5, **given)


def ask(server: EmarsysServer, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    # Not the requests library's own way with a path: it would tidy `//` and `..` up.
    headers = wsse() if headers is None else headers
    return requests.get(f"{server.url}{path}", headers=headers, timeout=5, allow_redirects=False)


def test_the_digest_is_that_of_the_published_test_vector() -> None:
    made = digest("44ab5733c8d764bc2712c62f77abeeec", "2018-03-01T09:15:38Z", "test")
    assert made == "NTY0MzllMzJlMzM3NTFiNzQ2ZWVkMGEzZDRjNGQwODZiM2U2ZWJlYQ=="


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_status_is_answered_on_both_versions_as_documented(
    serve: Callable[..., EmarsysServer], version: str
) -> None:
    plan = {"type": "Responses", "file_name": "clicks.csv", "ftp_host": "88.99.123.23", "ftp_dir": "folder"}
    server = serve(exports={123: {**plan, "created": "2012-05-23 11:08:56"}})
    headers = (
        wsse() if version == "v2" else {"Authorization": f"Bearer {token(server).json()['access_token']}"}
    )
    reply = ask(server, f"/api/{version}/export/123", headers)
    assert reply.status_code == 200
    assert reply.json() == {
        "replyCode": 0,
        "replyText": "OK",
        "data": {
            "id": "123",
            "created": "2012-05-23 11:08:56",
            "status": "done",
            "type": "Responses",
            "file_name": "clicks.csv",
            "ftp_host": "88.99.123.23",
            "ftp_dir": "folder",
        },
    }


NONCE, NOW = "d36e316282959a9ed4c89851497a717f", "%Y-%m-%dT%H:%M:%SZ"


def signed(
    form: str = 'UsernameToken Username="{user}", PasswordDigest="{digest}", Nonce="{nonce}", Created="{created}"',
    *,
    user: str = "user",
    secret: str = SECRET,
    nonce: str = NONCE,
    created: str = NOW,
    minutes: float = 0,
    change: Callable[[str], str] = lambda digest: digest,
) -> str:
    """The value of X-WSSE in this form, so many minutes off."""
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime(created)
    return form.format(user=user, digest=change(digest(nonce, moment, secret)), nonce=nonce, created=moment)


@pytest.mark.parametrize(
    "header",
    [
        partial(signed),
        partial(signed, nonce="short"),
        partial(signed, nonce=""),
        partial(signed, nonce="MTIzNDU2Nzg5MA=="),
        partial(signed, created="%Y-%m-%dT%H:%M:%S"),
        partial(signed, created="%Y-%m-%d %H:%M:%S"),
        partial(signed, created="%Y-%m-%dT%H:%M:%S.123Z"),
        partial(signed, created="%Y-%m-%dT%H:%M:%S+00:00"),
        partial(signed, created="%Y-%m-%dT%H:%M:%S+0200", minutes=120),
        partial(signed, created="%a, %d %b %Y %H:%M:%S GMT"),
        partial(signed, minutes=4.9),
        partial(signed, minutes=-4.9),
        partial(signed, 'username="{user}", PASSWORDDIGEST="{digest}", nOnCe="{nonce}", created="{created}"'),
        partial(
            signed, 'Created = "{created}" Nonce ="{nonce}",PasswordDigest= "{digest}";Username  =  "{user}"'
        ),
        partial(
            signed,
            'UsernameTokenUsername="{user}",PasswordDigest="{digest}",Nonce="{nonce}",Created="{created}"',
        ),
        partial(signed, change=lambda digest: digest.rstrip("=")),
        partial(signed, change=lambda digest: digest + "======="),
        partial(signed, change=lambda digest: "." + digest),
    ],
)
def test_wsse_is_taken_in_every_form_that_the_published_gateway_takes(header: Callable[[], str]) -> None:
    assert Wsse({"user": SECRET}).check(header()) == "user"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "WSSE authentication header is missing."),
        ("", "WSSE authentication header is empty."),
        ("   ", "The Username field is missing from WSSE authentication header."),
        ("some wsse header", "The Username field is missing from WSSE authentication header."),
        ('Username="user"', "The PasswordDigest field is missing from WSSE authentication header."),
        (
            'Username="user", PasswordDigest="a"',
            "The Nonce field is missing from WSSE authentication header.",
        ),
        (
            'Username="user", PasswordDigest="a", Nonce="a"',
            "The Created field is missing from WSSE authentication header.",
        ),
        (signed(user="another"), "Credentials are invalid."),
        (signed(user="USER"), "Credentials are invalid."),
        (signed(secret="wrong"), "Credentials are invalid."),
        (signed(secret="wrong", minutes=-600), "Credentials are invalid."),
        (signed(change=lambda digest: ""), "Credentials are invalid."),
        (signed(change=lambda digest: "a"), "Credentials are invalid."),
        (signed(change=lambda digest: "ä" + digest[1:]), "Credentials are invalid."),
        # A raw digest, as other systems use it.
        (
            signed(
                change=lambda text: base64.b64encode(bytes.fromhex(base64.b64decode(text).decode())).decode()
            ),
            "Credentials are invalid.",
        ),
        (signed(created="yesterday"), "Timeframe is invalid."),
        (signed(created=""), "Timeframe is invalid."),
        (signed(minutes=-6), "Timeframe is invalid."),
        (signed(minutes=60), "Timeframe is invalid."),
    ],
)
def test_wsse_is_refused_in_the_gateways_words(header: str | None, text: str) -> None:
    refusal = Wsse({"user": SECRET}).check(header)
    assert isinstance(refusal, Reply)
    assert (refusal.status, json.loads(refusal.body)) == (401, {"message": text})


@pytest.mark.parametrize(
    ("headers", "text"),
    [({"Authorization": "Bearer abc"}, "missing"), ({"X-WSSE": ""}, "empty")],
)
def test_the_path_decides_the_scheme(
    serve: Callable[..., EmarsysServer], headers: dict[str, str], text: str
) -> None:
    reply = ask(serve(exports={1: {}}), "/api/v2/export/1", headers)
    assert (reply.status_code, reply.json()) == (401, {"message": f"WSSE authentication header is {text}."})


@pytest.mark.parametrize(
    ("client", "secret", "pair"),
    [
        ("client", "a+b%20/ü:c", "client:a+b%20/ü:c"),
        ("client", "a b+c/ü", "client:a+b%2Bc%2F%C3%BC"),
        ("client", "a b+c/ü", "client:a%20b%2bc%2f%c3%bc"),
        ("my client", "s", "my+client:s"),
        ("my@client", "a+b", "my%40client:a+b"),
    ],
)
def test_a_client_secret_is_taken_as_it_is_or_form_encoded(client: str, secret: str, pair: str) -> None:
    basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
    form = "grant_type=client_credentials"
    tokens = Tokens({client: secret}, TokenPolicy())
    assert tokens.issue(basic, "application/x-www-form-urlencoded", form).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"auth": ("client", "wrong")}, 401, "invalid_client"),
        ({"auth": None}, 401, "invalid_client"),
        ({"data": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"data": {}}, 400, "invalid_request"),
        ({"data": None, "json": {"grant_type": "client_credentials"}}, 400, "invalid_request"),
    ],
)
def test_a_token_is_refused_as_the_standard_says(
    serve: Callable[..., EmarsysServer], changes: dict[str, Any], status: int, error: str
) -> None:
    reply = token(serve(), **changes)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_a_client_gets_two_tokens_a_minute(serve: Callable[..., EmarsysServer]) -> None:
    server = serve()
    assert [token(server).status_code for _ in range(3)] == [200, 200, 429]


def test_a_token_expires(serve: Callable[..., EmarsysServer], monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(exports={1: {}}, tokens={"lifetime_seconds": 60})
    headers = {"Authorization": f"Bearer {token(server).json()['access_token']}"}
    assert ask(server, "/api/v3/export/1", headers).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert ask(server, "/api/v3/export/1", headers).status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v2/export/999", 400, 10001),
        ("/api/v2/export/abc", 400, 10001),
        ("/api/v2/export/", 400, 10001),
        ("/api/v2//export/1", 400, 1),
        ("//api/v2/export/1", 400, 1),
        ("/api/v2/elsewhere", 400, 1),
        ("/api/v2/export/999/data", 404, 4006),
    ],
)
def test_what_is_not_there_is_refused_as_documented(
    serve: Callable[..., EmarsysServer], path: str, status: int, code: int
) -> None:
    reply = ask(serve(exports={1: {}}), path)
    assert (reply.status_code, reply.json()["replyCode"], reply.json()["data"]) == (status, code, "")


def test_an_export_walks_through_its_timeline_from_the_first_request_on(
    serve: Callable[..., EmarsysServer], clock: Clock
) -> None:
    timeline = [
        {"at": 0, "status": "scheduled"},
        {"at": 5, "status": "in_progress"},
        {"at": 9, "status": "DONE"},
    ]
    server = serve(exports={1: {"timeline": timeline}})
    clock.now += 1000
    seen = []
    for _ in range(11):
        seen.append(ask(server, "/api/v2/export/1").json()["data"]["status"])
        clock.now += 1
    assert seen == ["scheduled"] * 5 + ["in_progress"] * 4 + ["DONE"] * 2


@pytest.mark.parametrize(("form", "sent"), [("json", None), ("text", "NULL"), ("empty", ""), ("absent", ...)])
def test_a_field_without_a_value_is_sent_in_the_form_chosen(
    serve: Callable[..., EmarsysServer], form: str, sent: Any
) -> None:
    server = serve(exports={1: {"null_as": form, "timeline": [{"at": 0, "status": "ready"}]}})
    assert ask(server, "/api/v2/export/1").json()["data"].get("file_name", ...) == sent


@pytest.mark.parametrize(
    ("paging", "rows", "kind"),
    [
        ("", [1, 2, 3], "csv"),
        ("?offset=1", [2, 3], "csv"),
        ("?offset=&limit=", [1, 2, 3], "csv"),
        ("/offset=0&limit=1000000", [1, 2, 3], "csv"),
        ("/offset=2&limit=2", [3], "csv"),
        ("/offset=3&limit=2", [], "csv"),
        ("/offset=&limit=", [1, 2, 3], "csv"),
        ("?limit=2", [1, 2], "json"),
        ("?offset=1&limit=1", [2], "json"),
    ],
)
@pytest.mark.parametrize("ignores_offset", [False, True])
def test_a_local_file_is_read_in_every_form_that_a_reference_names(
    serve: Callable[..., EmarsysServer], paging: str, rows: list[int], kind: str, ignores_offset: bool
) -> None:
    if ignores_offset:
        rows = [1, 2, 3][: int(dict(re.findall(r"(limit)=(\d+)", paging)).get("limit", 9))]
    server = serve(exports={1: {"distribution_method": "local", "ignores_offset": ignores_offset}})
    reply = ask(server, f"/api/v2/export/1/data{paging}")
    if kind == "json":
        assert [int(row["user_id"]) for row in reply.json()["data"]] == rows
    else:
        assert reply.headers["Content-Type"] == "text/csv;charset=UTF-8"
        assert [int(line.split(";")[0]) for line in reply.text.splitlines() if line[0].isdigit()] == rows
        assert reply.text.startswith("user_id;") == (
            ignores_offset or "offset=" not in paging or rows[:1] == [1]
        )


@pytest.mark.parametrize(
    ("plan", "status", "code"),
    [
        ({"distribution_method": "ftp"}, 404, 4004),
        ({"distribution_method": "local", "timeline": [{"at": 0, "status": "ready"}]}, 404, 4005),
        ({"distribution_method": "local", "file_name": None}, 404, 4006),
        ({"distribution_method": "local", "stored_seconds": 0}, 410, 4003),
        ({"distribution_method": "local", "faults": [{"fault": "data_error"}]}, 500, 4007),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_documented(
    serve: Callable[..., EmarsysServer], plan: dict[str, Any], status: int, code: int
) -> None:
    reply = ask(serve(exports={1: plan}), "/api/v2/export/1/data")
    assert (reply.status_code, reply.json()["replyCode"]) == (status, code)


def test_a_public_client_creates_an_export_follows_it_and_downloads_the_file(
    serve: Callable[..., EmarsysServer], clock: Clock
) -> None:
    timeline = [{"at": 0, "status": "scheduled"}, {"at": 30, "status": "done"}]
    server = serve(creates={"timeline": timeline, "file_name": "contacts.csv"})
    api = requests.Session()
    body = {"distribution_method": "local", "origin": "all", "time_range": ["2026-11-01", "2026-11-02"]}
    created = api.post(f"{server.url}/api/v2/contact/getchanges", json=body, headers=wsse(), timeout=5).json()
    export_id = created["data"]["id"]
    assert created == {"replyCode": 0, "replyText": "OK", "data": {"id": export_id}}
    states: list[str] = []
    while not states or states[-1] != "done":
        reply = api.get(f"{server.url}/api/v2/export/{export_id}", headers=wsse(), timeout=5)
        states.append(reply.json()["data"]["status"])
        clock.now += 10
    file = api.get(f"{server.url}/api/v2/export/{export_id}/data", headers=wsse(), timeout=5)
    assert states == ["scheduled"] * 3 + ["done"]
    assert file.text.startswith("user_id;email;")


def test_a_rate_limit_is_named_in_headers_and_ends_with_the_minute(
    serve: Callable[..., EmarsysServer], clock: Clock
) -> None:
    server = serve(exports={1: {}}, requests_per_minute=2)
    replies = [ask(server, "/api/v2/export/1") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
    assert replies[2].json()["replyCode"] == 7003
    clock.now = float(replies[2].headers["X-RateLimit-Reset"])
    assert ask(server, "/api/v2/export/1").status_code == 200


def test_a_reply_has_one_date_and_it_is_on_the_servers_clock(serve: Callable[..., EmarsysServer]) -> None:
    """What X-RateLimit-Reset is compared with: the machine's own beside it would be taken for it."""
    reply = urllib3.request("GET", f"{serve(exports={1: {}}).url}/api/v2/export/1", headers=wsse())
    assert reply.headers.getlist("Date") == ["Fri, 15 Jan 2027 08:00:00 GMT"]


def test_faults_strike_in_their_time_and_on_their_requests(
    serve: Callable[..., EmarsysServer], clock: Clock
) -> None:
    faults = [{"from": 10, "until": 20, "fault": "overloaded"}, {"requests": [4], "fault": "bad_gateway"}]
    server = serve(exports={1: {"faults": faults}})
    seen = []
    for moment in (0, 10, 19, 20, 21):
        clock.now = 1_800_000_000 + moment
        seen.append(ask(server, "/api/v2/export/1").status_code)
    assert seen == [200, 503, 503, 502, 200]


def test_a_reply_can_be_written_out(serve: Callable[..., EmarsysServer]) -> None:
    reply = {"http": 429, "headers": {"Retry-After": "7"}, "json": {"message": "Rate limit exceeded"}}
    answer = ask(serve(exports={1: {"faults": [{"reply": reply}]}}), "/api/v2/export/1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    "name", sorted(set(NAMED) - {"silent", "drip", "huge", "gzip_bomb", "reset", "reset_midway"})
)
def test_every_fault_that_is_a_reply_arrives_as_a_whole_reply(
    serve: Callable[..., EmarsysServer], name: str
) -> None:
    server = serve(exports={1: {"faults": [{"requests": [1], "fault": name}]}})
    with contextlib.closing(
        http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    ) as connection:
        connection.request("GET", "/api/v2/export/1", headers=wsse())
        connection.getresponse().read()
        kept = connection.sock
        connection.request("GET", "/api/v2/export/1", headers=wsse())  # on the same connection
        after = connection.getresponse()
        assert json.loads(after.read())["replyCode"] == 0
        assert connection.sock is kept


def test_a_reset_breaks_the_connection_off(serve: Callable[..., EmarsysServer]) -> None:
    server = serve(exports={1: {"faults": [{"requests": [1], "fault": "reset"}]}})
    with pytest.raises(requests.ConnectionError):
        ask(server, "/api/v2/export/1")
    assert ask(server, "/api/v2/export/1").status_code == 200


def test_a_reset_midway_leaves_half_a_reply(serve: Callable[..., EmarsysServer]) -> None:
    server = serve(exports={1: {"faults": [{"fault": "reset_midway"}]}})
    reply = urllib3.request(
        "GET", f"{server.url}/api/v2/export/1", headers=wsse(), preload_content=False, retries=False
    )
    with pytest.raises(urllib3.exceptions.ProtocolError):
        reply.read()


@pytest.mark.parametrize("name", ["silent", "drip", "huge"])
def test_a_server_with_an_endless_reply_still_stops(serve: Callable[..., EmarsysServer], name: str) -> None:
    server = serve(exports={1: {"faults": [{"fault": name}]}})
    with contextlib.closing(
        http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    ) as connection:
        connection.request("GET", "/api/v2/export/1", headers=wsse())


def test_the_embedded_scenario_can_be_read() -> None:
    scenario = load(DEFAULT)
    assert set(scenario.exports) == {123, *range(101, 109)}
    assert scenario.exports[105].null_as == "text"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ([], r"scenario: \[\] is not of type 'object'"),
        ({"export": {}}, "scenario: .*'export' was unexpected"),
        ({"exports": {"a": {}}}, "scenario.exports: 'a' is not of type 'integer'"),
        ({"exports": {0: {}}}, "scenario.exports: 0 is less than the minimum of 1"),
        ({"exports": {1: {"timeline": []}}}, r"exports\[1\].timeline: \[\] should be non-empty"),
        (
            {"exports": {1: {"timeline": [{"at": 5, "status": "done"}]}}},
            r"\[1\].timeline: \[5\] must begin at 0",
        ),
        (
            {"exports": {1: {"timeline": [{"at": "x", "status": "a"}]}}},
            r"timeline\[0\].at: 'x' is not of type 'num",
        ),
        ({"exports": {1: {"timeline": [{"at": 0}]}}}, r"timeline\[0\]: 'status' is a required property"),
        ({"exports": {1: {"distribution_method": "pigeon"}}}, r"_method: 'pigeon' is not one of .*'sftp'"),
        ({"creates": {"rows": True}}, "scenario.creates.rows: True is not of type 'integer'"),
        ({"faults": [{"fault": "gremlin"}]}, r"faults\[0\].fault: 'gremlin' is not one of \['as_html'"),
        ({"faults": [{"from": 0}]}, r"faults\[0\]: .* either `fault`"),
        ({"faults": [{"reply": {"http": "200"}}]}, "reply.http: '200' is not of type 'integer'"),
        ({"faults": [{"reply": {"html": "hi"}}]}, r"faults\[0\].reply: .*'html' was unexpected"),
        ({"faults": [{"fault": "empty", "requests": [0]}]}, r"requests\[0\]: 0 is less than"),
        ({"faults": [{"fault": "empty", "from": 9, "until": 5}]}, r"faults\[0\].until: 5 must be later"),
        ({"faults": [{"fault": "empty", "until": 0}]}, r"faults\[0\].until: 0 must be later"),
        ({"credentials": {"wsse": {"user": 5}}}, "wsse.user: 5 is not of type 'string'"),
        ({"credentials": {"oauth": {5: "secret"}}}, "credentials.oauth: 5 is not of type 'string'"),
        ({"tokens": {"lifetime_seconds": "long"}}, "lifetime_seconds: 'long' is not of type 'integer'"),
    ],
)
def test_a_wrong_scenario_is_refused_with_what_is_wrong_and_where(content: Any, error: str) -> None:
    with pytest.raises(ScenarioError, match=error):
        parse(content)


def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("exports:\n  1: {}\n  1: {type: changes}\n")
    with pytest.raises(ScenarioError, match="the key 1 is there twice"):
        load(tmp_path / "twice.yaml")


def test_a_scenario_can_be_made_in_python() -> None:
    with EmarsysServer(Scenario(wsse={"user": SECRET})) as server:
        assert ask(server, "/api/v2/export/1").json()["replyCode"] == 10001
        assert [(seen.path, seen.status) for seen in server.requests] == [("/api/v2/export/1", 400)]
