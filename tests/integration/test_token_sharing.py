"""One token for many execution environments, on a real DynamoDB protocol: one of them at a time asks for it."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from sandbox.aws.client import client
from tests.unit.emarsys.fakes import HOST, TOKEN_URL, FakeClock, FakeHttp, reply

CREDENTIALS = OAuthCredentials("my-id", "my-secret", HOST, TOKEN_URL)


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


def test_many_environments_ask_for_one_token_and_renew_it_once(table):
    clock = FakeClock()
    http = FakeHttp(lambda _: reply(200, {"access_token": f"token-{len(http.calls)}", "expires_in": 3600}))
    environments = [TokenStore(http, table, clock) for _ in range(40)]
    for hour in (1, 2):
        got = {environment.get(CREDENTIALS, 20) for environment in environments}
        assert (got, len(http.calls)) == ({f"token-{hour}"}, hour)
        clock.advance(3400)


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
