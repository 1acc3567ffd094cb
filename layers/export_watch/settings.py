"""The settings of the functions, from environment variables that the template sets from its parameters.

The template bounds each parameter. What is refused here is what it cannot: a variable that is missing, a fraction of a
second, and a wrong pair.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, Self

from export_watch.errors import InvalidSettingsError
from export_watch.schedule import Policy


class _Settings:
    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Each setting from the variable of its name, a policy from those of its parts. Raises InvalidSettingsError."""
        return cls(**_read(cls, environment))


@dataclass(frozen=True, slots=True)
class StartWatchSettings(_Settings):
    state_machine_arn: str
    policy: Policy
    deadline_seconds: int

    def __post_init__(self) -> None:
        shortest, longest = self.policy.min_wait_seconds, self.policy.max_wait_seconds
        if shortest > longest:
            raise InvalidSettingsError(
                f"MIN_WAIT_SECONDS is {shortest}, more than MAX_WAIT_SECONDS, which is {longest}; deploy with "
                "MinWaitSeconds at most MaxWaitSeconds"
            )


@dataclass(frozen=True, slots=True)
class CheckExportSettings(_Settings):
    stack_name: str
    emarsys_host: str
    emarsys_token_url: str
    credentials_prefix: str
    token_table: str


@dataclass(frozen=True, slots=True)
class ReportLostWatchSettings(_Settings):
    stack_name: str
    notification_topic_arn: str


def _read(kind: Any, environment: Mapping[str, str]) -> dict[str, Any]:
    return {field.name: _value(field, environment) for field in fields(kind)}


def _value(field: Field[Any], environment: Mapping[str, str]) -> Any:
    if field.type is Policy:
        return Policy(**_read(Policy, environment))
    name = field.name.upper()
    text = environment.get(name, "").strip()
    if not text:
        raise InvalidSettingsError(f"the environment variable {name} is missing or empty")
    if field.type is not int:
        convert: Any = field.type
        return convert(text)
    number = float(text)
    if not number.is_integer():
        raise InvalidSettingsError(f"{name} is {number}; it must be a whole number")
    return int(number)
