"""Who may ask for a token, on a real DynamoDB protocol: one execution environment at a time."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from sandbox.aws.client import client


@pytest.fixture(scope="module")
def table() -> Iterator[DynamoDbTokenTable]:
    with mock_aws():
        client("dynamodb").create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "client", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "client", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DynamoDbTokenTable(client("dynamodb"), "tokens")


@pytest.mark.parametrize("record", [{}, {"record": {"S": "of another version"}}], ids=["none", "unreadable"])
@pytest.mark.parametrize(
    ("now", "secret_at", "is_granted"),
    [(599, 5, False), (600, 5, True), (601, 4, True), (599, 5.5, True), (0, 4, False)],
)
def test_a_claim_is_granted_once_the_last_one_ended_or_to_a_newer_secret_whatever_the_record_says(
    table, record, now, secret_at, is_granted
):
    item = {"client": {"S": "c"}, "not_before": {"N": "600"}, "secret_at": {"N": "5"}, **record}
    client("dynamodb").put_item(TableName="tokens", Item=item)
    mine = TokenRecord("mine", not_before=700.5, secret_at=secret_at)
    assert table.claim("c", mine, now) is is_granted
    assert table.read("c") == (mine if is_granted else TokenRecord())
    table.write("c", mine)
    assert table.read("c") == mine
