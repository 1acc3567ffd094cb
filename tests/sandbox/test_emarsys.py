"""The sandbox's Emarsys answers, refuses and fails as the real one does: over real connections."""

import base64
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from sandbox.__main__ import main
from sandbox.emarsys import EmarsysServer, ScenarioError, load, parse
from sandbox.emarsys.authentication import Tokens, check_wsse, digest
from sandbox.emarsys.command import DEFAULT
from sandbox.emarsys.reply import NAMED

START = 1_800_000_000.0
SECRET = "s3cret"
CREDENTIALS = {"oauth": {"client": SECRET}, "wsse": {"user": SECRET}}
FORM = 'UsernameToken Username="{user}", PasswordDigest="{digest}", Nonce="{nonce}", Created="{created}"'
STATUS = "/api/v2/export/1"
LOCAL = {"distribution_method": "local"}


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def serve(clock):
    """Serves a scenario with the export 1 unless it says otherwise."""
    with contextlib.ExitStack() as running:

        def start(**content):
            scenario = parse({"credentials": CREDENTIALS, "exports": {1: {}}, **content})
            return running.enter_context(EmarsysServer(scenario, clock=clock))

        yield start


def signed(form=FORM, *, user="user", secret=SECRET, nonce="d36e31", minutes=0, created="%FT%TZ", raw=False):
    """The value of X-WSSE in this form, so many minutes off."""
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime(created)
    value = digest(nonce, moment, secret)
    if raw:  # as other systems use it
        value = base64.b64encode(bytes.fromhex(base64.b64decode(value).decode())).decode()
    return form.format(user=user, digest=value, nonce=nonce, created=moment)


def ask(server, path=STATUS, headers=None):
    headers = {"X-WSSE": signed()} if headers is None else headers
    # Not the requests library's own way with a path: it would tidy `//` up.
    return requests.get(f"{server.url}{path}", headers=headers, timeout=5, allow_redirects=False)


def ask_for_token(server, **changes):
    given = {"auth": ("client", SECRET), "data": {"grant_type": "client_credentials"}, **changes}
    return requests.post(f"{server.url}/oauth2/token", timeout=5, **given)


def bearer(server):
    return {"Authorization": f"Bearer {ask_for_token(server).json()['access_token']}"}


def test_the_digest_is_that_of_the_published_test_vector():
    made = digest("44ab5733c8d764bc2712c62f77abeeec", "2018-03-01T09:15:38Z", "test")
    assert made == "NTY0MzllMzJlMzM3NTFiNzQ2ZWVkMGEzZDRjNGQwODZiM2U2ZWJlYQ=="


MISSING = "The {} field is missing from WSSE authentication header."
INVALID, LATE = "Credentials are invalid.", "Timeframe is invalid."


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (signed, None),
        (partial(signed, nonce=""), None),
        (partial(signed, created="%FT%T+00:00"), None),
        (partial(signed, minutes=4.9), None),
        (partial(signed, minutes=-4.9), None),
        (partial(signed, 'created="{created}" Nonce = "{nonce}",passwordDigest="{digest}";USERNAME="{user}"'), None),
        (lambda: None, "WSSE authentication header is missing."),
        (lambda: "", "WSSE authentication header is empty."),
        (lambda: "some header", MISSING.format("Username")),
        (lambda: 'Username="user"', MISSING.format("PasswordDigest")),
        (lambda: 'Username="user", PasswordDigest="a"', MISSING.format("Nonce")),
        (lambda: 'Username="user", PasswordDigest="a", Nonce="a"', MISSING.format("Created")),
        (partial(signed, user="another"), INVALID),
        (partial(signed, secret="wrong"), INVALID),
        (partial(signed, secret="wrong", minutes=-600), INVALID),
        (partial(signed, raw=True), INVALID),
        (partial(signed, created="yesterday"), LATE),
        (partial(signed, minutes=-5.1), LATE),
        (partial(signed, minutes=5.1), LATE),
    ],
)  # fmt: skip
def test_wsse_is_taken_or_refused_in_the_gateways_words(header, refusal):
    answer: Any = check_wsse(header(), {"user": SECRET})
    if refusal is None:
        assert answer == "user"
    else:
        assert (answer.status, json.loads(answer.body)) == (401, {"message": refusal})


