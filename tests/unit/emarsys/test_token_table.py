"""A token table whose items other versions of this code write, too: before a rollback, or beside this one.

What its condition does, tests/integration/test_token_sharing.py has.
"""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from export_watch.aws import error_name
from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from export_watch.errors import TokenTableError
from export_watch.watch import Obstacle, ObstacleCode
from tests.unit.emarsys.fakes import NO_ANSWER, aws_error

OBSTACLE = Obstacle(ObstacleCode.RATE_LIMITED, "so it was", 7, remedy="wait")
RECORD = TokenRecord("t", 1.5, 2.5, 3, 4.25, 5.125, OBSTACLE)
CONTENT = asdict(RECORD)
ITEM = {
    "client": {"S": "my-client"},
    "not_before": {"N": "4.25"},
    "secret_at": {"N": "5.125"},
    "record": {"S": json.dumps(CONTENT)},
    "delete_at": {"N": "86404"},
}
CONDITION = {
    "ConditionExpression": "attribute_not_exists(not_before) OR not_before <= :now OR secret_at < :secret_at",
    "ExpressionAttributeValues": {":now": {"N": "3.0"}, ":secret_at": {"N": "5.125"}},
}


class DynamoDb:
    """Remembers what it is asked, and gives `answer` or raises it."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def _ask(self, **parameters: Any) -> Any:
        self.asked = parameters
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    get_item = put_item = _ask


def with_record(content: Any) -> dict[str, Any]:
    return {"Item": ITEM | {"record": {"S": json.dumps(content)}}}


NO_RECORDS = ["", "{}", "no JSON", "null", "5", "[]", '"token"']
NO_ITEMS: list[dict[str, Any]] = [{}, {"Item": {}}, {"Item": {"record": {}}}]
UNKNOWN = {"code": "client_suspended", "detail": "it is", "retry_after_seconds": None}
UNEXPECTED = Obstacle(ObstacleCode.UNEXPECTED_REPLY, "it is")


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        (with_record(CONTENT), RECORD),
        (with_record(CONTENT | {"obstacle": None}), replace(RECORD, obstacle=None)),
        (with_record(CONTENT | {"colour": 1, "obstacle": asdict(OBSTACLE) | {"colour": 1}}), RECORD),
        # Without the count of failures the pauses between requests would begin anew.
        (with_record(CONTENT | {"obstacle": UNKNOWN}), replace(RECORD, obstacle=UNEXPECTED)),
        (with_record(CONTENT | {"obstacle": "x"}), TokenRecord()),
        (with_record(CONTENT | {"obstacle": {}}), TokenRecord()),
        *(({"Item": {"record": {"S": text}}}, TokenRecord()) for text in NO_RECORDS),
        *((answer, TokenRecord()) for answer in NO_ITEMS),
    ],
)
def test_a_record_is_read_whatever_another_version_made_of_it(answer, record):
    dynamodb = DynamoDb(answer)
    assert DynamoDbTokenTable(dynamodb, "tokens").read("c") == record
    assert dynamodb.asked == {"TableName": "tokens", "Key": {"client": {"S": "c"}}, "ConsistentRead": True}


@pytest.mark.parametrize(
    ("answer", "claimed"), [({}, True), (aws_error("ConditionalCheckFailedException"), False)], ids=str
)
def test_a_claim_is_a_write_with_a_condition(answer, claimed):
    dynamodb = DynamoDb(answer)
    table = DynamoDbTokenTable(dynamodb, "tokens")
    assert table.claim("my-client", RECORD, 3) is claimed
    assert dynamodb.asked == {"TableName": "tokens", "Item": ITEM, **CONDITION}
    dynamodb.answer = {}
    table.write("my-client", RECORD)
    assert dynamodb.asked == {"TableName": "tokens", "Item": ITEM}


@pytest.mark.parametrize(("expires_at", "delete_at"), [(4, "86404"), (10.5, "86410")])
def test_an_item_outlives_its_token_and_its_claim_by_a_day(expires_at, delete_at):
    dynamodb = DynamoDb({})
    DynamoDbTokenTable(dynamodb, "tokens").write("c", TokenRecord(expires_at=expires_at, not_before=4.25))
    assert dynamodb.asked["Item"]["delete_at"] == {"N": delete_at}


@pytest.mark.parametrize(
    ("error", "passing"), [(aws_error("AccessDeniedException"), False), (NO_ANSWER, True)], ids=str
)
@pytest.mark.parametrize(
    ("act", "done"),
    [
        (lambda table: table.read("client"), "read"),
        (lambda table: table.claim("client", RECORD, 0), "claimed"),
        (lambda table: table.write("client", RECORD), "stored"),
    ],
    ids=["read", "claim", "write"],
)
def test_an_error_of_aws_is_named_and_it_is_said_whether_it_passes_by_itself(act, done, error, passing):
    with pytest.raises(TokenTableError) as caught:
        act(DynamoDbTokenTable(DynamoDb(error), "tokens"))
    assert str(caught.value) == f"the shared access token cannot be {done}: {error_name(error)}"
    assert caught.value.aws_unavailable is passing
    assert caught.value.__suppress_context__
