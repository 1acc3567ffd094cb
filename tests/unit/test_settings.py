"""The settings of each function: what is missing, and what the template cannot bound."""

import pytest

from export_watch.errors import InvalidSettingsError
from export_watch.schedule import Policy
from export_watch.settings import CheckExportSettings, ReportLostWatchSettings, StartWatchSettings
from export_watch.watch import DistributionMethod
from tests.unit.examples import ENVIRONMENT


def test_each_setting_is_the_variable_of_its_name():
    changed = {"CHECK_COST_SECONDS": "2.5", "DEFAULT_DISTRIBUTION_METHOD": "sftp", "DEADLINE_SECONDS": "60.0"}
    policy = Policy(2.5, 10, 900, 3900, DistributionMethod.SFTP)
    start = StartWatchSettings.from_environment(ENVIRONMENT | changed)
    assert start == StartWatchSettings(ENVIRONMENT["STATE_MACHINE_ARN"], policy, 60)
    assert type(start.deadline_seconds) is int
    assert CheckExportSettings.from_environment(ENVIRONMENT) == CheckExportSettings(
        stack_name="my-stack",
        emarsys_host="https://api.emarsys.net",
        emarsys_token_url="https://auth.emarsys.net/oauth2/token",
        credentials_prefix="emarsys",
        token_table="tokens",
    )
    report = ReportLostWatchSettings("my-stack", ENVIRONMENT["NOTIFICATION_TOPIC_ARN"])
    assert ReportLostWatchSettings.from_environment(ENVIRONMENT) == report


@pytest.mark.parametrize("name", ["STATE_MACHINE_ARN", "CHECK_COST_SECONDS", "DEADLINE_SECONDS"])
def test_what_is_missing_or_empty_is_refused_by_name(name):
    without = {key: value for key, value in ENVIRONMENT.items() if key != name}
    for environment in (without, without | {name: ""}, without | {name: " \n"}):
        with pytest.raises(
            InvalidSettingsError, match=f"the environment variable {name} is missing or empty"
        ):
            StartWatchSettings.from_environment(environment)


def test_a_fraction_of_a_second_is_refused():
    with pytest.raises(InvalidSettingsError, match=r"MIN_WAIT_SECONDS is 10\.5; it must be a whole number"):
        StartWatchSettings.from_environment(ENVIRONMENT | {"MIN_WAIT_SECONDS": "10.5"})


def test_the_shortest_wait_is_no_longer_than_the_longest():
    pair = {"MIN_WAIT_SECONDS": "61", "MAX_WAIT_SECONDS": "60"}
    with pytest.raises(InvalidSettingsError, match="deploy with MinWaitSeconds at most MaxWaitSeconds"):
        StartWatchSettings.from_environment(ENVIRONMENT | pair)
    settings = StartWatchSettings.from_environment(ENVIRONMENT | pair | {"MIN_WAIT_SECONDS": "60"})
    assert settings.policy.min_wait_seconds == 60
