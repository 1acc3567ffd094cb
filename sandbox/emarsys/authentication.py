"""Who asks: WSSE signatures on version 2 of the API, OAuth 2.0 access tokens on version 3.

All of it is on the real clock, whatever clock the exports live by.
"""

import base64
import binascii
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, unquote_plus

from sandbox.emarsys.fault import Reply, as_json, gateway
from sandbox.emarsys.scenario import TokenPolicy

WSSE_SECONDS = 300
_FIELDS = ("Username", "PasswordDigest", "Nonce", "Created")


class Wsse:
    """Checks the header `X-WSSE` against the users' secrets, as liberally as Emarsys's published gateway.

    That is kong-plugin-wsse: fields in any case and order, with blanks and whatever else around them, any nonce, a
    digest in base64 with or without its padding, and several forms of `Created`. A zone that is not named is UTC.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def check(self, header: str | None) -> str | Reply:
        """The user whose signature it is, or the gateway's refusal."""
        if not header:
            return gateway(401, f"WSSE authentication header is {'missing' if header is None else 'empty'}.")
        values = []
        for name in _FIELDS:
            found = re.search(rf'{name}\s*=\s*"(.*?)"', header, re.IGNORECASE | re.DOTALL)
            if not found:
                return gateway(401, f"The {name} field is missing from WSSE authentication header.")
            values.append(found[1])
        user, given, nonce, created = values
        # The digest is checked first: an old header with a wrong secret is refused for the secret.
        if user not in self._users or not _same(given, digest(nonce, created, self._users[user])):
            return gateway(401, "Credentials are invalid.")
        return user if _is_timely(created) else gateway(401, "Timeframe is invalid.")


def digest(nonce: str, created: str, secret: str) -> str:
    """Emarsys's PasswordDigest: base64 of the hex characters of a SHA-1."""
    signed = hashlib.sha1(f"{nonce}{created}{secret}".encode()).hexdigest()
    return base64.b64encode(signed.encode("ascii")).decode("ascii")


def _same(given: str, expected: str) -> bool:
    bare = re.sub("^[^A-Za-z0-9+/]+", "", given).rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4)) == base64.b64decode(expected)
    except (ValueError, binascii.Error):
        return False


def _is_timely(created: str) -> bool:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        try:
            moment = parsedate_to_datetime(created)
        except ValueError:
            return False
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return abs((datetime.now(UTC) - moment).total_seconds()) <= WSSE_SECONDS


class Tokens:
    """Issues access tokens to clients (RFC 6749, 4.4), within the limits, and checks them."""

    def __init__(self, clients: Mapping[str, str], policy: TokenPolicy) -> None:
        self._clients, self._policy = clients, policy
        self._issued: dict[str, tuple[str, float]] = {}
        self._asked: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def issue(self, authorization: str | None, content_type: str, form: str) -> Reply:
        """The answer of the token endpoint."""
        client = self._client(authorization)
        if client is None:
            return as_json(401, {"error": "invalid_client"}, {"WWW-Authenticate": 'Basic realm="oauth2"'})
        grant = parse_qs(form).get("grant_type", [])
        if content_type.partition(";")[0].strip() != "application/x-www-form-urlencoded" or len(grant) != 1:
            return as_json(400, {"error": "invalid_request"})
        if grant != ["client_credentials"]:
            return as_json(400, {"error": "unsupported_grant_type"})
        with self._lock:
            now, policy = time.time(), self._policy
            asked = [moment for moment in self._asked.get(client, []) if now - moment < 3600]
            self._asked[client] = [*asked, now]
            in_minute = sum(now - moment < 60 for moment in asked)
            if len(asked) >= policy.per_hour or in_minute >= policy.per_minute:
                return gateway(429, "Rate limit exceeded")
            token = secrets.token_urlsafe(32)
            self._issued[token] = (client, now + policy.lifetime_seconds)
        body = {"access_token": token, "token_type": "bearer", "expires_in": policy.lifetime_seconds}
        return as_json(200, body, {"Cache-Control": "no-store"})

    def check(self, authorization: str | None) -> str | Reply:
        """The client whose token it is, or the gateway's refusal."""
        scheme, _, token = (authorization or "").partition(" ")
        client, expires_at = self._issued.get(token, ("", 0.0))
        if scheme.lower() != "bearer" or time.time() >= expires_at:
            return gateway(401, "Unauthorized")
        return client

    def _client(self, authorization: str | None) -> str | None:
        """The client of HTTP Basic, whose two parts may be as they are or form-encoded (RFC 6749, 2.3.1)."""
        scheme, _, encoded = (authorization or "").partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except ValueError:
            return None
        name, _, secret = pair.partition(":")
        for client in (name, unquote_plus(name)):
            if scheme.lower() == "basic" and self._clients.get(client) in (secret, unquote_plus(secret)):
                return client
        return None