@pytest.mark.parametrize(
    ("client", "secret", "pair"),
    [
        ("client", "a+b%20/ü:c", "client:a+b%20/ü:c"),
        ("client", "a b+c/ü", "client:a+b%2Bc%2F%C3%BC"),
        ("my@client", "a+b", "my%40client:a+b"),
    ],
    ids=["as it is", "the secret form-encoded", "the id form-encoded"],
)
def test_a_client_secret_is_taken_as_it_is_or_form_encoded(client, secret, pair):
    basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
    form = "grant_type=client_credentials"
    assert Tokens({client: secret}).issue(basic, "application/x-www-form-urlencoded", form).status == 200


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
def test_a_token_is_refused_as_the_standard_says(serve, changes, status, error):
    reply = ask_for_token(serve(), **changes)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_a_client_gets_two_tokens_a_minute_and_each_of_them_expires(serve, monkeypatch):
    server = serve(tokens={"lifetime_seconds": 60})
    header, path = bearer(server), "/api/v3/export/1"
    assert [ask_for_token(server).status_code for _ in range(2)] == [200, 429]
    assert ask(server, path, header).status_code == 200
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert ask(server, path, header).status_code == 401
    assert ask_for_token(server).status_code == 200


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_status_is_answered_on_both_versions_as_documented(serve, version):
    plan = {"type": "Responses", "file_name": "clicks.csv", "ftp_host": "88.99.123.23", "ftp_dir": "folder"}
    server = serve(exports={123: {**plan, "created": "2012-05-23 11:08:56"}})
    reply = ask(server, f"/api/{version}/export/123", None if version == "v2" else bearer(server))
    data = {"id": "123", "created": "2012-05-23 11:08:56", "status": "done", **plan}
    assert (reply.status_code, reply.json()) == (200, {"replyCode": 0, "replyText": "OK", "data": data})
    assert [(seen.path, seen.status) for seen in server.requests][-1] == (f"/api/{version}/export/123", 200)


@pytest.mark.parametrize(
    ("plan", "path", "status", "code"),
    [
        ({}, "/api/v2/export/999", 400, 10001),
        ({}, "/api/v2/export/abc", 400, 10001),
        ({}, "/api/v2/export/", 400, 10001),
        ({}, "/api/v2//export/1", 400, 1),
        ({}, "//api/v2/export/1", 400, 1),
        ({}, "/api/v2/elsewhere", 400, 1),
        ({}, "/elsewhere", 400, 1),
        ({}, "/api/v2/export/999/data", 404, 4006),
        ({}, f"{STATUS}/data", 404, 4004),
        ({**LOCAL, "timeline": [{"status": "ready"}]}, f"{STATUS}/data", 404, 4005),
        ({**LOCAL, "file_name": None}, f"{STATUS}/data", 404, 4006),
        ({**LOCAL, "stored_seconds": 0}, f"{STATUS}/data", 410, 4003),
        (LOCAL, f"{STATUS}/data?offset=x", 400, 1),
    ],
)
def test_what_is_not_there_is_refused_as_documented(serve, plan, path, status, code):
    reply = ask(serve(exports={1: plan}), path)
    assert (reply.status_code, reply.json()["replyCode"], reply.json()["data"]) == (status, code, "")


def test_the_path_decides_the_scheme(serve):
    server = serve()
    assert ask(server, STATUS, bearer(server)).json() == {"message": "WSSE authentication header is missing."}
    assert ask(server, "/api/v3/export/1").json() == {"message": "Unauthorized"}


def test_an_export_walks_through_its_timeline_from_the_first_request_on(serve, clock):
    timeline = [{"status": "scheduled"}, {"at": 5, "status": "in_progress"}, {"at": 9, "status": "DONE"}]
    server = serve(exports={1: {"timeline": timeline}})
    clock.now += 1000
    seen = []
    for _ in range(11):
        seen.append(ask(server).json()["data"]["status"])
        clock.now += 1
    assert seen == ["scheduled"] * 5 + ["in_progress"] * 4 + ["DONE"] * 2


