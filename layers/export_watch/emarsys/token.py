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
from export_watch.emarsys.rate_limit import limited_seconds, retry_after_seconds
from export_watch.emarsys.reply import without_reply
from export_watch.emarsys.token_table import TokenRecord, TokenTable
from export_watch.errors import NoReplyError, NoTokenError, TokenTableError
from export_watch.transport import HttpClient, Reply
from export_watch.watch import Obstacle, ObstacleCode

REPLACE_SECONDS = 600.0
PAUSES_SECONDS = (30.0, 60.0, 120.0, 240.0, 480.0, 600.0)
"""The pauses after failures, of which the last one repeats, make at most 2 requests in any minute and 10 in any hour.
The first one is longer than a request may take, so that one claim has ended before the next."""

FORGET_FAILURES_SECONDS = 2400.0
"""The pauses begin anew once nobody has asked for so long although it was allowed, as where a token has lasted for its
hour. Were they to begin anew after each success, a token URL that fails now and then would be asked too often."""

RENEW_SECONDS = 300.0
DOCUMENTED_LIFETIME_SECONDS = 3600.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")

_CHECK_URL = (
    "Check the token URL: the parameter EmarsysTokenUrl, or token_url in the secret, which wins over it."
)
_LIMITED = (
    "It passes by itself. If it lasts, something else asks for tokens with the same client id: stop that."
)

_OAUTH_ERRORS = {
    "invalid_client": "Check client_id and client_secret in the account's secret.",
    "unauthorized_client": "Allow this client the client credentials grant in Emarsys or SAP Cloud Identity.",
    "invalid_scope": (
        "The watch asks for no scope. Give the client a default scope in Emarsys or SAP Cloud Identity, with the "
        "permission export.status."
    ),
    "unsupported_grant_type": f"It does not issue tokens for client credentials. {_CHECK_URL}",
    "invalid_grant": f"It does not take the grant client_credentials from this client. {_CHECK_URL}",
    "invalid_request": f"It wants something that the client credentials grant does not have. {_CHECK_URL}",
}
"""The errors of RFC 6749, 5.2, and what to do about each."""

_PASSING_ERRORS = frozenset({"server_error", "temporarily_unavailable"})
"""Two more of RFC 6749, 4.1.2.1. No other word of a reply is quoted."""

_OTHER_ERROR = (
    f"Its error is none of RFC 6749, and not quoted here: ask for a token by hand to read it. {_CHECK_URL}"
)

_REFUSED = Obstacle(
    ObstacleCode.CREDENTIALS_REFUSED,
    "Emarsys refused a new access token (HTTP 401)",
    remedy=(
        "Check the account's API credentials in Emarsys. The token URL took those of the secret, so check as well that "
        "it and the Emarsys host belong together."
    ),
)
_TOO_SOON = Obstacle(
    ObstacleCode.RATE_LIMITED,
    "there is no access token, and one was asked for a short while ago",
    remedy=_LIMITED,
)


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
        record = self._known.get(client) or TokenRecord()
        if token := record.fresh(refused, now):
            return token
        try:
            record = self._shared(client, credentials, within_seconds, refused, now)
        except TokenTableError as error:
            if token := record.usable(refused, now):  # it lasts a while yet
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
        if record.fresh(refused, now) or not _may_ask(record, credentials, now):
            return record
        claimed = _claim(record, credentials, now)
        # A claim whose answer was lost looks like another's: nobody asks then until it ends.
        if not self._table.claim(client, claimed, now):
            return self._table.read(client)
        try:
            token, lifetime_seconds = self._ask(credentials, within_seconds)
        except NoTokenError as error:
            renewed = _after_failure(claimed, error.obstacle, now)
        else:
            renewed = _after_success(claimed, token, lifetime_seconds, now)
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
            raise NoTokenError(without_reply(error, "the token URL", _CHECK_URL)) from None
        content = reply.json() or {}
        token = content.get("access_token")
        # RFC 6749 says 200; some servers say 201.
        if not reply.is_success or not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise NoTokenError(_refusal(reply, content.get("error"), self._clock()))
        return token, _lifetime_seconds(content.get("expires_in"))


