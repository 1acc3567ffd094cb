"""Clients of AWS services with time limits that fit a function's own; boto3's are a minute and more."""

from typing import Any


def client(service: str) -> Any:
    """A boto3 client that gives up after 8 s in all: two attempts, each of 1 s to connect and 3 s to read."""
    # Importing boto3 takes half of a cold start: whoever needs no client must not pay for it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    limits = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
    return boto3.client(service, config=limits)  # type: ignore[call-overload]
