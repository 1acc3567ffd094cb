"""Calls of AWS in its JSON protocol, over the same HTTP client that asks Emarsys.

botocore would do it too, and does so in the other functions. But it takes longer to be imported, and to make its two
clients, than all else that a cold check needs; and this one ends in bounded time whatever the network does.
"""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from export_watch.aws.signature import AwsCredentials, signed
from export_watch.http import HttpClient, NoReplyError

ATTEMPT_SECONDS = 4.0
"""There are two attempts, so no call takes more than 8 s; botocore's clients get as much in the other functions."""

_RETRYABLE = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Refusals that pass soon, by AWS's names."""


class AwsError(Exception):
    """AWS refused the call, or did not answer it.

    `name` is AWS's name of the error where there is one, without its message: that may quote the call. An error that is
    `retryable` is worth another attempt.
    """

    def __init__(self, name: str, *, retryable: bool = False) -> None:
        super().__init__(name)
        self.name, self.retryable = name, retryable


class Api(Protocol):
    """A service of AWS."""

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of an operation, as JSON; moments are unix seconds. Raises AwsError."""


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is addressed: its host's first label, its operations' prefix, its version of the protocol.

    `variable` names the environment variable whose URL takes the place of AWS's own, as in AWS's SDKs.
    """

    name: str
    target: str
    protocol: str
    variable: str


SECRETS_MANAGER = Service("secretsmanager", "secretsmanager", "1.1", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
DYNAMODB = Service("dynamodb", "DynamoDB_20120810", "1.0", "AWS_ENDPOINT_URL_DYNAMODB")


class JsonApi:
    """A service in the region of the environment; it asks in the name of the environment's credentials."""

    def __init__(
        self,
        http: HttpClient,
        service: Service,
        url_suffix: str,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        region = environment["AWS_REGION"]
        own = f"https://{service.name}.{region}.{url_suffix}"
        self._url = environment.get(service.variable, own).rstrip("/") + "/"
        self._headers = {
            "Host": urlsplit(self._url).netloc,
            "Content-Type": f"application/x-amz-json-{service.protocol}",
        }
        self._target, self._scope = service.target, (region, service.name)
        self._http, self._environment, self._clock = http, environment, clock

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """As `Api.call`; what may pass is tried once more, at once."""
        try:
            return self._attempt(operation, parameters)
        except AwsError as error:
            if not error.retryable:
                raise
        return self._attempt(operation, parameters)

    def _attempt(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(parameters).encode()
        credentials = AwsCredentials.from_environment(self._environment)
        headers = {**self._headers, "X-Amz-Target": f"{self._target}.{operation}"}
        headers = signed(headers, body, credentials, self._scope, self._clock())
        try:
            reply = self._http.call("POST", self._url, headers, body, ATTEMPT_SECONDS)
        except NoReplyError as error:
            raise AwsError(f"no answer of AWS, {error}", retryable=True) from None
        content = reply.json()
        if reply.status == 200 and isinstance(content, dict):
            return content
        if reply.status == 200:
            raise AwsError("an answer that is no JSON object, or is too long")
        name = _name(content) or f"HTTP {reply.status}"
        raise AwsError(name, retryable=reply.status >= 500 or reply.status == 429 or name in _RETRYABLE)


def _name(content: Any) -> str:
    """The name of an error, from `{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", ...}`.

    A colon and a URL may follow it.
    """
    name = content.get("__type") if isinstance(content, dict) else None
    found = re.fullmatch(r"(?:[^:]*#)?([A-Z]\w{1,99})(?::.*)?", str(name or ""), re.ASCII)
    return found[1] if found else ""
