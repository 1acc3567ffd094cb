"""Are an account's credentials right? One status call with its secret, and a sentence on what came back."""

from argparse import Namespace

import boto3

from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore, WsseCredentials
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import TokenRecord
from export_watch.reason import remedy
from export_watch.transport import Urllib3Client
from export_watch.watch import Obstacle, ObstacleCode
from operations.stack import CommandError, Stack, say

EXPORT_ID = 1
"""Any id will do: that there is no such export (10001) is as good a reply as a status."""


class OwnTokens:
    """A table of this command alone: a token that the stack shares may come from an older client secret."""

    _record = TokenRecord()

    def read(self, client: str) -> TokenRecord:  # noqa: ARG002
        return self._record

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:  # noqa: ARG002
        return True

    def write(self, client: str, record: TokenRecord) -> None:  # noqa: ARG002
        self._record = record


def check_credentials(stack: Stack, given: Namespace) -> bool:
    """Say that Emarsys accepts the account's credentials; raises CommandError with what to do where it does not."""
    account = stack.request({"export_id": EXPORT_ID, "account": given.account}).account
    prefix, host, token_url = (
        stack.parameters[key] for key in ("CredentialsPrefix", "EmarsysHost", "EmarsysTokenUrl")
    )
    secret = f"{prefix}/{account}"
    credentials = CredentialsStore(boto3.client("secretsmanager"), prefix, host, token_url)
    http = Urllib3Client()
    found = EmarsysClient(credentials, http, TokenStore(http, OwnTokens())).check(account, EXPORT_ID)
    if isinstance(found, Obstacle):
        raise CommandError(f"{found.detail}. {_advice(found, secret)}")
    say(f"All is well: Emarsys accepts the credentials in {secret} and reports statuses of exports.")
    if isinstance(credentials.get(account), WsseCredentials):
        say(
            "They are WSSE's, which Emarsys ends with the year 2026: "
            "add `client_id` and `client_secret` to the secret."
        )
    return True


def _advice(found: Obstacle, secret: str) -> str:
    if found.code is ObstacleCode.RATE_LIMITED:
        return "This says nothing about the credentials: try again in a few minutes."
    if found.detail == f"there is no secret {secret}":
        example = '{"client_id": "…", "client_secret": "…"}'
        return f"Create it: aws secretsmanager create-secret --name {secret} --secret-string '{example}'"
    if found.code is ObstacleCode.CREDENTIALS_MISSING:
        return f"{remedy(found)} You need the permission to read it, too."
    return f"{remedy(found)} The secret is {secret}."
