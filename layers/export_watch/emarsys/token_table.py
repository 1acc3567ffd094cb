"""The access tokens that all execution environments share: one DynamoDB item for each client id.

`not_before` is lease and rate limit in one: whoever moves it from the past into the future may ask Emarsys for a
token, and nobody else may until then, unless with a newer secret: one that was rotated need not wait.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from export_watch.watch import Obstacle, ObstacleCode

KEEP_SECONDS = 86_400
"""How long an item outlives its token, before DynamoDB deletes it."""


class TokenTableError(Exception):
    """The table cannot be read or written; the text says why."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is known of one client id. Moments are unix seconds.

    `secret_at` is when the secret that was last asked with was made, and `obstacle` what that request met.
    """

    token: str | None = None
    renew_at: float = 0.0
    expires_at: float = 0.0
    failures: int = 0
    not_before: float = 0.0
    secret_at: float = 0.0
    obstacle: Obstacle | None = None

    def usable(self, refused: str | None, now: float) -> str | None:
        """The token, unless it is the refused one or has expired."""
        return self.token if self.token != refused and now < self.expires_at else None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        record = cls(**json.loads(text))
        if record.obstacle is None:
            return record
        obstacle: Any = record.obstacle
        return replace(record, obstacle=Obstacle(**{**obstacle, "code": ObstacleCode(obstacle["code"])}))


class TokenTable(Protocol):
    """Where records are shared. Each method raises TokenTableError where it cannot."""

    def read(self, client: str) -> TokenRecord:
        """The record of a client, an empty one where there is none."""

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:
        """Store the record, unless somebody else's claim lasts that was made with no older secret; say whether."""

    def write(self, client: str, record: TokenRecord) -> None:
        """Store the record."""


class DynamoDbTokenTable:
    """The table in DynamoDB, through boto3's client."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def read(self, client: str) -> TokenRecord:
        try:
            # Consistent, or a token that was fetched a moment ago would be fetched again.
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"client": {"S": client}}, ConsistentRead=True
            )
            item = answer.get("Item")
            return TokenRecord() if item is None else TokenRecord.from_json(item["record"]["S"])
        except (BotoCoreError, ClientError, KeyError, TypeError, ValueError) as error:
            raise TokenTableError(f"the shared access token cannot be read: {_name(error)}") from None

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=_item(client, record),
                ConditionExpression=(
                    "attribute_not_exists(not_before) OR not_before <= :now OR secret_at < :secret_at"
                ),
                ExpressionAttributeValues={
                    ":now": {"N": repr(float(now))},
                    ":secret_at": {"N": repr(float(record.secret_at))},
                },
            )
        except ClientError as error:
            if _name(error) == "ConditionalCheckFailedException":
                return False
            raise TokenTableError(f"the shared access token cannot be claimed: {_name(error)}") from None
        except BotoCoreError as error:
            raise TokenTableError(f"the shared access token cannot be claimed: {_name(error)}") from None
        return True

    def write(self, client: str, record: TokenRecord) -> None:
        try:
            self._dynamodb.put_item(TableName=self._table, Item=_item(client, record))
        except (BotoCoreError, ClientError) as error:
            raise TokenTableError(f"the shared access token cannot be stored: {_name(error)}") from None


def _item(client: str, record: TokenRecord) -> dict[str, dict[str, str]]:
    return {
        "client": {"S": client},
        "not_before": {"N": repr(float(record.not_before))},
        "secret_at": {"N": repr(float(record.secret_at))},
        "record": {"S": record.to_json()},
        "delete_at": {"N": str(int(max(record.not_before, record.expires_at)) + KEEP_SECONDS)},
    }


def _name(error: Exception) -> str:
    """The error's name, without its text: it may quote the item."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown error"))
    return type(error).__name__
