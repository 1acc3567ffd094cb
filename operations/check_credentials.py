"""Are an account's credentials right? One status call with its secret, and a sentence on what came back."""

import json
from typing import assert_never

import boto3

from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import TokenRecord
from export_watch.reason import remedy
from export_watch.transport import Urllib3Client
from export_watch.watch import Observation, Obstacle, ObstacleCode, Refused, StatusSeen
from operations.stack import Stack, request

EXPORT_ID = 1
"""Any id will do: that there is no such export (10001) is as good a reply as a status."""

WSSE_ENDS = "They are WSSE's, which Emarsys ends with the year 2026: add `client_id` and `client_secret` to the secret."


class NoSharedTokens:
    """A token table of this command alone.

    A token that the stack shares may come from an older client secret, and would prove nothing about this one.
    """

    def __init__(self) -> None:
        self._records: dict[str, TokenRecord] = {}

    def read(self, client: str) -> TokenRecord:
        return self._records.get(client, TokenRecord())

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:  # noqa: ARG002
        self.write(client, record)
        return True

    def write(self, client: str, record: TokenRecord) -> None:
        self._records[client] = record


def check_credentials(stack: Stack, account: str) -> tuple[bool, str]:
    """Whether Emarsys accepts the account's credentials, and what that means in a sentence or two.

    Raises CommandError where no account can have this name.
    """
    request({"export_id": EXPORT_ID, "account": account}, stack)
    secrets, http = boto3.client("secretsmanager"), Urllib3Client()
    prefix = stack.parameters["CredentialsPrefix"]
    credentials = CredentialsStore(
        secrets, prefix, stack.parameters["EmarsysHost"], stack.parameters["EmarsysTokenUrl"]
    )
    observation = EmarsysClient(credentials, http, TokenStore(http, NoSharedTokens())).check(
        account, EXPORT_ID
    )
    well, sentence = meaning(observation, account)
    if well:
        secret = json.loads(secrets.get_secret_value(SecretId=f"{prefix}/{account}")["SecretString"])
        sentence = sentence if secret.get("client_id") else f"{sentence} {WSSE_ENDS}"
    return well, sentence


def meaning(observation: Observation, account: str) -> tuple[bool, str]:
    """Whether a reply proves the credentials, and what to do about it."""
    match observation:
        case StatusSeen() | Refused():
            return (
                True,
                f"All is well: Emarsys accepts the credentials of {account} and reports statuses of exports.",
            )
        case Obstacle(code=ObstacleCode.CREDENTIALS_MISSING, detail=detail):
            return False, f"{detail}. {remedy(observation)} You need the permission to read it, too."
        case Obstacle(code=ObstacleCode.RATE_LIMITED, detail=detail):
            return False, f"{detail}. This says nothing about the credentials: try again in a few minutes."
        case Obstacle(detail=detail):
            return False, f"{detail}. {remedy(observation)}"
        case _:
            assert_never(observation)
