"""OAuth 2.0 access tokens (client credentials), kept in memory until shortly before they expire.

Emarsys limits token requests for each client id, by the lower of two accounts to 2 a minute and 10 an hour. So
requests that fail are spaced, and a token that is refused is replaced only once it is ten minutes old: a lasting
401 must not become a storm.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.http import HttpClient, NoReplyError, Reply
from export_watch.emarsys.rate_limit import DEFAULT_SECONDS, retry_after_seconds
from export_watch.watch import Obstacle, ObstacleCode

REPLACE_REFUSED_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0
"""Pauses of 30, 60, 120, 240, 480, 600, 600 … seconds after failures make at most 2 requests in any minute and
10 in any hour."""

RENEW_SECONDS = 60.0
DOCUMENTED_LIFETIME_SECONDS = 3600.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


_REFUSED = Obstacle(ObstacleCode.CREDENTIALS_REFUSED, "Emarsys refused a new access token (HTTP 401)")


class NoTokenError(Exception):
    """There is no token now; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.detail)
        self.obstacle = obstacle


@dataclass(slots=True)
class _Client:
    """What is known of one client id: its token, and when it may be asked for the next one."""

    token: str | None = None
    fetched_at: float = 0.0
    renew_at: float = 0.0
    expires_at: float = 0.0
    failures: int = 0
    not_before: float = 0.0
    obstacle: Obstacle = _REFUSED

    def usable(self, refused: str | None, now: float) -> str | None:
        """The token, unless it is the refused one or has expired."""
        return self.token if self.token != refused and now < self.expires_at else None


class TokenStore:
    """The access tokens of all clients."""

    def __init__(self, http: HttpClient, clock: Callable[[], float] = time.time) -> None:
        self._http, self._clock = http, clock
        self._clients: dict[OAuthCredentials, _Client] = {}

    def get(self, credentials: OAuthCredentials, within_seconds: float, refused: str | None = None) -> str:
        """A token that is not `refused`, asked for within `within_seconds` if there is none.

        Raises NoTokenError.
        """
        client = self._clients.setdefault(credentials, _Client())
        now = self._clock()
        token = client.usable(refused, now)
        if token and now < client.renew_at:
            return token
        if refused and refused == client.token and now < client.fetched_at + REPLACE_REFUSED_SECONDS:
            raise NoTokenError(_REFUSED)
        if now >= client.not_before:
            self._renew(client, credentials, within_seconds, now)
            token = client.usable(refused, now)
        if token:
            return token
        raise NoTokenError(client.obstacle)

    def _renew(self, client: _Client, credentials: OAuthCredentials, within_seconds: float, now: float) -> None:
        try:
            client.token, lifetime_seconds = self._ask(credentials, within_seconds)
        except NoTokenError as error:
            pause = min(FIRST_PAUSE_SECONDS * 2**client.failures, LONGEST_PAUSE_SECONDS)
            client.failures = min(client.failures + 1, 10)
            client.not_before = now + max(pause, error.obstacle.retry_after_seconds or 0)
            client.obstacle = error.obstacle
        else:
            client.failures, client.obstacle = 0, _REFUSED
            client.fetched_at, client.expires_at = now, now + lifetime_seconds
            client.renew_at = client.expires_at - min(RENEW_SECONDS, lifetime_seconds / 10)

    def _ask(self, credentials: OAuthCredentials, within_seconds: float) -> tuple[str, float]:
        """A new token and its lifetime in seconds (RFC 6749, 4.4)."""
        # Both parts are form-encoded before they are joined (RFC 6749, 2.3.1).
        pair = f"{quote(credentials.client_id, safe='')}:{quote(credentials.client_secret, safe='')}"
        headers = {
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            reply = self._http.call(
                "POST", credentials.token_url, headers, b"grant_type=client_credentials", within_seconds
            )
        except NoReplyError as error:
            raise NoTokenError(
                Obstacle(ObstacleCode.EMARSYS_UNAVAILABLE, f"the token URL cannot be reached: {error}")
            ) from None
        content = reply.json()
        if reply.status != 200 or not isinstance(content, dict):
            raise NoTokenError(_refusal(reply, self._clock()))
        token = content.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            detail = "the reply of the token URL holds no access token"
            raise NoTokenError(Obstacle(ObstacleCode.UNEXPECTED_REPLY, detail))
        return token, _lifetime_seconds(content.get("expires_in"))


def _lifetime_seconds(expires_in: object) -> float:
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return DOCUMENTED_LIFETIME_SECONDS
    return min(seconds, 86_400.0) if seconds > 0 else DOCUMENTED_LIFETIME_SECONDS


def _refusal(reply: Reply, now: float) -> Obstacle:
    detail = f"the token URL answered HTTP {reply.status}"
    match reply.status:
        case 400 | 401 | 403:
            return Obstacle(ObstacleCode.CREDENTIALS_REFUSED, f"{detail} to the client id and secret")
        case 429:
            asked = retry_after_seconds(reply.headers, now)
            return Obstacle(ObstacleCode.RATE_LIMITED, detail, DEFAULT_SECONDS if asked is None else asked)
        case status if status >= 500:
            return Obstacle(ObstacleCode.EMARSYS_UNAVAILABLE, detail)
        case _:
            return Obstacle(ObstacleCode.UNEXPECTED_REPLY, detail)
