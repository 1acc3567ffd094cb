"""A token table whose items other versions of this code write, too: before a rollback, or beside this one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from export_watch.aws import error_name
from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from export_watch.errors import TokenTableError
from export_watch.watch import Obstacle, ObstacleCode
from tests.unit.emarsys.fakes import NO_ANSWER, aws_error

RECORD = TokenRecord(
    "t", 1.5, 2.5, 3, 4.25, 5.125, Obstacle(ObstacleCode.RATE_LIMITED, "so it was", 7, remedy="wait")
)


def written(**changed: Any) -> str:
    return json.dumps(json.loads(RECORD.to_json()) | changed)


def test_a_record_comes_back_as_it_was_written() -> None:
    assert TokenRecord.from_json(RECORD.to_json()) == RECORD
    assert TokenRecord.from_json(TokenRecord().to_json()) == TokenRecord()


def test_what_this_version_writes_the_first_one_reads() -> None:
    obstacle = {"code": "rate_limited", "detail": "so it was", "retry_after_seconds": 7, "remedy": "wait"}
    assert json.loads(RECORD.to_json()) == {
        "token": "t",
        "renew_at": 1.5,
        "expires_at": 2.5,
        "failures": 3,
        "not_before": 4.25,
        "secret_at": 5.125,
        "obstacle": obstacle,
    }


def test_what_a_later_version_adds_is_ignored() -> None:
    obstacle = {
        "code": "rate_limited",
        "detail": "so it was",
        "retry_after_seconds": 7,
        "remedy": "wait",
        "colour": "red",
    }
    assert TokenRecord.from_json(written(scope="x", obstacle=obstacle)) == RECORD


def test_an_obstacle_that_this_version_does_not_know_keeps_its_detail_and_all_else() -> None:
    """Without the count of failures the pauses between requests would begin anew."""
    obstacle = {"code": "client_suspended", "detail": "the client is suspended", "retry_after_seconds": None}
    record = TokenRecord.from_json(written(obstacle=obstacle))
    assert record.obstacle == Obstacle(ObstacleCode.UNEXPECTED_REPLY, "the client is suspended")
    assert (record.token, record.failures, record.not_before) == ("t", 3, 4.25)


@pytest.mark.parametrize(
    "text", ["", "no JSON", "null", "5", "[]", '"token"', written(obstacle="x"), written(obstacle={})]
)
def test_what_cannot_be_read_is_an_empty_record(text: str) -> None:
    assert TokenRecord.from_json(text) == TokenRecord()


class FailingDynamoDb:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_item(self, **parameters: Any) -> Any:
        raise self._error

    put_item = get_item


@pytest.mark.parametrize(
    ("error", "passing"), [(aws_error("AccessDeniedException"), False), (NO_ANSWER, True)], ids=str
)
@pytest.mark.parametrize(
    "act",
    [
        lambda table: table.read("client"),
        lambda table: table.claim("client", RECORD, 0),
        lambda table: table.write("client", RECORD),
    ],
    ids=["read", "claim", "write"],
)
def test_an_error_of_aws_that_passes_by_itself_is_distinguished(
    act: Callable[[DynamoDbTokenTable], object], error: Any, passing: bool
) -> None:
    with pytest.raises(TokenTableError, match=error_name(error)) as caught:
        act(DynamoDbTokenTable(FailingDynamoDb(error), "tokens"))
    assert caught.value.aws_unavailable is passing
