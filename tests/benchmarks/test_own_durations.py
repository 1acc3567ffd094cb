"""`python -m benchmarks.schedule --durations FILE.csv`."""

import json

import pytest

from benchmarks.schedule import __main__ as command


@pytest.fixture
def printed(tmp_path, capsys):
    """Runs the command on a file that holds this, and gives its exit code, output and error."""

    def run(content: str | bytes, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "durations.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = command.main(["--durations", str(path), *options])
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    "content",
    [
        "60\n300\n301\n7200\n",
        "seconds\n7200\n60\n300\n301",
        "\ufeffseconds\r\n60\r\n300\r\n\r\n301\r\n7200",
        '\n\n"duration"\n"60"\n 300 \n301\n7.2e3\n',
    ],
    ids=["plain", "header", "byte-order-mark", "quoted"],
)
def test_the_json_holds_every_schedule_with_its_checks_delays_and_costs(printed, content):
    code, out, _ = printed(content, "--json")
    measured = json.loads(out)
    assert code == 0
    assert list(measured) == ["schedules"]
    assert "export_watch" in measured["schedules"]
    for of in measured["schedules"].values():
        assert list(of) == ["checks", "delay_mean", "delay_p95", "regret"]
        assert list(of["regret"]) == ["1", "5", "20", "60"]
        assert all(regret >= 1 for regret in of["regret"].values())
    fixed = measured["schedules"]["fixed_60"]
    assert fixed["checks"] == pytest.approx((1 + 5 + 6 + 120) / 4)
    assert fixed["delay_mean"] == pytest.approx(59 / 4)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("seconds\n60\nsoon\n", "line 3: 'soon' is not a number of seconds"),
        ("6O\n300\n", "line 1: '6O' is not a number of seconds"),
        ("60\n1_000\n", "line 2: '1_000' is not a number of seconds"),
        ("seconds\nduration\n60\n", "line 2: 'duration' is not a number of seconds"),
        ("60\n1,5\n", "line 2: '1,5' is not a number of seconds"),
        ("60\n-1\n", "line 2: -1 s is not from 0 to 604800 s, the longest watch"),
        ("60\n\nnan\n", "line 3: nan s is not from 0 to 604800 s"),
        ("inf\n", "line 1: inf s is not from 0 to 604800 s"),
        ("60\n700000\n", "line 2: 700000 s is not from 0 to 604800 s"),
        ("seconds\n\n", "holds 0 durations: 1 to 3 are expected"),
        ("", "holds 0 durations"),
        ("1\n2\n3\n4\n", "holds 4 durations: 1 to 3 are expected"),
        (b"60\n\xff\xfe\n", "can't decode byte"),
    ],
)
def test_a_bad_file_fails_with_its_name_and_line(printed, monkeypatch, content, error):
    monkeypatch.setattr(command, "MOST_DURATIONS", 3)
    code, out, err = printed(content, "--json")
    assert (code, out) == (1, "")
    assert f"durations.csv: {error}" in err.replace("'utf-8' codec ", "")


def test_a_missing_file_is_named(capsys):
    assert command.main(["--durations", "missing.csv"]) == 1
    assert capsys.readouterr().err == "missing.csv: No such file or directory\n"


def test_a_hint_is_a_schedule_more_and_changes_no_other(printed):
    without, schedules = (
        json.loads(printed("3000\n3300\n3600\n", "--json", *hint)[1])["schedules"]
        for hint in ([], ["--expected", "3300"])
    )
    hinted = schedules.pop("export_watch_expected")
    assert schedules == without
    assert all(hinted["regret"][cost] < regret for cost, regret in without["export_watch"]["regret"].items())


@pytest.mark.parametrize("text", ["0", "604801", "1.5", "soon"])
def test_a_hint_that_no_event_may_have_is_refused(capsys, text):
    with pytest.raises(SystemExit):
        command.main(["--durations", "any.csv", "--expected", text])
    assert "from 1 to 604800" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["0\n", "604800\n", "5\n5\n5\n"])
def test_extreme_durations_are_shown_in_a_table_too(printed, content):
    _, out, _ = printed(content)
    assert len([line for line in out.splitlines() if "cost c=60" in line or line.startswith("fixed_60")]) == 2
