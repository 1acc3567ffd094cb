"""boto3 clients of the sandbox's AWS, made once for all deployments: the descriptions of services take long to read."""

from functools import cache
from typing import Any

import boto3

from sandbox.aws.template import REGION


@cache
def session() -> boto3.Session:
    """The session from which all clients come; its credentials are no one's."""
    return boto3.Session("sandbox", "sandbox", region_name=REGION)


@cache
def client(service: str) -> Any:
    """The client of a service."""
    return session().client(service)  # type: ignore[call-overload]
