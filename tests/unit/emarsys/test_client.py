"""One check of one export, with each kind of credentials, in good times and bad."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.aws import error_name
from export_watch.emarsys.client import CHECK_SECONDS, EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.errors import NoReplyError, TokenTableError, UnreadableReplyError
from export_watch.transport import Reply
from export_watch.watch import ExportStatus, Observation, Obstacle, ObstacleCode, Refusal, Refused, StatusSeen
from tests.unit.emarsys.fakes import (
    HOST,
    NO_ANSWER,
    TOKEN_URL,
    Answer,
    Call,
    FakeClock,
    FakeHttp,
    FakeSecretsManager,
    FakeTokenTable,
    aws_error,
    reply,
)

OAUTH = {"client_id": "my-id", "client_secret": "my-client-secret"}
WSSE = {"username": "customer001", "secret": "my-secret"}
READY = reply(200, {"replyCode": 0, "replyText": "OK", "data": {"id": "123", "status": "ready"}})
UNAUTHORIZED = reply(401, {"message": "Credentials are invalid."})


class Emarsys:
    """Accepts one OAuth pair and the tokens that it issued for it; answers status calls as it is told to."""

    def __init__(self, secret: Any = OAUTH) -> None:
        self.clock = FakeClock()
        self.http = FakeHttp(self._answer)
        self.secrets_manager = FakeSecretsManager(default=secret)
        self.table = FakeTokenTable()
        self.pair = OAUTH
        self.tokens: set[str] = set()
        self.issued = 0
        self.token_answer: Answer | None = None
        self.status_answer: Answer = READY
        self.each_call_takes_seconds = 0.0
        self.client = EmarsysClient(
            CredentialsStore(self.secrets_manager, "emarsys", HOST, TOKEN_URL, self.clock),
            self.http,
            TokenStore(self.http, self.table, self.clock),
            self.clock,
        )

    def _answer(self, call: Call) -> Answer:
        self.clock.advance(self.each_call_takes_seconds)
        if call.url == TOKEN_URL:
            return self.token_answer or self._issue(call)
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and token not in self.tokens:
            return UNAUTHORIZED
        return self.status_answer

    def _issue(self, call: Call) -> Answer:
        pair = f"{self.pair['client_id']}:{self.pair['client_secret']}"
        if call.headers["Authorization"] != "Basic " + b64encode(pair.encode()).decode():
            return reply(401, {"error": "invalid_client"})
        self.issued += 1
        self.tokens.add(f"token-{self.issued}")
        return reply(200, {"access_token": f"token-{self.issued}", "expires_in": 3600})

    def rotate(self, client_secret: str) -> None:
        """Give the client another secret; what was issued before is worth nothing any more."""
        self.pair = OAUTH | {"client_secret": client_secret}
        self.tokens.clear()

    def check(self) -> Observation:
        return self.client.check("default", 123)

    def obstacle(self) -> ObstacleCode:
        found = self.check()
        assert isinstance(found, Obstacle)
        return found.code

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.http.calls if call.method == method]


def test_with_oauth_a_check_is_one_get_on_version_3() -> None:
    emarsys = Emarsys(OAUTH)
    found = emarsys.check()
    assert isinstance(found, StatusSeen)
    assert (found.status, found.file_url) == (ExportStatus.READY, f"{HOST}/api/v3/export/123/data")
    (get,) = emarsys.calls_of("GET")
    assert (get.url, get.body) == (f"{HOST}/api/v3/export/123", None)
    assert get.headers["Authorization"] == "Bearer token-1"
    assert "X-WSSE" not in get.headers


def test_with_wsse_a_check_is_one_get_on_version_2() -> None:
    emarsys = Emarsys(WSSE)
    found = emarsys.check()
    assert isinstance(found, StatusSeen)
    assert found.file_url == f"{HOST}/api/v2/export/123/data"
    (get,) = emarsys.http.calls
    assert (get.method, get.url) == ("GET", f"{HOST}/api/v2/export/123")
    assert get.headers["X-WSSE"].startswith('UsernameToken Username="customer001", PasswordDigest="')
    assert get.headers["Content-Type"] == "application/json"
    assert "Authorization" not in get.headers


def test_a_wsse_header_is_new_on_every_request() -> None:
    emarsys = Emarsys(WSSE)
    for _ in range(5):
        emarsys.check()
    assert len({call.headers["X-WSSE"] for call in emarsys.http.calls}) == 5


def test_a_token_serves_many_checks() -> None:
    emarsys = Emarsys()
    for _ in range(50):
        assert isinstance(emarsys.check(), StatusSeen)
        emarsys.clock.advance(60)
    assert emarsys.issued == 1


def test_the_secret_s_own_host_is_asked() -> None:
    emarsys = Emarsys(WSSE | {"host": "https://suite12.emarsys.net/"})
    emarsys.check()
    assert emarsys.http.calls[0].url == "https://suite12.emarsys.net/api/v2/export/123"


def test_a_refusal_is_handed_on() -> None:
    emarsys = Emarsys()
    emarsys.status_answer = reply(400, {"replyCode": 10001, "replyText": "Invalid export ID", "data": ""})
    assert emarsys.check() == Refused(Refusal.EXPORT_NOT_FOUND)


def test_what_answers_but_not_by_http_is_an_unexpected_reply() -> None:
    emarsys = Emarsys()
    emarsys.status_answer = UnreadableReplyError("a reply that is not HTTP")
    assert emarsys.obstacle() is ObstacleCode.UNEXPECTED_REPLY


@pytest.mark.parametrize("secret", [OAUTH, WSSE])
def test_what_cannot_be_reached_is_unavailable(secret: dict[str, str]) -> None:
    emarsys = Emarsys(secret)
    emarsys.status_answer = NoReplyError("no connection in time")
    assert emarsys.obstacle() is ObstacleCode.EMARSYS_UNAVAILABLE


def test_without_a_secret_nothing_is_asked() -> None:
    emarsys = Emarsys()
    emarsys.secrets_manager.secrets.clear()
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_MISSING
    emarsys.secrets_manager.failure = NO_ANSWER
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_MISSING
    assert emarsys.http.calls == []


@pytest.mark.parametrize(
    ("failure", "passing"),
    [
        (aws_error("AccessDeniedException"), False),
        (aws_error("ThrottlingException"), True),
        (aws_error("InternalServiceError", status=500), True),
        (aws_error("Slow", status=429), True),
        (NO_ANSWER, True),
    ],
    ids=str,
)
def test_an_error_of_aws_that_passes_by_itself_is_distinguished(failure: Any, passing: bool) -> None:
    away = Emarsys()
    away.secrets_manager.failure = failure
    detail = f"the secret emarsys/default cannot be read: {error_name(failure)}"
    assert away.check() == Obstacle(ObstacleCode.CREDENTIALS_MISSING, detail, aws_unavailable=passing)
    tableless = Emarsys()
    tableless.table.failure = TokenTableError("no table", aws_unavailable=passing)
    assert tableless.check() == Obstacle(
        ObstacleCode.CREDENTIALS_MISSING, "no table", aws_unavailable=passing
    )


def test_a_secret_that_is_fixed_is_used_by_the_next_check() -> None:
    emarsys = Emarsys("no JSON")
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_MISSING
    emarsys.secrets_manager.secrets["emarsys/default"] = OAUTH
    assert isinstance(emarsys.check(), StatusSeen)


def test_a_secret_rotated_in_mid_watch_is_read_within_the_same_check() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.rotate("rotated")
    emarsys.secrets_manager.secrets["emarsys/default"] = OAUTH | {"client_secret": "rotated"}
    assert isinstance(emarsys.check(), StatusSeen)
    assert emarsys.issued == 2


def test_a_wsse_secret_rotated_in_mid_watch_is_read_within_the_same_check() -> None:
    emarsys = Emarsys(WSSE)
    emarsys.check()
    emarsys.secrets_manager.secrets["emarsys/default"] = OAUTH
    emarsys.status_answer = UNAUTHORIZED
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
    assert emarsys.http.calls[-1].headers["Authorization"] == "Bearer token-1"


def test_a_secret_rotated_in_emarsys_first_is_waited_for() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.rotate("rotated")
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
    emarsys.clock.advance(60)
    emarsys.secrets_manager.secrets["emarsys/default"] = OAUTH | {"client_secret": "rotated"}
    assert isinstance(emarsys.check(), StatusSeen)


def test_a_token_revoked_early_is_not_replaced_at_once() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.tokens.clear()
    emarsys.clock.advance(599)
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
    assert emarsys.issued == 1


def test_a_token_revoked_late_is_replaced_within_the_same_check() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.tokens.clear()
    emarsys.clock.advance(600)
    assert isinstance(emarsys.check(), StatusSeen)
    assert emarsys.issued == 2


@pytest.mark.parametrize("between_checks", [1, 10, 60])
def test_a_lasting_401_makes_no_storm_of_token_requests(between_checks: int) -> None:
    emarsys = Emarsys()
    emarsys.status_answer = UNAUTHORIZED
    for _ in range(3600 // between_checks):
        assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
        emarsys.clock.advance(between_checks)
    assert len(emarsys.calls_of("POST")) <= 10


def test_lasting_refusals_of_the_token_url_make_no_storm_of_token_requests() -> None:
    emarsys = Emarsys(OAUTH | {"client_secret": "wrong"})
    for _ in range(360):
        assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
        emarsys.clock.advance(10)
    assert len(emarsys.calls_of("POST")) <= 10
    assert emarsys.calls_of("GET") == []


def test_a_lasting_401_with_wsse_is_asked_once_a_check() -> None:
    emarsys = Emarsys(WSSE)
    emarsys.status_answer = UNAUTHORIZED
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED
    assert len(emarsys.http.calls) == 1
    assert emarsys.secrets_manager.reads == 2


@pytest.mark.parametrize("secret", [OAUTH, WSSE])
def test_what_a_401_asks_to_wait_counts_although_its_token_cannot_be_replaced_yet(
    secret: dict[str, str],
) -> None:
    emarsys = Emarsys(secret)
    emarsys.status_answer = reply(401, b"", Retry_After="300")
    found = emarsys.check()
    assert isinstance(found, Obstacle)
    assert (found.code, found.retry_after_seconds) == (ObstacleCode.CREDENTIALS_REFUSED, 300)
    assert ("token URL" in found.remedy) is (secret is OAUTH)  # which took the credentials


def test_a_401_does_not_delay_the_status_that_a_new_token_brings() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.clock.advance(600)
    answers = [reply(401, b"", Retry_After="300"), READY]
    emarsys.http.answer = lambda call: emarsys._issue(call) if call.method == "POST" else answers.pop(0)
    assert isinstance(emarsys.check(), StatusSeen)


def test_a_401_while_secrets_manager_is_down_is_still_a_401() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.tokens.clear()
    emarsys.secrets_manager.failure = aws_error("ThrottlingException")
    assert emarsys.obstacle() is ObstacleCode.CREDENTIALS_REFUSED


def test_the_calls_of_a_check_share_its_time() -> None:
    emarsys = Emarsys()
    emarsys.check()
    emarsys.tokens.clear()
    emarsys.clock.advance(600)
    began, emarsys.each_call_takes_seconds = len(emarsys.http.calls), 10.0
    emarsys.check()
    assert [call.within_seconds for call in emarsys.http.calls[began:]] == [
        CHECK_SECONDS,
        CHECK_SECONDS - 10,
        CHECK_SECONDS - 20,
    ]


@pytest.mark.parametrize("answer", [UNAUTHORIZED, reply(500, b""), NoReplyError("the connection broke off")])
@pytest.mark.parametrize("secret", [OAUTH, WSSE])
def test_no_observation_holds_a_secret(secret: dict[str, str], answer: Answer) -> None:
    emarsys = Emarsys(secret)
    emarsys.status_answer = answer
    found = repr(emarsys.check())
    assert not any(word in found for word in ("my-", "customer001", "token-1", "Bearer"))


answers = st.one_of(
    st.builds(Reply, st.integers(100, 599), st.dictionaries(st.text(), st.text()), st.binary()),
    st.sampled_from([READY, UNAUTHORIZED, reply(200, {"access_token": "t", "expires_in": 9})]),
    st.builds(NoReplyError, st.text()),
)
secrets = st.text() | st.dictionaries(
    st.sampled_from([*OAUTH, *WSSE, "host", "token_url"]), st.text(st.characters()) | st.just("a"), min_size=2
)


@given(secrets, answers, answers)
def test_no_check_ever_raises(secret: Any, token_answer: Answer, status_answer: Answer) -> None:
    emarsys = Emarsys(secret)
    emarsys.token_answer, emarsys.status_answer = token_answer, status_answer
    for _ in range(3):
        assert isinstance(emarsys.check(), StatusSeen | Refused | Obstacle)
        emarsys.clock.advance(700)
