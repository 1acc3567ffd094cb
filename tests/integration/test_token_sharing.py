"""One token for many execution environments, on a real DynamoDB protocol: the limits hold for all together."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from export_watch.errors import NoTokenError
from sandbox.aws.client import client
from tests.unit.emarsys.fakes import HOST, TOKEN_URL, Answer, Call, FakeClock, FakeHttp, reply

ENVIRONMENTS = 40  # each in a thread of its own, since they ask at the same moment


class DynamoDb:
    """moto's. It would not check a condition and write in one step, as AWS does, if many threads called it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            with self._lock:
                return getattr(client("dynamodb"), operation)(**parameters)

        return call


class Fleet:
    """Execution environments that share one table, and a token URL that counts."""

    def __init__(self, table: DynamoDbTokenTable, client_id: str) -> None:
        self.clock = FakeClock()
        self.credentials = OAuthCredentials(client_id, "my-secret", HOST, TOKEN_URL)
        self.is_failing = False
        self.asked_at: list[float] = []
        http = FakeHttp(self._answer)
        self.environments = [TokenStore(http, table, self.clock) for _ in range(ENVIRONMENTS)]

    def _answer(self, _: Call) -> Answer:
        self.asked_at.append(self.clock.now)
        issued = {"access_token": f"token-{len(self.asked_at)}", "expires_in": 3600}
        return reply(503, b"") if self.is_failing else reply(200, issued)

    def all_get(self) -> set[str | None]:
        """All environments ask for a token, at the same moment."""
        got: set[str | None] = set()

        def get(environment: TokenStore) -> None:
            try:
                got.add(environment.get(self.credentials, 20))
            except NoTokenError:
                got.add(None)

        threads = [threading.Thread(target=get, args=(each,)) for each in self.environments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return got


@pytest.fixture(scope="module")
def table() -> Iterator[DynamoDbTokenTable]:
    with mock_aws():
        client("dynamodb").create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "client", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "client", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield DynamoDbTokenTable(DynamoDb(), "tokens")


@pytest.fixture
def fleet(table: DynamoDbTokenTable, request: pytest.FixtureRequest) -> Fleet:
    return Fleet(table, client_id=request.node.name)


def test_cold_starts_at_once_ask_for_one_token_and_renew_it_once_without_a_lack(fleet):
    assert fleet.all_get() <= {None, "token-1"}
    fleet.clock.advance(10)
    assert fleet.all_get() == {"token-1"}
    for _ in range(12):
        fleet.clock.advance(300)
        assert None not in fleet.all_get()
    assert len(fleet.asked_at) == 2


def test_a_failing_token_url_is_asked_within_the_limits_of_one_client_and_recovers(fleet):
    fleet.is_failing = True
    del fleet.environments[3:]
    for _ in range(60):
        assert fleet.all_get() == {None}
        fleet.clock.advance(60)
    assert len(fleet.asked_at) <= 10
    fleet.is_failing = False
    fleet.clock.advance(600)
    fleet.all_get()
    assert fleet.all_get() == {f"token-{len(fleet.asked_at)}"}


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
