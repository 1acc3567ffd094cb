"""The access tokens that all execution environments share: one DynamoDB item for each client id.

`not_before` is lease and rate limit in one: whoever moves it from the past into the future may ask Emarsys for a
token, and nobody else may until then, unless with a newer secret: one that was rotated need not wait.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, Self

from export_watch.aws.json_api import Api, AwsError
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
    """The table in DynamoDB."""

    def __init__(self, dynamodb: Api, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def read(self, client: str) -> TokenRecord:
        try:
            # Consistent, or a token that was fetched a moment ago would be fetched again.
            answer = self._dynamodb.call(
                "GetItem",
                {"TableName": self._table, "Key": {"client": {"S": client}}, "ConsistentRead": True},
            )
        except AwsError as error:
            raise TokenTableError(f"the shared access token cannot be read: {error.name}") from None
        try:
            item = answer.get("Item")
            return TokenRecord() if item is None else TokenRecord.from_json(item["record"]["S"])
        except (KeyError, TypeError, ValueError) as error:  # whose texts may quote the item
            raise TokenTableError(f"the shared access token is no token: {type(error).__name__}") from None

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:
        try:
            self._put(
                client,
                record,
                ConditionExpression=(
                    "attribute_not_exists(not_before) OR not_before <= :now OR secret_at < :secret_at"
                ),
                ExpressionAttributeValues={
                    ":now": {"N": repr(float(now))},
                    ":secret_at": {"N": repr(float(record.secret_at))},
                },
            )
        except AwsError as error:
            if error.name == "ConditionalCheckFailedException":
                return False
            raise TokenTableError(f"the shared access token cannot be claimed: {error.name}") from None
        return True

    def write(self, client: str, record: TokenRecord) -> None:
        try:
            self._put(client, record)
        except AwsError as error:
            raise TokenTableError(f"the shared access token cannot be stored: {error.name}") from None

    def _put(self, client: str, record: TokenRecord, **condition: Any) -> None:
        self._dynamodb.call("PutItem", {"TableName": self._table, "Item": _item(client, record), **condition})


def _item(client: str, record: TokenRecord) -> dict[str, dict[str, str]]:
    return {
        "client": {"S": client},
        "not_before": {"N": repr(float(record.not_before))},
        "secret_at": {"N": repr(float(record.secret_at))},
        "record": {"S": record.to_json()},
        "delete_at": {"N": str(int(max(record.not_before, record.expires_at)) + KEEP_SECONDS)},
    }
