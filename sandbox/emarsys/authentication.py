"""Who asks: WSSE signatures on version 2 of the API, OAuth 2.0 access tokens on version 3.

All of it is on the real clock, whatever clock the exports live by.
"""

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_plus

from sandbox.emarsys.reply import Reply, as_json, gateway

WSSE_SECONDS = 300


def check_wsse(header: str | None, users: Mapping[str, str]) -> str | Reply:
    """The user whose signature is in `X-WSSE`, or the gateway's refusal."""
    if not header:
        return gateway(401, f"WSSE authentication header is {'missing' if header is None else 'empty'}.")
    values = []
    for name in ("Username", "PasswordDigest", "Nonce", "Created"):
        found = re.search(rf'{name}\s*=\s*"(.*?)"', header, re.IGNORECASE)
        if not found:
            return gateway(401, f"The {name} field is missing from WSSE authentication header.")
        values.append(found[1])
    user, given, nonce, created = values
    # The digest is checked first: an old header with a wrong secret is refused for the secret.
    if user not in users or given != digest(nonce, created, users[user]):
        return gateway(401, "Credentials are invalid.")
    return user if _is_timely(created) else gateway(401, "Timeframe is invalid.")


def digest(nonce: str, created: str, secret: str) -> str:
    """Emarsys's PasswordDigest: base64 of the hex characters of a SHA-1."""
    signed = hashlib.sha1(f"{nonce}{created}{secret}".encode()).hexdigest()
    return base64.b64encode(signed.encode("ascii")).decode("ascii")


def _is_timely(created: str) -> bool:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return False
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return abs((datetime.now(UTC) - moment).total_seconds()) <= WSSE_SECONDS


class Tokens:
    """Issues access tokens to clients (RFC 6749, 4.4), so many to each, and checks them."""

    def __init__(
        self,
        clients: Mapping[str, str],
        *,
        lifetime_seconds: int = 3600,
        per_minute: int = 2,
        per_hour: int = 10,
    ) -> None:
        self._clients = clients
        self._lifetime, self._per_minute, self._per_hour = lifetime_seconds, per_minute, per_hour
        self._issued: dict[str, tuple[str, float]] = {}
        self._asked: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def issue(self, authorization: str, content_type: str, form: str) -> Reply:
        """The answer of the token endpoint."""
        client = self._client(authorization)
        if client is None:
            return as_json(401, {"error": "invalid_client"}, {"WWW-Authenticate": 'Basic realm="oauth2"'})
        grant = parse_qs(form).get("grant_type", [])
        if content_type != "application/x-www-form-urlencoded" or len(grant) != 1:
            return as_json(400, {"error": "invalid_request"})
        if grant != ["client_credentials"]:
            return as_json(400, {"error": "unsupported_grant_type"})
        with self._lock:
            now = time.time()
            asked = [moment for moment in self._asked.get(client, []) if now - moment < 3600]
            self._asked[client] = [*asked, now]
            if len(asked) >= self._per_hour or sum(now - at < 60 for at in asked) >= self._per_minute:
                return gateway(429, "Rate limit exceeded")
            token = secrets.token_urlsafe(32)
            self._issued[token] = (client, now + self._lifetime)
        body = {"access_token": token, "token_type": "bearer", "expires_in": self._lifetime}
        return as_json(200, body, {"Cache-Control": "no-store"})

    def check(self, authorization: str) -> str | Reply:
        """The client whose token it is, or the gateway's refusal."""
        scheme, _, token = authorization.partition(" ")
        client, expires_at = self._issued.get(token, ("", 0.0))
        if scheme.lower() != "bearer" or time.time() >= expires_at:
            return gateway(401, "Unauthorized")
        return client

    def _client(self, authorization: str) -> str | None:
        """The client of HTTP Basic, whose two parts may be as they are or form-encoded (RFC 6749, 2.3.1)."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        for client in (name, unquote_plus(name)):
            if scheme.lower() == "basic" and self._clients.get(client) in (secret, unquote_plus(secret)):
                return client
        return None
