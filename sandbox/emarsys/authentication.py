"""Who asks: WSSE signatures on version 2 of the API, OAuth 2.0 access tokens on version 3.

All of it is on the real clock, whatever clock the exports live by.
"""

import base64
import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from sandbox.emarsys.fault import Fault, gateway
from sandbox.emarsys.scenario import TokenPolicy

WSSE_SECONDS = 300
_FIELD = re.compile(r'(\w+)="([^"]*)"')
_NONCE = re.compile(r"[0-9a-fA-F]{32}")  # 16 random bytes
_INVALID = "Credentials are invalid."


class Wsse:
    """Checks the header `X-WSSE` against the users' secrets."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def check(self, header: str | None) -> str | Fault:
        """The user whose signature it is, or the gateway's refusal."""
        if header is None:
            return gateway(401, "WSSE authentication header is missing.")
        if not header.strip():
            return gateway(401, "WSSE authentication header is empty.")
        fields: dict[str, str] = dict(_FIELD.findall(header))
        if "Username" not in fields:
            return gateway(401, "The Username field is missing from WSSE authentication header.")
        missing = {"PasswordDigest", "Nonce", "Created"} - set(fields)
        if not header.startswith("UsernameToken ") or missing or fields["Username"] not in self._users:
            return gateway(401, _INVALID)
        try:
            created = datetime.fromisoformat(fields["Created"])
        except ValueError:
            return gateway(401, "Timeframe is invalid.")
        if created.tzinfo is None or abs((datetime.now(UTC) - created).total_seconds()) > WSSE_SECONDS:
            return gateway(401, "Timeframe is invalid.")
        expected = digest(fields["Nonce"], fields["Created"], self._users[fields["Username"]])
        if not _NONCE.fullmatch(fields["Nonce"]) or not hmac.compare_digest(
            expected.encode(), fields["PasswordDigest"].encode()
        ):
            return gateway(401, _INVALID)
        return fields["Username"]


def digest(nonce: str, created: str, secret: str) -> str:
    """Emarsys's PasswordDigest: base64 of the hex characters of a SHA-1."""
    signed = hashlib.sha1(f"{nonce}{created}{secret}".encode()).hexdigest()
    return base64.b64encode(signed.encode("ascii")).decode("ascii")


class Tokens:
    """Issues access tokens to clients (RFC 6749, 4.4), within the limits, and checks them."""

    def __init__(self, clients: Mapping[str, str], policy: TokenPolicy) -> None:
        self._clients, self._policy = clients, policy
        self._issued: dict[str, tuple[str, float]] = {}
        self._asked: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def issue(self, authorization: str | None, content_type: str, form: str) -> Fault:
        """The answer of the token endpoint."""
        client = self._client(authorization)
        if client is None:
            headers = {"WWW-Authenticate": 'Basic realm="oauth2"'}
            return Fault.reply(401, json_body={"error": "invalid_client"}, headers=headers)
        grant = parse_qs(form).get("grant_type", [])
        if content_type.partition(";")[0].strip() != "application/x-www-form-urlencoded" or len(grant) != 1:
            return Fault.reply(400, json_body={"error": "invalid_request"})
        if grant != ["client_credentials"]:
            return Fault.reply(400, json_body={"error": "unsupported_grant_type"})
        with self._lock:
            now = time.time()
            asked = [moment for moment in self._asked.get(client, []) if now - moment < 3600]
            self._asked[client] = [*asked, now]
            if (
                len(asked) >= self._policy.per_hour
                or sum(now - m < 60 for m in asked) >= self._policy.per_minute
            ):
                return gateway(429, "Rate limit exceeded")
            token = secrets.token_urlsafe(32)
            self._issued[token] = (client, now + self._policy.lifetime_seconds)
        body = {"access_token": token, "token_type": "bearer", "expires_in": self._policy.lifetime_seconds}
        return Fault.reply(200, json_body=body, headers={"Cache-Control": "no-store"})

    def check(self, authorization: str | None) -> str | Fault:
        """The client whose token it is, or the gateway's refusal."""
        scheme, _, token = (authorization or "").partition(" ")
        client, expires_at = self._issued.get(token, ("", 0.0))
        if scheme.lower() != "bearer" or time.time() >= expires_at:
            return gateway(401, "Unauthorized")
        return client

    def _client(self, authorization: str | None) -> str | None:
        scheme, _, encoded = (authorization or "").partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except ValueError:
            return None
        name, _, secret = pair.partition(":")
        name, secret = unquote(name), unquote(secret)
        known = self._clients.get(name)
        right = known is not None and hmac.compare_digest(known.encode(), secret.encode())
        return name if scheme.lower() == "basic" and right else None
