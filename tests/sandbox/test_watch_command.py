"""`python -m sandbox watch`, with the project's own template and the sandbox's own Emarsys."""

import json
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from sandbox import watch as command
from sandbox.__main__ import main
from sandbox.emarsys import EmarsysServer, parse

SCENARIO = {
    "credentials": {"oauth": {"client": "secret"}, "wsse": {"customer001": "secret"}},
    "exports": {
        1: {"file_name": "a b.csv"},
        2: {"distribution_method": "local"},
        3: {"timeline": [{"status": "in progress"}]},
        4: {"timeline": [{"status": "error"}]},
        5: {"timeline": [{"status": "ready"}]},
    },
}
KIND = "Emarsys Export Created"


@pytest.fixture(scope="module")
def emarsys():
    with EmarsysServer(parse(SCENARIO)) as server:
        yield server


@pytest.fixture
def watch(emarsys, tmp_path, monkeypatch, capsys):
    """Watches exports of these details, from 0.json on; returns the exit status, the notifications and the log."""
    monkeypatch.chdir(tmp_path)
    Path("wsse.json").write_text('{"username": "customer001", "secret": "secret"}')
    Path("oauth.json").write_text('{"client_id": "client", "client_secret": "secret"}')

    def run(*details, words=("--virtual-time",), url=emarsys.url, kind=KIND):
        for index, detail in enumerate(details):
            Path(f"{index}.json").write_text(json.dumps({"detail-type": kind, "detail": detail}))
        events = [f"{index}.json" for index in range(len(details))]
        credentials = () if "--credentials" in words else ("--credentials", "wsse.json")
        status = main(["watch", "--emarsys", url, *credentials, *words, *events])
        output = capsys.readouterr()
        return status, [json.loads(line) for line in output.out.splitlines()], output.err

    return run


def outcomes(lines):
    return [line["attributes"]["outcome"] for line in lines]


def test_each_notification_is_one_line_of_json_and_a_number_of_a_context_stays_as_it_is(watch):
    context = {"campaign": "ü", "numbers": [1.10, 1e2, -0.0, 12345678901234567890, 1e-8]}
    status, [line], log = watch({"export_id": 1, "context": context, "expected_seconds": 600})
    assert status == 0
    assert line["attributes"] == {
        "outcome": "done", "account": "default", "export_type": "responses", "terminal": "true"
    }  # fmt: skip
    assert line["message"]["data"]["file"]["uri"] == "ftp://ftp.example.com/exports/a%20b.csv"
    assert repr(line["message"]["data"]["context"]) == repr(context)
    assert "default_1: watch started" in log
    assert "_aws" not in log


def test_parameters_and_credentials_of_several_accounts_reach_the_watches_and_metrics_alone_are_no_progress(
    watch, emarsys
):
    words = ["--virtual-time", "--parameter", "LogLevel=ERROR", "--parameter", "DeadlineSeconds=7200"]
    words += ["--credentials", "wsse.json", "--credentials", "other=oauth.json"]
    status, lines, log = watch({"export_id": 5}, {"export_id": 2, "account": "other"}, words=words)
    assert status == 0
    assert outcomes(lines) == ["done", "stuck", "expired"]
    assert lines[-1]["message"]["data"]["watch"]["elapsed_seconds"] == 7200
    assert {"/api/v2/export/5", "/api/v3/export/2", "/oauth2/token"} <= {
        seen.path for seen in emarsys.requests
    }
    assert "WatchesStarted" not in log


def test_an_event_that_is_given_twice_starts_one_watch(watch):
    status, lines, _ = watch({"export_id": 4}, {"export_id": 4})
    assert (status, outcomes(lines)) == (0, ["error"])


def test_who_runs_into_the_token_limit_reads_what_it_is(watch):
    words = ("--credentials", "oauth.json", "--virtual-time")
    with EmarsysServer(parse({**SCENARIO, "tokens": {"per_minute": 1}})) as server:
        logs = [watch({"export_id": 2, "deadline_seconds": 60}, words=words, url=server.url)[2] for _ in "ab"]
    assert [log.count(command.TOKEN_LIMIT) for log in logs] == [0, 2]
    assert logs[1].splitlines()[-1] == command.TOKEN_LIMIT


@pytest.mark.parametrize(
    ("detail", "options", "complaint"),
    [
        ({"export_id": "x1"}, {}, r"0.json: refused: .*`export_id` is 'x1'"),
        ({"n": float("nan")}, {}, "0.json: EventBridge does not take it: the detail is no JSON"),
        ({"export_id": 1}, {"kind": "Other"}, r"0.json: nothing watches it: no rule .* detail-type 'Other'"),
        (
            {"export_id": 1},
            {"words": ["--virtual-time", "--parameter=MinWaitSeconds=100", "--parameter=MaxWaitSeconds=10"]},
            r"0.json: refused: \[ERROR\] InvalidSettingsError: MIN_WAIT_SECONDS is 100",
        ),
    ],
    ids=["refused by a function", "refused by EventBridge", "matched by no rule", "settings refused"],
)
def test_an_event_that_is_not_watched_is_named_with_its_reason(watch, detail, options, complaint):
    status, lines, log = watch(detail, **options)
    assert (status, lines) == (1, [])
    assert re.search(f"^{complaint}", log, re.MULTILINE)


