"""The Emarsys of the sandbox answers, refuses and fails as the real one does: over real connections."""

import base64
import contextlib
import hashlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from sandbox.emarsys import EmarsysServer, Scenario, ScenarioError, load, parse
from sandbox.emarsys.authentication import digest
from sandbox.emarsys.command import DEFAULT
from sandbox.emarsys.fault import NAMED

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


def wsse(
    secret: str = SECRET, created: datetime | None = None, nonce: str = "d36e316282959a9ed4c89851497a717f"
) -> dict[str, str]:
    moment = (created or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = digest(nonce, moment, secret)
    value = f'UsernameToken Username="user", PasswordDigest="{signed}", Nonce="{nonce}", Created="{moment}"'
    return {"X-WSSE": value, "Content-Type": "application/json"}


def token(server: EmarsysServer, **changes: Any) -> requests.Response:
    given = {"auth": ("client", SECRET), "data": {"grant_type": "client_credentials"}, **changes}
    return requests.post(f"{server.url}/oauth2/token", timeout=5, **given)


def ask(server: EmarsysServer, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    # Not the requests library's own way with a path: it would tidy `//` and `..` up.
    headers = wsse() if headers is None else headers
    return requests.get(f"{server.url}{path}", headers=headers, timeout=5, allow_redirects=False)


def test_the_digest_is_that_of_the_published_test_vector() -> None:
    signed = digest("44ab5733c8d764bc2712c62f77abeeec", "2018-03-01T09:15:38Z", "test")
    assert signed == "NTY0MzllMzJlMzM3NTFiNzQ2ZWVkMGEzZDRjNGQwODZiM2U2ZWJlYQ=="


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_an_export_is_told_on_both_versions_as_documented(
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


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "WSSE authentication header is missing."),
        ({"Authorization": "Bearer abc"}, "WSSE authentication header is missing."),
        ({"X-WSSE": ""}, "WSSE authentication header is empty."),
        (
            {"X-WSSE": 'UsernameToken Nonce="a"'},
            "The Username field is missing from WSSE authentication header.",
        ),
        ({"X-WSSE": 'UsernameToken Username="user"'}, "Credentials are invalid."),
        (wsse(secret="wrong"), "Credentials are invalid."),
        (wsse(nonce="short"), "Credentials are invalid."),
        (wsse(created=datetime.now(UTC) - timedelta(minutes=6)), "Timeframe is invalid."),
        (wsse(created=datetime.now(UTC) + timedelta(hours=1)), "Timeframe is invalid."),
    ],
)
def test_wsse_is_refused_in_the_gateways_words(
    serve: Callable[..., EmarsysServer], headers: dict[str, str], text: str
) -> None:
    reply = ask(serve(exports={1: {}}), "/api/v2/export/1", headers)
    assert (reply.status_code, reply.json()) == (401, {"message": text})


def test_raw_digests_which_other_systems_use_are_refused(serve: Callable[..., EmarsysServer]) -> None:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raw = base64.b64encode(hashlib.sha1(f"ab{moment}{SECRET}".encode()).digest()).decode()
    header = f'UsernameToken Username="user", PasswordDigest="{raw}", Nonce="ab", Created="{moment}"'
    assert ask(serve(exports={1: {}}), "/api/v2/export/1", {"X-WSSE": header}).status_code == 401


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
    "paging",
    [
        "",
        "/offset=0&limit=1000000",
        "?offset=0&limit=1000000",
        "?limit=2",
        "/offset=2&limit=2",
        "/offset=&limit=",
    ],
)
def test_a_local_file_is_read_in_every_form_that_clients_use(
    serve: Callable[..., EmarsysServer], paging: str
) -> None:
    reply = ask(serve(exports={1: {"distribution_method": "local"}}), f"/api/v2/export/1/data{paging}")
    assert reply.headers["Content-Type"] == "text/csv;charset=UTF-8"
    rows = [line for line in reply.text.splitlines() if line[0].isdigit()]
    assert [row[0] for row in rows] == {"?limit=2": ["1", "2"], "/offset=2&limit=2": ["3"]}.get(
        paging, ["1", "2", "3"]
    )


@pytest.mark.parametrize(
    ("plan", "status", "code"),
    [
        ({"distribution_method": "ftp"}, 404, 4004),
        ({"distribution_method": "local", "timeline": [{"at": 0, "status": "ready"}]}, 404, 4005),
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


def test_a_rate_limit_is_told_in_headers_and_ends_with_the_minute(
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
        ([], "the scenario must be a mapping"),
        ({"export": {}}, "not known: export"),
        ({"exports": {"a": {}}}, "positive integer"),
        ({"exports": {1: {"timeline": [{"at": 5, "status": "done"}]}}}, "must begin at 0"),
        ({"exports": {1: {"timeline": [{"at": "x", "status": "done"}]}}}, r"timeline\[0\].at is 'x'"),
        ({"exports": {1: {"distribution_method": "carrier pigeon"}}}, "one of ftp, sftp, local, mail"),
        ({"faults": [{"fault": "gremlin"}]}, "names the fault 'gremlin'; there are: as_html"),
        ({"exports": {1: {"timeline": [{"at": 0}]}}}, r"exports\.1\.timeline\[0\] must have a `status`"),
        ({"faults": [{"from": 0}]}, "either `fault`"),
        (
            {"faults": [{"reply": {"http": "200", "text": "hi"}}]},
            r"reply.http is '200'; it must be of type int",
        ),
        ({"faults": [{"reply": {"html": "hi"}}]}, r"faults\[0\].reply has keys that are not known: html"),
        (
            {"faults": [{"fault": "empty", "requests": ["a"]}]},
            r"faults\[0\].requests has 'a'; it must be a positive integer",
        ),
        ({"faults": [{"fault": "empty", "requests": [0]}]}, r"requests has 0"),
        ({"faults": [{"fault": "empty", "from": 9, "until": 5}]}, r"faults\[0\] must end \(`until`\) after"),
        ({"faults": [{"fault": "empty", "until": 0}]}, r"faults\[0\] must end"),
        ({"credentials": {"wsse": {"user": 5}}}, "both texts"),
        ({"tokens": {"lifetime_seconds": "long"}}, "must be of type int"),
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
