"""The environment of a function as typed settings, refused at start-up where one is missing or wrong."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from export_watch.export_created import MIN_DEADLINE_SECONDS
from export_watch.schedule import Policy
from export_watch.trusted_url import ORIGIN

MAX_DEADLINE_SECONDS = 604_800

_URL = re.compile(ORIGIN + r"(/[^\s?#]*)?")


class InvalidSettingsError(ValueError):
    """A setting is missing or wrong: says which, what it holds and what it should hold."""


@dataclass(frozen=True, slots=True)
class StartWatchSettings:
    state_machine_arn: str
    policy: Policy
    deadline_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises InvalidSettingsError."""
        policy = Policy(
            check_cost_seconds=_number(environment, "CHECK_COST_SECONDS", 0.1, 3600),
            min_wait_seconds=_whole(environment, "MIN_WAIT_SECONDS", 1, 3600),
            max_wait_seconds=_whole(environment, "MAX_WAIT_SECONDS", 1, 86_400),
            stuck_after_seconds=_whole(environment, "STUCK_AFTER_SECONDS", 1, MAX_DEADLINE_SECONDS),
        )
        if policy.min_wait_seconds > policy.max_wait_seconds:
            message = (
                f"MIN_WAIT_SECONDS is {policy.min_wait_seconds}, more than MAX_WAIT_SECONDS, which is "
                f"{policy.max_wait_seconds}; deploy with MinWaitSeconds at most MaxWaitSeconds"
            )
            raise InvalidSettingsError(message)
        return cls(
            state_machine_arn=_text(environment, "STATE_MACHINE_ARN"),
            policy=policy,
            deadline_seconds=_whole(
                environment, "DEADLINE_SECONDS", MIN_DEADLINE_SECONDS, MAX_DEADLINE_SECONDS
            ),
        )


@dataclass(frozen=True, slots=True)
class CheckExportSettings:
    stack: str
    emarsys_host: str
    emarsys_token_url: str
    credentials_prefix: str
    token_table: str
    url_suffix: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises InvalidSettingsError."""
        return cls(
            stack=_text(environment, "STACK_NAME"),
            emarsys_host=_url(environment, "EMARSYS_HOST").rstrip("/"),
            emarsys_token_url=_url(environment, "EMARSYS_TOKEN_URL"),
            credentials_prefix=_text(environment, "CREDENTIALS_PREFIX"),
            token_table=_text(environment, "TOKEN_TABLE"),
            url_suffix=_text(environment, "URL_SUFFIX"),
        )


@dataclass(frozen=True, slots=True)
class ReportLostWatchSettings:
    stack: str
    notification_topic_arn: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
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


def _url(environment: Mapping[str, str], name: str) -> str:
    value = _text(environment, name)
    if not _URL.fullmatch(value):
        raise InvalidSettingsError(
            f"{name} is {value!r}; it must be an https URL like https://api.emarsys.net"
        )
    return value


def _number(environment: Mapping[str, str], name: str, low: float, high: float) -> float:
    value = _text(environment, name)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise InvalidSettingsError(f"{name} is {value!r}; it must be a number from {low} to {high}")
    return number


def _whole(environment: Mapping[str, str], name: str, low: int, high: int) -> int:
    number = _number(environment, name, low, high)
    if not number.is_integer():
        raise InvalidSettingsError(f"{name} is {number}; it must be a whole number")
    return int(number)
