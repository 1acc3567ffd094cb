"""One check of one export: one GET with the account's credentials, and an Observation whatever happens."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from export_watch.emarsys import wsse
from export_watch.emarsys.credentials import (
    Credentials,
    CredentialsStore,
    OAuthCredentials,
    WsseCredentials,
)
from export_watch.emarsys.reply import interpret, without_reply
from export_watch.emarsys.token import TokenStore
from export_watch.errors import CredentialsMissingError, NoReplyError, NoTokenError
from export_watch.transport import HttpClient
from export_watch.watch import Observation, Obstacle, ObstacleCode

CHECK_SECONDS = 40.0
"""The longest that the calls of Emarsys in one check take together. Four calls of AWS, of 8 s each, may come after a
refusal at the end of it: so the function's own timeout is 75 s."""


class Emarsys(Protocol):
    """Whoever reports the status of exports."""

    def check(self, account: str, export_id: int) -> Observation:
        """What Emarsys reports about an export now. Never raises for what Emarsys, the network or a secret do."""


class EmarsysClient:
    """The real Emarsys. One instance serves an execution environment for its whole life."""

    def __init__(
        self,
        credentials: CredentialsStore,
        http: HttpClient,
        tokens: TokenStore,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials, self._http, self._tokens = credentials, http, tokens
        self._monotonic = monotonic

    def check(self, account: str, export_id: int) -> Observation:
        ends_at = self._monotonic() + CHECK_SECONDS
        try:
            credentials = self._credentials.get(account)
            found, token = self._attempt(credentials, export_id, ends_at)
            if not isinstance(found, Obstacle) or found.code is not ObstacleCode.CREDENTIALS_REFUSED:
                return found
            # The secret may have been rotated, or the token revoked: worth a second try, if it is another one.
            renewed = self._credentials.get(account, anew=True)
        except CredentialsMissingError as error:
            return Obstacle(
                ObstacleCode.CREDENTIALS_MISSING,
                str(error),
                aws_unavailable=error.aws_unavailable,
                remedy=error.remedy,
            )
        if renewed == credentials and not token:
            return found
        again, _ = self._attempt(renewed, export_id, ends_at, refused=token)
        if not isinstance(again, Obstacle) or found.retry_after_seconds is None:
            return again
        seconds = max(again.retry_after_seconds or 0, found.retry_after_seconds)
        return replace(again, retry_after_seconds=seconds)

    def _attempt(
        self, credentials: Credentials, export_id: int, ends_at: float, refused: str | None = None
    ) -> tuple[Observation, str | None]:
        """What an attempt found, and the token that it showed."""
        token = None
        match credentials:
            case OAuthCredentials(host=host):
                try:
                    token = self._tokens.get(credentials, ends_at - self._monotonic(), refused)
                except NoTokenError as error:
                    return error.obstacle, None
                url = f"{host}/api/v3/export/{export_id}"
                headers = {"Authorization": f"Bearer {token}"}
            case WsseCredentials(username=username, secret=secret, host=host):
                url = f"{host}/api/v2/export/{export_id}"
                headers = {"X-WSSE": wsse.header(username, secret, secrets.token_hex(16), datetime.now(UTC))}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            reply = self._http.call("GET", url, headers, within_seconds=ends_at - self._monotonic())
        except NoReplyError as error:
            return without_reply(error), token
        return interpret(reply, export_id, f"{url}/data", time.time()), token
