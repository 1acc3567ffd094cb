"""`python -m sandbox watch`, with the project's own template and the sandbox's own Emarsys."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.__main__ import main
from sandbox.emarsys import EmarsysServer, ExportPlan, Phase, Scenario
from sandbox.emarsys.scenario import TokenPolicy
from sandbox.watch import TOKEN_LIMIT

ROOT = Path(__file__).parents[2]
SCENARIO = Scenario(
    oauth={"client": "secret"},
    wsse={"customer001": "secret"},
    exports={
        1: ExportPlan(file_name="a b.csv"),
        2: ExportPlan(distribution_method="local"),
        3: ExportPlan(timeline=(Phase(0, "in progress"),)),
        4: ExportPlan(timeline=(Phase(0, "error"),)),
        5: ExportPlan(timeline=(Phase(0, "ready"),)),
    },
)


@pytest.fixture
def emarsys() -> Iterator[EmarsysServer]:
    with EmarsysServer(SCENARIO) as server:
        yield server


@pytest.fixture
def files(tmp_path):
    """Writes credentials files `wsse.json` and `oauth.json`, and event files by their details; returns their paths."""
    (tmp_path / "wsse.json").write_text('{"username": "customer001", "secret": "secret"}')
    (tmp_path / "oauth.json").write_text('{"client_id": "client", "client_secret": "secret"}')

    def write(**details: Any) -> list[str]:
        paths = []
        for name, detail in details.items():
            path = tmp_path / f"{name}.json"
            event = {"source": "test", "detail-type": "Emarsys Export Created", "detail": detail}
            path.write_text(json.dumps(event))
            paths.append(str(path))
        return paths

    return write


@pytest.fixture
def watch(emarsys, files, tmp_path, capsys):
    """Runs the command in virtual time; returns the exit status, the notifications and standard error."""

    def run(events: list[str], *words: str) -> tuple[int, list[Any], str]:
        credentials = ("--credentials", str(tmp_path / "wsse.json"))
        status = main(["watch", *events, "--emarsys", emarsys.url, *credentials, "--virtual-time", *words])
        output = capsys.readouterr()
        return status, [json.loads(line) for line in output.out.splitlines()], output.err

    return run


def refused(words: list[str]) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["watch", *words])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_each_notification_is_one_line_of_json(watch, files):
    status, lines, progress = watch(files(one={"export_id": 1, "context": {"campaign": "ü"}}))
    assert status == 0
    [line] = lines
    assert set(line) == {"attributes", "message"}
    assert line["attributes"] == {
        "outcome": "done",
        "account": "default",
        "export_type": "responses",
        "terminal": "true",
    }
    assert line["message"]["data"]["file"]["uri"] == "ftp://ftp.example.com/exports/a%20b.csv"
    assert line["message"]["data"]["context"] == {"campaign": "ü"}
    assert "default_1: watch started" in progress
    assert "_aws" not in progress


@pytest.mark.parametrize("number", ["1.10", "1e2", "-0.0", "12345678901234567890", "0.1e-7"])
def test_a_number_of_a_context_comes_back_as_the_same_value(watch, tmp_path, number):
    path = tmp_path / "event.json"
    path.write_text(
        f'{{"detail-type": "Emarsys Export Created", "detail": {{"export_id": 1, "context": {{"n": {number}}}}}}}'
    )
    _, [line], _ = watch([str(path)])
    assert repr(line["message"]["data"]["context"]["n"]) == repr(json.loads(number))


def test_what_an_event_has_beside_passes_through(watch, files):
    status, lines, _ = watch(files(one={"export_id": 1, "expected_seconds": 600}))
    assert (status, len(lines)) == (0, 1)


@pytest.mark.parametrize("number", ["NaN", "1e400"])
def test_an_event_with_a_number_that_json_does_not_have_is_not_put(watch, tmp_path, number):
    path = tmp_path / "event.json"
    path.write_text(f'{{"detail-type": "Emarsys Export Created", "detail": {{"n": {number}}}}}')
    status, lines, progress = watch([str(path)])
    assert (status, lines) == (1, [])
    assert "event.json: EventBridge does not take it: the detail is no JSON" in progress


def test_who_runs_into_the_token_limit_reads_what_it_is(files, tmp_path, capsys):
    scenario = replace(SCENARIO, tokens=TokenPolicy(per_minute=1))
    credentials = str(tmp_path / "oauth.json")
    events = files(two={"export_id": 2, "deadline_seconds": 60})
    with EmarsysServer(scenario) as server:
        words = ["watch", *events, "--emarsys", server.url, "--credentials", credentials, "--virtual-time"]
        assert main(words) == 0
        assert TOKEN_LIMIT not in capsys.readouterr().err
        assert main(words) == 0
        assert capsys.readouterr().err.count(TOKEN_LIMIT) == 1


def test_a_port_that_is_none_is_refused_in_a_sentence(capsys):
    with pytest.raises(SystemExit):
        main(["emarsys", "--port", "80800"])
    assert "'80800' is not a port: a number from 0 to 65535" in capsys.readouterr().err


def test_metrics_whose_line_is_not_logged_are_no_progress(watch, files):
    status, _, progress = watch(files(one={"export_id": 1}), "--parameter", "LogLevel=ERROR")
    assert status == 0
    assert "WatchesStarted" not in progress


def test_both_kinds_of_credentials_serve_and_other_accounts_have_their_own(watch, files, tmp_path, emarsys):
    events = files(one={"export_id": 1}, two={"export_id": 2, "account": "other"})
    status, lines, _ = watch(events, "--credentials", f"other={tmp_path / 'oauth.json'}")
    assert status == 0
    assert {line["attributes"]["account"] for line in lines} == {"default", "other"}
    paths = {seen.path for seen in emarsys.requests}
    assert paths == {"/api/v2/export/1", "/api/v3/export/2", "/oauth2/token"}


def test_a_watch_of_24_hours_takes_less_than_ten_seconds(watch, files):
    begin = time.monotonic()
    status, lines, _ = watch(files(three={"export_id": 3}))
    assert time.monotonic() - begin < 10
    assert status == 0
    assert [line["attributes"]["outcome"] for line in lines] == ["expired"]
    assert lines[0]["message"]["data"]["watch"]["elapsed_seconds"] == 86_400


def test_a_watch_is_over_at_its_terminal_notification_only(watch, files):
    status, lines, _ = watch(files(five={"export_id": 5}), "--parameter", "DeadlineSeconds=7200")
    assert status == 0
    assert [line["attributes"]["outcome"] for line in lines] == ["stuck", "expired"]


def test_a_parameter_reaches_the_watch(watch, files):
    status, lines, _ = watch(files(three={"export_id": 3}), "--parameter", "DeadlineSeconds=60")
    assert status == 0
    assert lines[0]["message"]["data"]["watch"]["elapsed_seconds"] == 60


def test_an_event_that_is_given_twice_starts_one_watch(watch, files):
    [event] = files(four={"export_id": 4})
    status, lines, _ = watch([event, event])
    assert status == 0
    assert [line["attributes"]["outcome"] for line in lines] == ["error"]


def test_a_refused_event_is_named_with_its_reason_while_the_others_are_watched(watch, files):
    status, lines, progress = watch(
        files(bad={"export_id": "x1"}, one={"export_id": 1}, worse={"export_id": -1})
    )
    assert status == 1
    assert [line["attributes"]["outcome"] for line in lines] == ["done"]
    [bad] = [line for line in progress.splitlines() if "bad.json: refused:" in line]
    assert "`export_id` is 'x1'" in bad
    [worse] = [line for line in progress.splitlines() if "worse.json: refused:" in line]
    assert "`export_id` is -1" in worse


def test_an_event_that_no_rule_matches_is_named(watch, tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"source": "a", "detail-type": "Export Created", "detail": {"export_id": 1}}')
    status, lines, progress = watch([str(path)])
    assert (status, lines) == (1, [])
    assert "other.json: nothing watches it" in progress
    assert "'Export Created'" in progress


def test_settings_that_a_function_refuses_are_named(watch, files):
    status, _, progress = watch(
        files(one={"export_id": 1}), "--parameter", "MinWaitSeconds=100", "--parameter", "MaxWaitSeconds=10"
    )
    assert status == 1
    assert "one.json: refused: [ERROR] InvalidSettingsError: MIN_WAIT_SECONDS is 100" in progress


def test_in_real_time_a_refused_event_ends_the_others_too(emarsys, files, tmp_path, capsys):
    events = files(bad={"export_id": "x1"}, three={"export_id": 3})
    words = [*events, "--emarsys", emarsys.url, "--credentials", str(tmp_path / "wsse.json")]
    begin = time.monotonic()
    assert main(["watch", *words]) == 1
    assert time.monotonic() - begin < 15
    progress = capsys.readouterr().err
    assert "bad.json: refused: event refused: `export_id` is 'x1'" in progress
    assert "default_3: no terminal notification; its execution is RUNNING" in progress


def test_a_timeout_counts_in_real_time(emarsys, files, tmp_path, capsys):
    [event] = files(three={"export_id": 3})
    begin = time.monotonic()
    words = [
        event,
        "--emarsys",
        emarsys.url,
        "--credentials",
        str(tmp_path / "wsse.json"),
        "--timeout",
        "0.5",
    ]
    assert main(["watch", *words]) == 1
    assert time.monotonic() - begin < 5
    output = capsys.readouterr()
    assert output.out == ""
    assert "given up after 0.5 s" in output.err
    assert "default_3: no terminal notification; its execution is RUNNING" in output.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--emarsys", "ftp://x"], "not a URL of a scheme and a host"),
        (["--emarsys", "http://x/api"], "not a URL of a scheme and a host"),
        (["--parameter", "Nonsense=1"], r"Parameters: \[Nonsense\] do not exist"),
        (
            ["--parameter", "MinWaitSeconds=0"],
            "MinWaitSeconds failed to satisfy constraint: must be at least 1",
        ),
        (["--parameter", "MinWaitSeconds"], "not KEY=VALUE"),
        (["--credentials", "wsse.json"], "given twice"),
        (["--credentials", "missing.json"], "cannot read missing.json"),
        (["--credentials", "other=missing.json"], "cannot read missing.json"),
        (["--credentials", "text.json"], "text.json is not JSON"),
        (["--timeout", "0"], "not a positive number"),
        (["--timeout", "soon"], "not a positive number"),
    ],
)
def test_wrong_usage_is_refused(files, tmp_path, monkeypatch, capsys, words, message):
    [event] = files(one={"export_id": 1})
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text("no JSON")
    given = [event, "--emarsys", "http://127.0.0.1:1", "--credentials", "wsse.json", *words]
    assert refused(given) == 2
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds no JSON object"),
        ('{"source": 5, "detail-type": "a", "detail": {}}', "'source' must be a string"),
        ('{"source": "", "detail-type": "a", "detail": {}}', "'source' must be a string"),
        ('{"source": "a", "detail-type": "a", "detail": "{}"}', "'detail' must be an object"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_an_event_file_that_is_none_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "event.json"
    path.write_text(content)
    assert refused([str(path), "--emarsys", "http://127.0.0.1:1", "--credentials", str(path)]) == 2
    assert message in capsys.readouterr().err


@pytest.fixture
def heeds_sigint() -> Iterator[None]:
    """What is started heeds it. It does not where a shell runs the suite in its background, for that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_sigint")
def test_in_real_time_a_line_comes_as_soon_as_it_is_published_and_ctrl_c_ends_the_rest(
    emarsys, files, tmp_path
):
    events = files(one={"export_id": 1}, three={"export_id": 3})
    words = [*events, "--emarsys", emarsys.url, "--credentials", str(tmp_path / "wsse.json")]
    command = [sys.executable, "-m", "sandbox", "watch", *words, "--parameter", "MinWaitSeconds=1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["attributes"]["outcome"] == "done"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
