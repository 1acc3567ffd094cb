"""AWS, as the functions call it: boto3's clients, with timeouts that fit a function's own."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

AwsError = (BotoCoreError, ClientError)
"""What a call of AWS may raise, for an `except` clause."""

_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 2, 1, 3
CALL_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS)
"""The longest that a call takes, but for its resolver and a pause of at most a second."""

_LIMITS = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
)

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def client(service: str) -> Any:
    """A client of a service that gives up after CALL_SECONDS.

    Make it while the function's module is imported: Lambda gives it a whole processor then, and a part of one later.
    """
    return boto3.client(service, config=_LIMITS)  # type: ignore[call-overload]


def error_name(error: BotoCoreError | ClientError) -> str:
    """AWS's name of an error, or botocore's, without the message: that may quote the call."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "an error without a name")
    return type(error).__name__


def passes_by_itself(error: BotoCoreError | ClientError) -> bool:
    """Whether AWS was unavailable or throttled the call, so that another one later may succeed."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or error_name(error) in _THROTTLED
    return isinstance(error, HTTPClientError | ConnectionError)
