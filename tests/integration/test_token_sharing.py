"""One token for hundreds of execution environments, on a real DynamoDB protocol: the limits hold for all together.

`python -m pytest tests/integration/test_token_sharing.py -s` prints the figures.
"""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable, TokenRecord
from export_watch.errors import NoTokenError, TokenTableError
from export_watch.watch import Obstacle, ObstacleCode
from sandbox.aws.client import client
from tests.unit.emarsys.fakes import HOST, TOKEN_URL, Answer, Call, FakeClock, FakeHttp, reply

ENVIRONMENTS = 200  # each in a thread of its own, since they ask at the same moment
CREDENTIALS = OAuthCredentials("my-id", "my-secret", HOST, TOKEN_URL, made_at=1_795_400_000.0)


class DynamoDb:
    """moto's. It would not check a condition and write in one step, as AWS does, if many threads called it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def get_item(self, **parameters: Any) -> Any:
        with self._lock:
            return client("dynamodb").get_item(**parameters)

    def put_item(self, **parameters: Any) -> Any:
        with self._lock:
            return client("dynamodb").put_item(**parameters)


class Fleet:
    """Execution environments that share one table, and a token URL that counts."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.dead = False
        self.asked_at: list[float] = []
        self.dynamodb = DynamoDb()
        self.table = DynamoDbTokenTable(self.dynamodb, "tokens")
        http = FakeHttp(self._answer)
        self.environments = [TokenStore(http, self.table, self.clock) for _ in range(ENVIRONMENTS)]
        self._lock = threading.Lock()

    def _answer(self, _: Call) -> Answer:
        with self._lock:
            self.asked_at.append(self.clock.now)
            token = f"token-{len(self.asked_at)}"
        return reply(503, b"") if self.dead else reply(200, {"access_token": token, "expires_in": 3600})

    def all_get(self, refused: str | None = None, environments: int = ENVIRONMENTS) -> list[str | None]:
        """So many environments ask for a token, all at the same moment."""
        got: list[str | None] = []

        def get(store: TokenStore) -> None:
            try:
                got.append(store.get(CREDENTIALS, 20, refused))
            except NoTokenError:
                got.append(None)

        threads = [threading.Thread(target=get, args=(store,)) for store in self.environments[:environments]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return got

    def report(self, what: str) -> None:
        minute, hour = (self.most_in(seconds) for seconds in (60, 3600))
        print(f"{what}: {len(self.asked_at)} requests, at most {minute} in a minute and {hour} in an hour")
        assert minute <= 2
        assert hour <= 10

    def most_in(self, seconds: float) -> int:
        return max(
            (sum(0 <= other - at < seconds for other in self.asked_at) for at in self.asked_at), default=0
        )


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with mock_aws():
        client("dynamodb").create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "client", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "client", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Fleet()


def test_hundreds_of_cold_starts_at_once_ask_for_one_token(fleet: Fleet) -> None:
    first = fleet.all_get()
    fleet.clock.advance(10)
    assert set(first) <= {None, "token-1"}
    assert set(fleet.all_get()) == {"token-1"}
    assert len(fleet.asked_at) == 1
    fleet.report(f"{ENVIRONMENTS} cold at once")


def test_hundreds_of_environments_renew_a_token_once_and_lack_none_meanwhile(fleet: Fleet) -> None:
    fleet.all_get()
    for _ in range(36):
        fleet.clock.advance(200)
        assert None not in fleet.all_get()
    assert len(fleet.asked_at) == 3
    fleet.report(f"{ENVIRONMENTS} across two expiries")


def test_an_hour_in_which_every_token_is_refused_stays_within_the_limits(fleet: Fleet) -> None:
    current: str | None = None
    for _ in range(60):
        current = next((token for token in fleet.all_get(environments=20) if token), current)
        fleet.all_get(refused=current, environments=20)
        fleet.clock.advance(60)
    fleet.report("20 in an hour of 401s")


def test_an_hour_of_a_failing_token_url_stays_within_the_limits_and_passes(fleet: Fleet) -> None:
    fleet.dead = True
    for _ in range(60):
        assert set(fleet.all_get(environments=20)) == {None}
        fleet.clock.advance(60)
    fleet.report("20 in an hour of a dead token URL")
    fleet.dead = False
    fleet.clock.advance(600)
    fleet.all_get()
    fleet.clock.advance(10)
    assert None not in fleet.all_get()


def test_a_record_comes_back_as_it_was_written(fleet: Fleet) -> None:
    record = TokenRecord("t", 1.5, 2.5, 3, 4.25, 5.125, Obstacle(ObstacleCode.RATE_LIMITED, "so it was", 7))
    fleet.table.write("client", record)
    assert fleet.table.read("client") == record
    assert fleet.table.read("another") == TokenRecord()


@pytest.mark.parametrize("record", [{}, {"record": {"S": "of another version"}}], ids=["none", "unreadable"])
def test_a_record_that_cannot_be_read_is_replaced_once_its_claim_ends(
    fleet: Fleet, record: dict[str, Any]
) -> None:
    fleet.all_get(environments=1)  # so that the item is there
    del fleet.environments[0]
    [item] = client("dynamodb").scan(TableName="tokens")["Items"]
    del item["record"]
    item["not_before"] = {"N": repr(fleet.clock.now + 600)}
    client("dynamodb").put_item(TableName="tokens", Item={**item, **record})
    for _ in range(10):
        assert set(fleet.all_get(environments=20)) == {None}
        fleet.clock.advance(60)
    assert len(fleet.asked_at) == 1
    assert "token-2" in fleet.all_get(environments=20)
    assert set(fleet.all_get(environments=20)) == {"token-2"}
    assert len(fleet.asked_at) == 2


def test_a_table_that_is_unavailable_is_reported_without_what_it_holds(fleet: Fleet) -> None:
    away = DynamoDbTokenTable(fleet.dynamodb, "elsewhere")
    for act in (
        lambda: away.read("c"),
        lambda: away.claim("c", TokenRecord("secret"), 0),
        lambda: away.write("c", TokenRecord("secret")),
    ):
        with pytest.raises(TokenTableError, match="ResourceNotFoundException") as error:
            act()
        assert "secret" not in str(error.value)
