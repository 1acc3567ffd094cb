"""`python -m benchmarks.schedule --durations FILE.csv`."""

import json

import pytest

from benchmarks.schedule import comparison, durations_file
from benchmarks.schedule.__main__ import main
from benchmarks.schedule.durations_file import DurationsFileError, read_durations


@pytest.fixture
def a_file(tmp_path):
    def write(content):
        path = tmp_path / "durations.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        "60\n30\n90.5\n",
        "seconds\n60\n30\n90.5\n",
        "\ufeffseconds\r\n60\r\n30\r\n\r\n90.5",
        '"duration"\n"60"\n 30 \n9.05e1\n',
        "\n\nseconds\n60\n30\n90.5\n",
    ],
    ids=["plain", "header", "byte-order-mark", "quoted", "blank-before"],
)
def test_one_column_of_seconds_is_read_with_or_without_a_header(a_file, content):
    assert read_durations(a_file(content)).tolist() == [30, 60, 90.5]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("seconds\n60\nsoon\n", r"line 3: 'soon' is not a number of seconds"),
        ("6O\n300\n", r"line 1: '6O' is not a number of seconds"),
        ("PT5M\n300\n", r"line 1: 'PT5M' is not a number of seconds"),
        ("60\n1_000\n", r"line 2: '1_000' is not a number of seconds"),
        ("seconds\nduration\n60\n", r"line 2: 'duration' is not a number of seconds"),
        ("60\n-1\n", r"line 2: '-1' is not a duration"),
        ("60\nnan\n", r"line 2: 'nan' is not a duration"),
        ("inf\n", r"line 1: 'inf' is not a duration"),
        ("60\n\n700000\n", r"line 3: 700000 s is longer than 604800 s, the longest watch"),
        ("60\n1,5\n", r"line 2: 2 columns, but one is expected"),
        ("seconds\n\n", r"holds no durations"),
        ("", r"holds no durations"),
        (b"60\n\xff\xfe\n", r"is no CSV file in UTF-8"),
    ],
)
def test_a_bad_row_is_named_with_its_line(a_file, content, error):
    with pytest.raises(DurationsFileError, match=error):
        read_durations(a_file(content))


def test_more_than_a_computer_can_bear_is_refused(a_file, monkeypatch):
    monkeypatch.setattr(durations_file, "MOST_DURATIONS", 3)
    assert len(read_durations(a_file("1\n2\n3\n"))) == 3
    with pytest.raises(DurationsFileError, match="holds more than 3 durations: take a sample"):
        read_durations(a_file("1\n2\n3\n4\n"))


def test_an_error_goes_to_standard_error_and_fails(a_file, tmp_path, capsys):
    assert main(["--durations", str(a_file("60\nsoon\n")), "--json"]) == 1
    assert main(["--durations", str(tmp_path / "missing.csv")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "durations.csv: line 2: 'soon'" in printed.err
    assert "missing.csv: cannot be read: No such file or directory" in printed.err


def test_the_json_holds_every_schedule_with_its_checks_delays_and_costs(a_file, capsys):
    assert main(["--durations", str(a_file("seconds\n60\n300\n301\n7200\n")), "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert list(measured) == ["schedules"]
    assert "export_watch" in measured["schedules"]
    for of in measured["schedules"].values():
        assert list(of) == ["checks", "delay_mean", "delay_p95", "regret"]
        assert list(of["regret"]) == ["1", "5", "20", "60"]
        assert all(regret >= 1 for regret in of["regret"].values())
    fixed = measured["schedules"]["fixed_60"]
    assert fixed["checks"] == pytest.approx((1 + 5 + 6 + 120) / 4)
    assert fixed["delay_mean"] == pytest.approx(59 / 4)


def test_a_hint_is_a_schedule_more_and_changes_no_other(a_file, capsys):
    path = str(a_file("3000\n3300\n3600\n"))
    assert main(["--durations", path, "--json"]) == 0
    without = json.loads(capsys.readouterr().out)["schedules"]
    assert main(["--durations", path, "--json", "--expected", "3300"]) == 0
    schedules = json.loads(capsys.readouterr().out)["schedules"]
    hinted = schedules.pop("export_watch_expected")
    assert schedules == without
    assert all(hinted["regret"][cost] < regret for cost, regret in without["export_watch"]["regret"].items())


@pytest.mark.parametrize("text", ["0", "604801", "1.5", "soon"])
def test_a_hint_that_no_event_may_have_is_refused(a_file, capsys, text):
    with pytest.raises(SystemExit):
        main(["--durations", str(a_file("60\n")), "--expected", text])
    assert "from 1 to 604800" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_figures(a_file, capsys):
    path = str(a_file("60\n300\n"))
    printed = []
    for _ in range(2):
        main(["--durations", path, "--json"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize("content", ["0\n", "604800\n", "5\n5\n5\n"])
def test_extreme_durations_are_measured_too(a_file, capsys, monkeypatch, content):
    monkeypatch.setattr(comparison, "RUNS", 1)
    assert main(["--durations", str(a_file(content))]) == 0
    assert "export_watch" in capsys.readouterr().out