@pytest.mark.parametrize(("form", "sent"), [("json", None), ("text", "NULL"), ("empty", ""), ("absent", ...)])
def test_a_field_without_a_value_is_sent_in_the_form_chosen(serve, form, sent):
    data = ask(serve(exports={1: {"null_as": form, "timeline": [{"status": "ready"}]}})).json()["data"]
    assert data.get("file_name", ...) == sent


@pytest.mark.parametrize(
    ("plan", "paging", "rows"),
    [
        ({}, "", [1, 2, 3]),
        ({}, "?offset=1", [2, 3]),
        ({}, "?offset=&limit=", [1, 2, 3]),
        ({}, "?offset=1&limit=1", [2]),
        ({}, "/offset=2&limit=2", [3]),
        ({}, "/offset=3&limit=2", []),
        ({"ignores_offset": True}, "?offset=1&limit=2", [1, 2]),
    ],
)
def test_a_local_file_is_read_in_every_form_that_a_reference_names(serve, plan, paging, rows):
    reply = ask(serve(exports={1: {**LOCAL, **plan}}), f"{STATUS}/data{paging}")
    assert reply.headers["Content-Type"] == "text/csv;charset=UTF-8"
    assert [int(line.split(";")[0]) for line in reply.text.splitlines() if line[0].isdigit()] == rows
    assert reply.text.startswith("user_id;") == (rows[:1] == [1])


def test_an_export_can_be_created_followed_and_downloaded(serve, clock):
    timeline = [{"at": 0, "status": "scheduled"}, {"at": 30, "status": "done"}]
    server = serve(creates={"timeline": timeline})
    url, headers = f"{server.url}/api/v2/contact/getchanges", {"X-WSSE": signed()}
    assert (
        requests.post(url, json={"distribution_method": "x"}, headers=headers, timeout=5).status_code == 400
    )
    created = requests.post(url, json={"distribution_method": "local"}, headers=headers, timeout=5).json()
    assert created == {"replyCode": 0, "replyText": "OK", "data": {"id": 2140}}
    clock.now += 30
    assert ask(server, "/api/v2/export/2140").json()["data"]["status"] == "done"
    assert ask(server, "/api/v2/export/2140/data").text.startswith("user_id;email;")


