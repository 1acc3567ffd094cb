"""Are an account's credentials right? One status call with its secret, and a sentence on what came back."""

import time
from collections.abc import Mapping
from typing import Any, assert_never

import boto3
from botocore.exceptions import ClientError

from export_watch.aws.json_api import AwsError
from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import TokenRecord
from export_watch.http import HttpClient
from export_watch.reason import remedy
from export_watch.watch import Observation, Obstacle, ObstacleCode, Refused, StatusSeen
from operations.stack import Stack, request

EXPORT_ID = 1
"""Any id will do: that there is no such export (10001) is as good an answer as a status."""


class SecretsManager:
    """Secrets Manager through boto3, in the name of whoever runs the command."""

    def __init__(self) -> None:
        self._client = boto3.client("secretsmanager")

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - there is one
        """The answer of GetSecretValue, as `export_watch.aws.json_api.Api` has it. Raises AwsError."""
        try:
            answer = self._client.get_secret_value(SecretId=parameters["SecretId"])
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"]) from None
        return {**answer, "CreatedDate": answer["CreatedDate"].timestamp()}


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
    """Whether Emarsys takes the account's credentials, and what that means in a sentence or two.

    Raises CommandError where no account can have this name.
    """
    request({"export_id": EXPORT_ID, "account": account}, stack)
    http = HttpClient()
    credentials = CredentialsStore(
        SecretsManager(),
        stack.parameters["CredentialsPrefix"],
        stack.parameters["EmarsysHost"],
        stack.parameters["EmarsysTokenUrl"],
    )
    emarsys = EmarsysClient(credentials, http, TokenStore(http, NoSharedTokens(), time.time))
    return meaning(emarsys.look(account, EXPORT_ID), account)


def meaning(observation: Observation, account: str) -> tuple[bool, str]:
    """Whether an answer proves the credentials, and what to do about it."""
    match observation:
        case StatusSeen() | Refused():
            return (
                True,
                f"All is well: Emarsys takes the credentials of {account} and tells the status of exports.",
            )
        case Obstacle(code=ObstacleCode.CREDENTIALS_MISSING, detail=detail):
            return False, f"{detail}. {remedy(observation)} You need leave to read it, too."
        case Obstacle(code=ObstacleCode.RATE_LIMITED, detail=detail):
            return False, f"{detail}. This says nothing about the credentials: try again in a few minutes."
        case Obstacle(detail=detail):
            return False, f"{detail}. {remedy(observation)}"
        case _:
            assert_never(observation)
