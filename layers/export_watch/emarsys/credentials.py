"""An account's credentials: a secret in AWS Secrets Manager, read once in a while and checked.

The secret `{CredentialsPrefix}/{account}` is a JSON object that holds `client_id` and `client_secret` (OAuth 2.0,
v3 of the API), or `username` and `secret` (WSSE, v2), or both: then OAuth is used. `host` and `token_url` are
optional and win over the stack's parameters.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from export_watch.aws.json_api import Api, AwsError
from export_watch.trusted_url import ORIGIN

CACHE_SECONDS = 600.0
"""A secret that still works may have changed: an account moves from WSSE to OAuth by adding the OAuth pair."""

_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")  # half a surrogate pair cannot be encoded
_USERNAME = re.compile(r'[^\x00-\x1f\x7f-\U0010ffff"]+')
_HOST = re.compile(ORIGIN + "/?")
_URL = re.compile(ORIGIN + "(/[A-Za-z0-9._~/%-]*)?")


class CredentialsMissingError(Exception):
    """There are no usable credentials; the text names the secret and what is wrong, and quotes nothing of it.

    `aws_unavailable` as in Obstacle.
    """

    def __init__(self, text: str, *, aws_unavailable: bool = False) -> None:
        super().__init__(text)
        self.aws_unavailable = aws_unavailable


class SecretUnavailableError(CredentialsMissingError):
    """AWS did not hand the secret out, so it is not known whether it is there."""


@dataclass(frozen=True, slots=True)
class OAuthCredentials:
    """`made_at` (unix seconds) is when this version of the secret was stored: a newer one replaces an older one."""

    client_id: str
    client_secret: str = field(repr=False)
    host: str
    token_url: str
    made_at: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class WsseCredentials:
    username: str
    secret: str = field(repr=False)
    host: str


Credentials = OAuthCredentials | WsseCredentials


def parse(secret: str | None, name: str, host: str, token_url: str, made_at: float = 0.0) -> Credentials:
    """The credentials that the text of a secret holds; `name` is the secret's, for the error.

    Raises CredentialsMissingError.
    """
    try:
        content = json.loads(secret or "")
    except (ValueError, RecursionError):
        raise CredentialsMissingError(f"the secret {name} is no JSON") from None
    if not isinstance(content, dict):
        raise CredentialsMissingError(f"the secret {name} is no JSON object")
    host = _optional(content, "host", host, _HOST, name).rstrip("/")
    token_url = _optional(content, "token_url", token_url, _URL, name)
    if _has(content, "client_id", _TEXT) and _has(content, "client_secret", _TEXT):
        return OAuthCredentials(content["client_id"], content["client_secret"], host, token_url, made_at)
    if _has(content, "username", _USERNAME) and _has(content, "secret", _TEXT):
        return WsseCredentials(content["username"], content["secret"], host)
    raise CredentialsMissingError(
        f"the secret {name} holds neither client_id and client_secret (OAuth) nor username and secret (WSSE) as "
        "texts of printable characters"
    )


def _has(content: dict[str, Any], key: str, form: re.Pattern[str]) -> bool:
    value = content.get(key)
    return isinstance(value, str) and form.fullmatch(value) is not None


def _optional(content: dict[str, Any], key: str, default: str, form: re.Pattern[str], name: str) -> str:
    if content.get(key) is None:
        return default
    if not _has(content, key, form):
        raise CredentialsMissingError(f"the secret {name} has a {key} that is no URL like {default}")
    return str(content[key])


class CredentialsStore:
    """The credentials of all accounts, read when they are first needed."""

    def __init__(
        self,
        secrets_manager: Api,
        prefix: str,
        host: str,
        token_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets_manager, self._prefix = secrets_manager, prefix
        self._host, self._token_url = host, token_url
        self._clock = clock
        self._cache: dict[str, tuple[float, Credentials]] = {}

    def get(self, account: str, *, anew: bool = False) -> Credentials:
        """The account's credentials, from memory if read in the last ten minutes and not asked for `anew`.

        Raises CredentialsMissingError. While AWS does not answer, what was read before goes on to serve.
        """
        known = self._cache.get(account)
        if known and not anew and self._clock() - known[0] < CACHE_SECONDS:
            return known[1]
        name = f"{self._prefix}/{account}"
        try:
            secret, made_at = self._read(name)
        except SecretUnavailableError:
            if known:
                return known[1]
            raise
        credentials = parse(secret, name, self._host, self._token_url, made_at)
        self._cache[account] = (self._clock(), credentials)
        return credentials

    def _read(self, name: str) -> tuple[str | None, float]:
        try:
            value = self._secrets_manager.call("GetSecretValue", {"SecretId": name})
        except AwsError as error:
            if error.name == "ResourceNotFoundException":
                raise CredentialsMissingError(f"there is no secret {name}: create it") from None
            message = f"the secret {name} cannot be read: {error.name}"
            raise SecretUnavailableError(message, aws_unavailable=error.retryable) from None
        return value.get("SecretString"), float(value.get("CreatedDate", 0))