def test_a_rate_limit_is_named_in_headers_and_ends_with_the_minute(serve, clock):
    server = serve(requests_per_minute=2)
    replies = [ask(server) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
    assert replies[2].json()["replyCode"] == 7003
    clock.now = float(replies[2].headers["X-RateLimit-Reset"])
    assert ask(server).status_code == 200


def test_a_reply_has_one_date_and_it_is_on_the_servers_clock(serve):
    """What X-RateLimit-Reset is compared with: the machine's own beside it would be taken for it."""
    reply = urllib3.request("GET", f"{serve().url}{STATUS}", headers={"X-WSSE": signed()})
    assert reply.headers.getlist("Date") == ["Fri, 15 Jan 2027 08:00:00 GMT"]


def test_faults_strike_in_their_time_and_on_their_requests_and_can_be_written_out(serve, clock):
    reply = {"http": 429, "headers": {"Retry-After": "7"}, "json": {"message": "Rate limit exceeded"}}
    faults = [{"from": 10, "until": 20, "fault": "overloaded"}, {"requests": [4], "reply": reply}]
    server = serve(exports={1: {"faults": faults}})
    seen = []
    for moment in (0, 10, 19, 20, 21):
        clock.now = START + moment
        answer = ask(server)
        seen.append((answer.status_code, answer.headers.get("Retry-After")))
    assert seen == [(200, None), (503, None), (503, None), (429, "7"), (200, None)]


def test_after_every_fault_that_is_a_whole_reply_the_connection_is_used_again(serve):
    names = sorted(set(NAMED) - {"silent", "drip", "huge", "reset", "reset_midway"})
    faults = [{"requests": [number], "fault": name} for number, name in enumerate(names, 1)]
    with urllib3.connection_from_url(serve(exports={1: {"faults": faults}}).url) as pool:
        get = partial(pool.request, "GET", STATUS, redirect=False, decode_content=False)
        for _ in [*names, "the right one"]:
            last = get(headers={"X-WSSE": signed()})
    assert last.json()["replyCode"] == 0
    assert (pool.num_connections, pool.num_requests) == (1, len(names) + 1)


def test_a_connection_is_reset_before_a_reply_or_midway(serve):
    faults = [{"requests": [1], "fault": "reset"}, {"requests": [2], "fault": "reset_midway"}]
    server = serve(exports={1: {"faults": faults}})
    get = partial(urllib3.request, "GET", server.url + STATUS, headers={"X-WSSE": signed()}, retries=False)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        get()
    reply = get(preload_content=False)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        reply.read()
    assert get().status == 200
    assert [seen.status for seen in server.requests] == [0, 0, 200]


@pytest.mark.parametrize("name", ["silent", "drip", "huge"])
def test_a_server_with_an_endless_reply_still_stops(serve, name):
    server = serve(exports={1: {"faults": [{"fault": name}]}})
    with contextlib.suppress(requests.Timeout):
        requests.get(server.url + STATUS, headers={"X-WSSE": signed()}, timeout=0.1, stream=True)


def test_the_embedded_scenario_can_be_read():
    assert set(load(DEFAULT).exports) == {123, *range(101, 109)}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"export": {}}, "scenario: .*'export' was unexpected"),
        ({"exports": {"a": {}}}, "scenario.exports: 'a' is not of type 'integer'"),
        ({"exports": {1: {"timeline": []}}}, r"exports\[1\].timeline: \[\] should be non-empty"),
        ({"exports": {1: {"timeline": [{"at": 5, "status": "a"}]}}}, r"\[1\].timeline: \[5\] must begin at 0"),
        ({"exports": {1: {"timeline": [{"at": 0}]}}}, r"timeline\[0\]: 'status' is a required property"),
        ({"exports": {1: {"distribution_method": "pigeon"}}}, r"_method: 'pigeon' is not one of .*'sftp'"),
        ({"faults": [{"fault": "gremlin"}]}, r"faults\[0\].fault: 'gremlin' is not one of \['as_html'"),
        ({"faults": [{"from": 0}]}, r"faults\[0\]: 'fault' is a required property"),
        ({"faults": [{"fault": "empty", "reply": {}}]}, r"faults\[0\]: .*'fault' was unexpected"),
        ({"faults": [{"reply": {"http": "200"}}]}, "reply.http: '200' is not of type 'integer'"),
        ({"credentials": {"wsse": {"user": 5}}}, "wsse.user: 5 is not of type 'string'"),
        ({"tokens": {"lifetime_seconds": "long"}}, "lifetime_seconds: 'long' is not of type 'integer'"),
    ],
)  # fmt: skip
def test_a_wrong_scenario_is_refused_with_what_is_wrong_and_where(content, error):
    with pytest.raises(ScenarioError, match=error):
        parse(content)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--port", "80800"],
            "--port: '80800' is not a port: they go from 1 to 65535, and 0 is any free one",
        ),
        (
            ["--port", "{taken}"],
            "cannot listen on 127.0.0.1:{taken}: Address already in use; choose another --port",
        ),
        (["--scenario", "missing.yaml"], "cannot read missing.yaml: No such file or directory"),
        (["--scenario", "open.yaml"], "open.yaml is not YAML in line 1: "),
        (["--scenario", "binary.yaml"], "binary.yaml is not YAML"),
        (["--scenario", "wrong.yaml"], "wrong.yaml: scenario: [1] is not of type 'object'"),
    ],
)
def test_a_mistake_is_refused_in_one_sentence(serve, tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    for name, content in (("open", b"{"), ("binary", b"\xff"), ("wrong", b"[1]")):
        Path(f"{name}.yaml").write_bytes(content)
    taken = serve().url.rpartition(":")[2]
    with pytest.raises(SystemExit) as stopped:
        main(["emarsys", *(word.format(taken=taken) for word in words)])
    [line] = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert sentence.format(taken=taken) in line
