"""Clients of AWS services with time limits that fit a function's own; boto3's are a minute and more."""

from typing import Any

import boto3
from botocore.config import Config

_LIMITS = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})


def client(service: str) -> Any:
    """A boto3 client that gives up after 8 s in all: two attempts, each of 1 s to connect and 3 s to read.

    Make it while the module is imported: Lambda gives a function a whole processor then, and a part of one later.
    """
    return boto3.client(service, config=_LIMITS)  # type: ignore[call-overload]
