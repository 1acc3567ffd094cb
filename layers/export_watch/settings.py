"""The settings of the functions, from environment variables that the template sets from its parameters.

The template bounds each parameter. What is refused here is what it cannot: a variable that is missing, a fraction of a
second, and a wrong pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from export_watch.errors import InvalidSettingsError
from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod


@dataclass(frozen=True, slots=True)
class StartWatchSettings:
    state_machine_arn: str
    policy: Policy
    deadline_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises InvalidSettingsError."""
        policy = Policy(
            check_cost_seconds=float(_text(environment, "CHECK_COST_SECONDS")),
            min_wait_seconds=_whole(environment, "MIN_WAIT_SECONDS"),
            max_wait_seconds=_whole(environment, "MAX_WAIT_SECONDS"),
            stuck_after_seconds=_whole(environment, "STUCK_AFTER_SECONDS"),
            default_distribution_method=DistributionMethod(_text(environment, "DEFAULT_DISTRIBUTION_METHOD")),
        )
        if policy.min_wait_seconds > policy.max_wait_seconds:
            raise InvalidSettingsError(
                f"MIN_WAIT_SECONDS is {policy.min_wait_seconds}, more than MAX_WAIT_SECONDS, which is "
                f"{policy.max_wait_seconds}; deploy with MinWaitSeconds at most MaxWaitSeconds"
            )
        return cls(
            state_machine_arn=_text(environment, "STATE_MACHINE_ARN"),
            policy=policy,
            deadline_seconds=_whole(environment, "DEADLINE_SECONDS"),
        )


@dataclass(frozen=True, slots=True)
class CheckExportSettings:
    stack: str
    emarsys_host: str
    emarsys_token_url: str
    credentials_prefix: str
    token_table: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises InvalidSettingsError."""
        return cls(
            stack=_text(environment, "STACK_NAME"),
            emarsys_host=_text(environment, "EMARSYS_HOST"),
            emarsys_token_url=_text(environment, "EMARSYS_TOKEN_URL"),
            credentials_prefix=_text(environment, "CREDENTIALS_PREFIX"),
            token_table=_text(environment, "TOKEN_TABLE"),
        )


@dataclass(frozen=True, slots=True)
class ReportLostWatchSettings:
    stack: str
    notification_topic_arn: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises InvalidSettingsError."""
        return cls(
            stack=_text(environment, "STACK_NAME"),
            notification_topic_arn=_text(environment, "NOTIFICATION_TOPIC_ARN"),
        )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise InvalidSettingsError(f"the environment variable {name} is missing or empty")
    return value


def _whole(environment: Mapping[str, str], name: str) -> int:
    number = float(_text(environment, name))
    if not number.is_integer():
        raise InvalidSettingsError(f"{name} is {number}; it must be a whole number")
    return int(number)