def test_the_others_are_watched_to_their_end_beside_a_refused_event(watch):
    status, lines, log = watch({"export_id": "x1"}, {"export_id": 1}, {"export_id": -1})
    assert (status, outcomes(lines)) == (1, ["done"])
    assert re.findall("^(.).json: refused", log, re.MULTILINE) == ["0", "2"]


def test_a_timeout_counts_in_real_time(watch):
    begin = time.monotonic()
    status, lines, log = watch({"export_id": 3}, words=["--timeout", "0.5"])
    assert (status, lines) == (1, [])
    assert time.monotonic() - begin > 0.5
    assert "given up after 0.5 s" in log
    assert "default_3: no terminal notification; its execution is RUNNING" in log


@pytest.mark.real_clock
def test_in_real_time_a_refused_event_ends_the_others_too(watch):
    status, lines, log = watch({"export_id": "x1"}, {"export_id": 3}, words=["--timeout", "60"])
    assert (status, lines) == (1, [])
    assert "0.json: refused: event refused: `export_id` is 'x1'" in log
    assert "default_3: no terminal notification; its execution is RUNNING" in log
    assert "given up" not in log


@pytest.mark.real_clock
def test_in_real_time_a_line_comes_as_soon_as_it_is_published_and_ctrl_c_ends_the_rest(watch, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    published = []
    notify = command.Voice.notify

    def notify_and_interrupt(voice, notification):
        notify(voice, notification)
        published.append(notification.attributes["outcome"])
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()

    monkeypatch.setattr(command.Voice, "notify", notify_and_interrupt)
    try:
        status, lines, log = watch({"export_id": 1}, {"export_id": 3}, words=["--parameter=MinWaitSeconds=1"])
    finally:
        signal.signal(signal.SIGINT, before)
    assert (status, outcomes(lines), published) == (130, ["done"], ["done"])
    assert log.splitlines()[-1] == "interrupted"


FILES = {
    "list.json": "[1]",
    "open.json": "{",
    "deep.json": "[" * 100_000,
    "latin.json": "ä",
    "neither.json": '{"user": "a"}',
    "no-source.json": '{"source": "", "detail-type": "a", "detail": {}}',
    "no-detail.json": '{"detail-type": "a", "detail": "{}"}',
    "shop.json": '{"detail-type": "a", "detail": {"account": "shop"}}',
}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--emarsys", "ftp://x"], "--emarsys: 'ftp://x' is not a URL of a scheme and a host"),
        (["--emarsys", "http://x/api"], "not a URL of a scheme and a host"),
        (["--emarsys", "http://example.com"], "EmarsysHost is 'http://example.com'; it must be https:// and a host"),
        (["--parameter", "CheckCostSecond=1"], "no parameter CheckCostSecond: did you mean CheckCostSeconds?"),
        (["--parameter", "MinWaitSeconds=0"], "the parameter MinWaitSeconds is '0'; it must be at least 1"),
        (["--parameter", "MinWaitSeconds"], "--parameter: 'MinWaitSeconds' is not KEY=VALUE"),
        (["--timeout", "0"], "'0' is not a positive number"),
        (["--timeout", "soon"], "'soon' is not a positive number"),
        (["--credentials", "oauth.json"], "--credentials is given twice for one account"),
        (["--credentials", "missing.json"], "--credentials: cannot read missing.json: No such file or directory"),
        (["--credentials", "other=."], "--credentials: cannot read .: Is a directory"),
        (["--credentials", "latin.json"], "--credentials: latin.json is not JSON in UTF-8: "),
        (["--credentials", "open.json"], "--credentials: open.json is not JSON in UTF-8: "),
        (["--credentials", "list.json"], "--credentials: list.json holds no JSON object"),
        (["--credentials", "neither.json"], "--credentials: neither.json holds neither client_id and client_secret"),
        (["missing.json"], "EVENT.json: cannot read missing.json: No such file or directory"),
        (["open.json"], "EVENT.json: open.json is not JSON in UTF-8: "),
        (["deep.json"], "EVENT.json: deep.json is not JSON in UTF-8: "),
        (["list.json"], "EVENT.json: list.json holds no JSON object"),
        (["no-source.json"], "no-source.json is no EventBridge event: 'source' must be a string"),
        (["no-detail.json"], "no-detail.json is no EventBridge event: 'detail' must be an object"),
        (["shop.json"], "shop.json is of the account 'shop', which has no --credentials shop=FILE.json"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_in_one_sentence_before_anything_is_deployed(watch, capsys, words, sentence):
    for name, content in FILES.items():
        Path(name).write_text(content, "latin-1")
    with pytest.raises(SystemExit) as stopped:
        watch({"export_id": 1}, words=["--credentials", "wsse.json", *words])
    output = capsys.readouterr()
    assert (stopped.value.code, output.out) == (2, "")
    [line] = output.err.splitlines()
    assert line.startswith("python -m sandbox")
    assert sentence in line
