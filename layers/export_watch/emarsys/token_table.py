"""The access tokens that all execution environments share: one DynamoDB item for each client id.

`not_before` is lease and rate limit in one: whoever moves it from the past into the future may ask Emarsys for a
token, and nobody else may until then, unless with a newer secret: one that was rotated need not wait.

Versions of this code share the items, too, around a deployment and after a rollback. So a later version may add to a
record, but gives a new name to what it changes; and an item that cannot be read at all counts as an empty one, whose
claim its own attributes go on to guard.
"""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, Self

from export_watch.aws import AwsError, error_name, passes_by_itself
from export_watch.errors import TokenTableError
from export_watch.watch import Obstacle, ObstacleCode

KEEP_SECONDS = 86_400
"""How long an item outlives its token, before DynamoDB deletes it."""


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

    def fresh(self, refused: str | None, now: float) -> str | None:
        """Such a token, unless it is to be renewed."""
        return self.usable(refused, now) if now < self.renew_at else None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that `to_json` made the text of, without what is not known; an empty one where there is none."""
        try:
            content = json.loads(text)
            known = {name: content[name] for name in _FIELDS if name in content}
            return cls(**{**known, "obstacle": _obstacle(content.get("obstacle"))})
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls()


_FIELDS = tuple(field.name for field in fields(TokenRecord))


def _obstacle(content: Any) -> Obstacle | None:
    """What a request met. An error of AWS is never stored, so `aws_unavailable` is not read."""
    if content is None:
        return None
    known = content["code"] in list(ObstacleCode)
    code = ObstacleCode(content["code"]) if known else ObstacleCode.UNEXPECTED_REPLY
    return Obstacle(code, content["detail"], content["retry_after_seconds"], remedy=content.get("remedy", ""))


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

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    def read(self, client: str) -> TokenRecord:
        # Consistent, or a token that was fetched a moment ago would be fetched again.
        answer = self._call("read", "get_item", Key={"client": {"S": client}}, ConsistentRead=True)
        return TokenRecord.from_json(answer.get("Item", {}).get("record", {}).get("S"))

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:
        answer = self._call(
            "claimed",
            "put_item",
            Item=_item(client, record),
            ConditionExpression="attribute_not_exists(not_before) OR not_before <= :now OR secret_at < :secret_at",
            ExpressionAttributeValues={":now": _number(now), ":secret_at": _number(record.secret_at)},
        )
        return answer is not None

    def write(self, client: str, record: TokenRecord) -> None:
        self._call("stored", "put_item", Item=_item(client, record))

    def _call(self, done: str, operation: str, **parameters: Any) -> Any:
        """DynamoDB's answer, or None where a condition does not hold."""
        try:
            return getattr(self._dynamodb, operation)(TableName=self._table, **parameters)
        except AwsError as error:
            if error_name(error) == "ConditionalCheckFailedException":
                return None
            raise TokenTableError(
                f"the shared access token cannot be {done}: {error_name(error)}",
                aws_unavailable=passes_by_itself(error),
            ) from None


def _item(client: str, record: TokenRecord) -> dict[str, dict[str, str]]:
    return {
        "client": {"S": client},
        "not_before": _number(record.not_before),
        "secret_at": _number(record.secret_at),
        "record": {"S": record.to_json()},
        "delete_at": {"N": str(int(max(record.not_before, record.expires_at)) + KEEP_SECONDS)},
    }


def _number(value: float) -> dict[str, str]:
    return {"N": repr(float(value))}
