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

from export_watch.aws import AwsError, error_name, passes_by_itself
from export_watch.errors import CredentialsMissingError

CACHE_SECONDS = 600.0
"""A secret that still works may have changed: an account moves from WSSE to OAuth by adding the OAuth pair."""

_ORIGIN = r"(https://[A-Za-z0-9._-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
"""Credentials go over TLS, or to this machine, where the sandbox's Emarsys is."""

_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")  # half a surrogate pair cannot be encoded
_USERNAME = re.compile(r"[ !#-~]+")  # ASCII, for a header, and no quote, since it stands in quotes
_HOST = re.compile(_ORIGIN + "/*")
_URL = re.compile(_ORIGIN + "(/[A-Za-z0-9._~/%-]*)?")


class _UnavailableError(CredentialsMissingError):
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


def parse(secret: str, name: str, host: str, token_url: str, made_at: float = 0.0) -> Credentials:
    """The credentials that the text of a secret holds; `name` is the secret's, for the error.

    Raises CredentialsMissingError.
    """
    text = secret.removeprefix("\ufeff").strip()  # a byte order mark: some editors write it
    if not text:
        raise _unusable(name, "has no value")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _unusable(name, "is no JSON object")
    host = _optional(content, "host", host, _HOST, name).rstrip("/")
    token_url = _optional(content, "token_url", token_url, _URL, name)
    if _has(content, "client_id", _TEXT) and _has(content, "client_secret", _TEXT):
        return OAuthCredentials(content["client_id"], content["client_secret"], host, token_url, made_at)
    if _has(content, "username", _USERNAME) and _has(content, "secret", _TEXT):
        return WsseCredentials(content["username"], content["secret"], host)
    raise _unusable(
        name,
        "holds neither client_id and client_secret (OAuth) nor username and secret (WSSE) as texts of printable "
        "characters",
    )


def _has(content: dict[str, Any], key: str, form: re.Pattern[str]) -> bool:
    value = content.get(key)
    return isinstance(value, str) and form.fullmatch(value) is not None


def _optional(content: dict[str, Any], key: str, default: str, form: re.Pattern[str], name: str) -> str:
    if content.get(key) in (None, ""):
        return default
    if not _has(content, key, form):
        raise _unusable(name, f"has a {key} that is no URL like {default}")
    return str(content[key])


class CredentialsStore:
    """The credentials of all accounts, read when they are first needed."""

    def __init__(
        self,
        secrets_manager: Any,
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
            credentials = self._read(name)
        except _UnavailableError:
            if known:
                return known[1]
            raise
        self._cache[account] = (self._clock(), credentials)
        return credentials

    def _read(self, name: str) -> Credentials:
        try:
            value = self._secrets_manager.get_secret_value(SecretId=name)
        except AwsError as error:
            raise _why_unread(name, error) from None
        if "SecretString" not in value:
            raise _unusable(name, "is binary, not text")
        made_at = value["CreatedDate"].timestamp()
        return parse(value["SecretString"], name, self._host, self._token_url, made_at)


def _unusable(name: str, what: str) -> CredentialsMissingError:
    remedy = (
        f"Store the account's credentials as JSON: aws secretsmanager put-secret-value --secret-id {name}."
    )
    return CredentialsMissingError(f"the secret {name} {what}", remedy)


def _why_unread(name: str, error: Any) -> CredentialsMissingError:
    """What keeps a secret from being read. AWS has one name for several causes, and tells them apart by message."""
    code, text = error_name(error), str(error)
    match code:
        case "ResourceNotFoundException" if "staging label" in text:
            return _unusable(name, "has no value")
        case "ResourceNotFoundException":
            return CredentialsMissingError(
                f"there is no secret {name}",
                f"Create it in this region: aws secretsmanager create-secret --name {name}.",
            )
        case "InvalidRequestException" if "deletion" in text:
            return CredentialsMissingError(
                f"the secret {name} is marked for deletion",
                f"Restore it: aws secretsmanager restore-secret --secret-id {name}.",
            )
    key_refused = code == "DecryptionFailure" or (code == "AccessDeniedException" and "KMS" in text)
    remedy = "Allow the role of CheckExportFunction to use the secret's key: the parameter SecretsKeyArn."
    return _UnavailableError(
        f"the secret {name} cannot be read: {code}",
        remedy if key_refused else "",
        aws_unavailable=passes_by_itself(error),
    )
