"""OAuth 2.0 access tokens (client credentials): one is fetched, everyone uses it, and it is renewed by one.

Emarsys limits token requests for each client id, by the lower of two accounts to 2 a minute and 10 an hour, and
Lambda may run hundreds of execution environments. So a token is kept in memory, so that a warm check asks nobody;
below that all environments share it through a table. Requests that fail are spaced, and a token is replaced only once
it is ten minutes old, even if it is refused or expires before: neither a lasting 401 nor short lives make a storm.
"""

import contextlib
import hashlib
import math
import re
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.rate_limit import DEFAULT_SECONDS, retry_after_seconds
from export_watch.emarsys.token_table import TokenRecord, TokenTable, TokenTableError
from export_watch.http import HttpClient, NoReplyError, Reply
from export_watch.watch import Obstacle, ObstacleCode

REPLACE_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0
"""Pauses of 30, 60, 120, 240, 480, 600, 600 … seconds after failures make at most 2 requests in any minute and
10 in any hour. The first one is longer than a request may take, so that one claim has ended before the next."""

FORGET_FAILURES_SECONDS = 2400.0
"""The pauses begin anew once nobody has asked for so long although it was allowed, as where a token has lasted for its
hour. Were they to begin anew after each success, a token URL that fails now and then would be asked too often."""

RENEW_SECONDS = 300.0
DOCUMENTED_LIFETIME_SECONDS = 3600.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")

_REFUSED = Obstacle(ObstacleCode.CREDENTIALS_REFUSED, "Emarsys refused a new access token (HTTP 401)")
_TOO_SOON = Obstacle(
    ObstacleCode.RATE_LIMITED, "there is no access token, and one was asked for a short while ago"
)


class NoTokenError(Exception):
    """There is no token now; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.detail)
        self.obstacle = obstacle


class TokenStore:
    """The access tokens of all clients, in memory first and shared through a table."""

    def __init__(self, http: HttpClient, table: TokenTable, clock: Callable[[], float] = time.time) -> None:
        self._http, self._table, self._clock = http, table, clock
        self._known: dict[str, TokenRecord] = {}

    def get(self, credentials: OAuthCredentials, within_seconds: float, refused: str | None = None) -> str:
        """A token that is not `refused`, asked for within `within_seconds` if there is none.

        Raises NoTokenError.
        """
        client = hashlib.sha256(f"{credentials.token_url} {credentials.client_id}".encode()).hexdigest()
        now = self._clock()
        record = self._known.get(client, TokenRecord())
        token = record.usable(refused, now)
        if token and now < record.renew_at:
            return token
        try:
            record = self._shared(client, credentials, within_seconds, refused, now)
        except TokenTableError as error:
            if token:  # it lasts a while yet
                return token
            obstacle = Obstacle(
                ObstacleCode.CREDENTIALS_MISSING, str(error), aws_unavailable=error.aws_unavailable
            )
            raise NoTokenError(obstacle) from None
        self._known[client] = record
        if token := record.usable(refused, now):
            return token
        raise NoTokenError(_why_none(record, refused, now))

    def _shared(
        self,
        client: str,
        credentials: OAuthCredentials,
        within_seconds: float,
        refused: str | None,
        now: float,
    ) -> TokenRecord:
        """The record that all share, renewed if that is due and nobody else is at it."""
        record = self._table.read(client)
        fresh = record.usable(refused, now) and now < record.renew_at
        newer_secret = credentials.made_at > record.secret_at
        if fresh or (now < record.not_before and not newer_secret):
            return record
        forgotten = now - record.not_before >= FORGET_FAILURES_SECONDS
        failures = 0 if newer_secret or forgotten else record.failures
        # Of two versions that are in use, the older one must not make the newer one new again.
        secret_at = max(record.secret_at, credentials.made_at)
        pause = min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS)
        claimed = replace(record, not_before=now + pause, failures=min(failures + 1, 10), secret_at=secret_at)
        # A claim whose answer was lost looks like another's: nobody asks then until it ends.
        if not self._table.claim(client, claimed, now):
            return self._table.read(client)
        try:
            token, lifetime_seconds = self._ask(credentials, within_seconds)
        except NoTokenError as error:
            asked = now + (error.obstacle.retry_after_seconds or 0)
            renewed = replace(claimed, obstacle=error.obstacle, not_before=max(claimed.not_before, asked))
        else:
            expires_at = now + lifetime_seconds
            renew_at = expires_at - min(RENEW_SECONDS, lifetime_seconds / 10)
            renewed = TokenRecord(token, renew_at, expires_at, failures, now + REPLACE_SECONDS, secret_at)
        # Unwritten, it serves this environment all the same; the others ask again when the claim ends.
        with contextlib.suppress(TokenTableError):
            self._table.write(client, renewed)
        return renewed

    def _ask(self, credentials: OAuthCredentials, within_seconds: float) -> tuple[str, float]:
        """A new token and its lifetime in seconds (RFC 6749, 4.4)."""
        # As they are: RFC 6749 (2.3.1) would have them form-encoded first, but clients of Emarsys do not do it.
        pair = f"{credentials.client_id}:{credentials.client_secret}"
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


def _why_none(record: TokenRecord, refused: str | None, now: float) -> Obstacle:
    """Why a record has no token for who was `refused` one."""
    obstacle = record.obstacle
    if obstacle is None:
        return _REFUSED if refused and refused == record.token else _TOO_SOON
    if obstacle.retry_after_seconds is None:
        return obstacle
    # It may have been asked for a while ago: a part of it has passed.
    left = max(0, math.ceil(record.not_before - now))
    return replace(obstacle, retry_after_seconds=min(obstacle.retry_after_seconds, left))


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
