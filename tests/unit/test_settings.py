"""The environment of the functions: typed when it is right, refused at start-up when it is not."""

import pytest

from export_watch.schedule import Policy
from export_watch.settings import (
    CheckExportSettings,
    InvalidSettingsError,
    ReportLostWatchSettings,
    StartWatchSettings,
)

Settings = type[StartWatchSettings] | type[CheckExportSettings] | type[ReportLostWatchSettings]

START_WATCH = {
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:export-watch",
    "CHECK_COST_SECONDS": "5",
    "MIN_WAIT_SECONDS": "10",
    "MAX_WAIT_SECONDS": "900",
    "STUCK_AFTER_SECONDS": "3900",
    "DEADLINE_SECONDS": "86400",
}
CHECK_EXPORT = {
    "STACK_NAME": "my-stack",
    "EMARSYS_HOST": "https://api.emarsys.net",
    "EMARSYS_TOKEN_URL": "https://auth.emarsys.net/oauth2/token",
    "CREDENTIALS_PREFIX": "emarsys",
    "TOKEN_TABLE": "tokens",
    "URL_SUFFIX": "amazonaws.com",
}
REPORT_LOST_WATCH = {
    "STACK_NAME": "my-stack",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:notifications",
}
ALL: list[tuple[Settings, dict[str, str]]] = [
    (StartWatchSettings, START_WATCH),
    (CheckExportSettings, CHECK_EXPORT),
    (ReportLostWatchSettings, REPORT_LOST_WATCH),
]


def test_the_settings_of_start_watch_are_read() -> None:
    settings = StartWatchSettings.from_environment(START_WATCH | {"CHECK_COST_SECONDS": "2.5"})
    policy = Policy(
        check_cost_seconds=2.5, min_wait_seconds=10, max_wait_seconds=900, stuck_after_seconds=3900
    )
    assert settings == StartWatchSettings(START_WATCH["STATE_MACHINE_ARN"], policy, 86_400)
    assert isinstance(settings.policy.min_wait_seconds, int)


def test_the_settings_of_check_export_are_read() -> None:
    assert CheckExportSettings.from_environment(CHECK_EXPORT) == CheckExportSettings(
        "my-stack",
        "https://api.emarsys.net",
        "https://auth.emarsys.net/oauth2/token",
        "emarsys",
        "tokens",
        "amazonaws.com",
    )


def test_a_host_ends_without_a_slash() -> None:
    environment = CHECK_EXPORT | {"EMARSYS_HOST": "http://127.0.0.1:8080/"}
    assert CheckExportSettings.from_environment(environment).emarsys_host == "http://127.0.0.1:8080"


def test_the_settings_of_report_lost_watch_are_read() -> None:
    settings = ReportLostWatchSettings.from_environment(REPORT_LOST_WATCH | {"OTHER": "x"})
    assert settings == ReportLostWatchSettings("my-stack", REPORT_LOST_WATCH["NOTIFICATION_TOPIC_ARN"])


@pytest.mark.parametrize(
    ("settings", "environment", "name"),
    [(settings, environment, name) for settings, environment in ALL for name in environment],
)
@pytest.mark.parametrize("value", [None, "", " ", "\n"], ids=["missing", "empty", "blank", "line break"])
def test_what_is_missing_or_empty_is_refused_by_name(
    settings: Settings, environment: dict[str, str], name: str, value: str | None
) -> None:
    others = {key: text for key, text in environment.items() if key != name}
    with pytest.raises(InvalidSettingsError, match=name):
        settings.from_environment(others if value is None else others | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, value)
            for name in list(START_WATCH)[1:]
            for value in ("x", "1,5", "nan", "inf", "-inf", "-1", "0", "1e99", "5 s", "0x10", "True")
        ),
        *((name, "2.5") for name in list(START_WATCH)[2:]),
        ("CHECK_COST_SECONDS", "0.09"),
        ("DEADLINE_SECONDS", "59"),
        ("DEADLINE_SECONDS", "604801"),
    ],
)
def test_a_number_that_is_wrong_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingsError, match=name):
        StartWatchSettings.from_environment(START_WATCH | {name: value})


@pytest.mark.parametrize("value", ["60", "604800"])
def test_a_deadline_is_accepted_up_to_its_bounds(value: str) -> None:
    settings = StartWatchSettings.from_environment(START_WATCH | {"DEADLINE_SECONDS": value})
    assert settings.deadline_seconds == int(value)


def test_the_shortest_wait_is_no_longer_than_the_longest() -> None:
    with pytest.raises(InvalidSettingsError, match="MinWaitSeconds at most MaxWaitSeconds"):
        StartWatchSettings.from_environment(START_WATCH | {"MIN_WAIT_SECONDS": "901"})
    StartWatchSettings.from_environment(START_WATCH | {"MIN_WAIT_SECONDS": "900"})


def test_a_deadline_may_come_before_an_export_counts_as_stuck() -> None:
    """Then it is told as `expired` with the same reason."""
    settings = StartWatchSettings.from_environment(START_WATCH | {"DEADLINE_SECONDS": "3600"})
    assert settings.deadline_seconds < settings.policy.stuck_after_seconds


@pytest.mark.parametrize("name", ["EMARSYS_HOST", "EMARSYS_TOKEN_URL"])
@pytest.mark.parametrize(
    "value",
    [
        *(
            "api.emarsys.net",
            "ftp://api.emarsys.net",
            "https://",
            "https://a b",
            "https://u:p@h",
            "https://h?q",
        ),
        *("http://api.emarsys.net", "http://127.0.0.1.example.com", "http://127.0.0.1@example.com"),
    ],
)
def test_a_url_that_is_wrong_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingsError, match=name):
        CheckExportSettings.from_environment(CHECK_EXPORT | {name: value})
