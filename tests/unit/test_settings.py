"""The settings of each function: what is missing, and what the template cannot bound."""

from typing import Any

import pytest

from export_watch.errors import InvalidSettingsError
from export_watch.schedule import Policy
from export_watch.settings import CheckExportSettings, ReportLostWatchSettings, StartWatchSettings
from export_watch.watch import DistributionMethod

START_WATCH = {
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:export-watch",
    "CHECK_COST_SECONDS": "2.5",
    "MIN_WAIT_SECONDS": "10",
    "MAX_WAIT_SECONDS": "900",
    "STUCK_AFTER_SECONDS": "3900",
    "DEADLINE_SECONDS": "86400",
    "DEFAULT_DISTRIBUTION_METHOD": "sftp",
}
CHECK_EXPORT = {
    "STACK_NAME": "my-stack",
    "EMARSYS_HOST": "https://api.emarsys.net",
    "EMARSYS_TOKEN_URL": "https://auth.emarsys.net/oauth2/token",
    "CREDENTIALS_PREFIX": "emarsys",
    "TOKEN_TABLE": "tokens",
}
REPORT_LOST_WATCH = {"STACK_NAME": "my-stack", "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:::topic"}
ALL: list[tuple[Any, dict[str, str]]] = [
    (StartWatchSettings, START_WATCH),
    (CheckExportSettings, CHECK_EXPORT),
    (ReportLostWatchSettings, REPORT_LOST_WATCH),
]


def test_a_policy_is_what_the_parameters_say():
    settings = StartWatchSettings.from_environment(START_WATCH)
    assert settings.policy == Policy(2.5, 10, 900, 3900, DistributionMethod.SFTP)
    assert settings.deadline_seconds == 86400
    assert (
        StartWatchSettings.from_environment(START_WATCH | {"DEADLINE_SECONDS": "60.0"}).deadline_seconds == 60
    )


@pytest.mark.parametrize("empty", [None, "", " ", "\n"])
@pytest.mark.parametrize(
    ("settings", "environment", "name"),
    [(settings, environment, name) for settings, environment in ALL for name in environment],
)
def test_what_is_missing_or_empty_is_refused_by_name(settings, environment, name, empty):
    settings.from_environment(environment)
    wrong = {key: value for key, value in environment.items() if key != name}
    if empty is not None:
        wrong[name] = empty
    with pytest.raises(InvalidSettingsError, match=name):
        settings.from_environment(wrong)


def test_a_fraction_of_a_second_is_refused():
    with pytest.raises(InvalidSettingsError, match=r"MIN_WAIT_SECONDS is 10\.5; it must be a whole number"):
        StartWatchSettings.from_environment(START_WATCH | {"MIN_WAIT_SECONDS": "10.5"})


def test_the_shortest_wait_is_no_longer_than_the_longest():
    pair = {"MIN_WAIT_SECONDS": "61", "MAX_WAIT_SECONDS": "60"}
    with pytest.raises(InvalidSettingsError, match="MinWaitSeconds at most MaxWaitSeconds"):
        StartWatchSettings.from_environment(START_WATCH | pair)
    settings = StartWatchSettings.from_environment(START_WATCH | pair | {"MIN_WAIT_SECONDS": "60"})
    assert settings.policy.min_wait_seconds == 60