def _may_ask(record: TokenRecord, credentials: OAuthCredentials, now: float) -> bool:
    """Whether the limit of token requests allows one: a secret that was rotated need not wait."""
    return now >= record.not_before or credentials.made_at > record.secret_at


def _claim(record: TokenRecord, credentials: OAuthCredentials, now: float) -> TokenRecord:
    """The record as it keeps all others from asking for as long as the request may take, and longer after failures."""
    is_forgotten = now - record.not_before >= FORGET_FAILURES_SECONDS
    failures = 0 if is_forgotten or credentials.made_at > record.secret_at else record.failures
    return replace(
        record,
        not_before=now + PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)],
        failures=failures + 1,
        # Of two versions that are in use, the older one must not make the newer one new again.
        secret_at=max(record.secret_at, credentials.made_at),
    )


def _after_failure(claimed: TokenRecord, obstacle: Obstacle, now: float) -> TokenRecord:
    asked = now + (obstacle.retry_after_seconds or 0)
    return replace(claimed, obstacle=obstacle, not_before=max(claimed.not_before, asked))


def _after_success(claimed: TokenRecord, token: str, lifetime_seconds: float, now: float) -> TokenRecord:
    """The new token. What was counted before the claim stays: it is forgotten by time, not by one success."""
    expires_at = now + lifetime_seconds
    return TokenRecord(
        token=token,
        renew_at=expires_at - min(RENEW_SECONDS, lifetime_seconds / 10),
        expires_at=expires_at,
        failures=claimed.failures - 1,
        not_before=now + REPLACE_SECONDS,
        secret_at=claimed.secret_at,
    )


def _why_none(record: TokenRecord, refused: str | None, now: float) -> Obstacle:
    """Why a record has no token for who was `refused` one."""
    obstacle = record.obstacle
    if obstacle is None:
        return _REFUSED if refused and refused == record.token else _TOO_SOON
    if obstacle.retry_after_seconds is None:
        return obstacle
    # It may have been asked for a while ago: a part of it has passed.
    left = math.ceil(record.not_before - now)
    return replace(obstacle, retry_after_seconds=min(obstacle.retry_after_seconds, left))


def _lifetime_seconds(expires_in: object) -> float:
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return DOCUMENTED_LIFETIME_SECONDS
    return min(seconds, 86_400.0) if seconds >= 1 else DOCUMENTED_LIFETIME_SECONDS


def _refusal(reply: Reply, error: object, now: float) -> Obstacle:
    """What a reply without a token means, by its status and its `error` (RFC 6749, 5.2)."""
    error = error if isinstance(error, str) else ""
    detail, remedy = f"the token URL answered HTTP {reply.status}", _CHECK_URL
    wait_seconds = retry_after_seconds(reply.headers, now)
    if reply.status == 429:
        code, remedy = ObstacleCode.RATE_LIMITED, _LIMITED
        wait_seconds = limited_seconds(reply.headers, now)
    elif reply.is_passing:
        code = ObstacleCode.EMARSYS_UNAVAILABLE
    elif reply.is_redirect:
        code = ObstacleCode.UNEXPECTED_REPLY
        detail += ", a redirect, which is not followed"
    elif error in _OAUTH_ERRORS:
        code, remedy = ObstacleCode.CREDENTIALS_REFUSED, _OAUTH_ERRORS[error]
        detail += f" ({error})"
    elif error in _PASSING_ERRORS:
        code = ObstacleCode.EMARSYS_UNAVAILABLE
        detail += f" ({error})"
    elif error and reply.status in {400, 403}:
        code, remedy = ObstacleCode.CREDENTIALS_REFUSED, _OTHER_ERROR
    elif reply.status in {400, 401, 403}:
        code, remedy = ObstacleCode.CREDENTIALS_REFUSED, f"{_OAUTH_ERRORS['invalid_client']} {_CHECK_URL}"
    elif reply.interrupted:
        code = ObstacleCode.EMARSYS_UNAVAILABLE
    else:
        code = ObstacleCode.UNEXPECTED_REPLY
        detail += " without an access token" if reply.is_success else ""
    return Obstacle(code, detail, wait_seconds, remedy=remedy)
