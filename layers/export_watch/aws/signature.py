"""AWS Signature Version 4 of a POST to `/`, which is all that AWS's JSON protocol asks for.

Source: AWS, "Create a signed AWS API request". The tests hold it to botocore's own signer.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Who calls. Lambda puts those of the function's role into the environment, and ends it before they expire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Raises KeyError where there are none."""
        return cls(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN"),
        )


def signed(
    headers: Mapping[str, str], body: bytes, credentials: AwsCredentials, scope: tuple[str, str], now: float
) -> dict[str, str]:
    """The headers, which include `Host`, and those that prove who sent them with this body at `now` (unix seconds).

    `scope` is the region and the service, as in `("eu-central-1", "dynamodb")`.
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**headers, "X-Amz-Date": moment}
    if credentials.session_token:
        headers["X-Amz-Security-Token"] = credentials.session_token
    ordered = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in ordered)
    lines = "".join(f"{name}:{value}\n" for name, value in ordered)
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    parts = (moment[:8], *scope, "aws4_request")
    path = "/".join(parts)
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in parts:
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{_ALGORITHM}\n{moment}\n{path}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{path}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
