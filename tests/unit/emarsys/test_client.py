"""One check of one export, with each kind of credentials, in good times and bad."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export_watch.emarsys.client import CHECK_SECONDS, EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.errors import NoReplyError, TokenTableError
from export_watch.transport import Reply
from export_watch.watch import ExportStatus, Observation, Obstacle, ObstacleCode, Refused, StatusSeen
from tests.unit.emarsys.fakes import (
    HOST,
    OAUTH,
    TOKEN_URL,
    WSSE,
    Answer,
    Call,
    FakeClock,
    FakeHttp,
    FakeSecretsManager,
    FakeTokenTable,
    aws_error,
    reply,
)

OWN = {"host": "https://suite12.emarsys.net"}
READY = reply(200, {"replyCode": 0, "replyText": "OK", "data": {"id": "123", "status": "ready"}})
UNAUTHORIZED = reply(401, {"message": "Credentials are invalid."})
ROTATED = OAUTH | {"client_secret": "rotated"}


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
        return UNAUTHORIZED if scheme == "Bearer" and token not in self.tokens else self.status_answer

    def _issue(self, call: Call) -> Answer:
        pair = f"{self.pair['client_id']}:{self.pair['client_secret']}"
        if call.headers["Authorization"] != "Basic " + b64encode(pair.encode()).decode():
            return reply(401, {"error": "invalid_client"})
        self.issued += 1
        self.tokens.add(f"token-{self.issued}")
        return reply(200, {"access_token": f"token-{self.issued}", "expires_in": 3600})

    def check(self) -> Observation:
        return self.client.check("default", 123)

    def obstacle(self) -> Obstacle:
        found = self.check()
        assert isinstance(found, Obstacle)
        return found


@pytest.mark.parametrize(
    ("secret", "url", "header", "value"),
    [
        (OAUTH, f"{HOST}/api/v3/export/123", "Authorization", "Bearer token-1"),
        (WSSE | OWN, f"{OWN['host']}/api/v2/export/123", "X-WSSE", '.* Username="customer001", .*'),
    ],
    ids=["OAuth", "WSSE"],
)
def test_a_check_is_one_get_with_the_account_s_credentials(secret, url, header, value):
    emarsys = Emarsys(secret)
    found = emarsys.check()
    assert isinstance(found, StatusSeen)
    assert (found.status, found.file_url) == (ExportStatus.READY, f"{url}/data")
    [get] = [call for call in emarsys.http.calls if call.method == "GET"]
    assert (get.url, get.body) == (url, None)
    assert re.fullmatch(value, get.headers[header])
    assert set(get.headers) == {header, "Content-Type", "Accept"}
    assert get.headers["Content-Type"] == get.headers["Accept"] == "application/json"


def test_a_moment_that_a_header_names_is_compared_with_the_real_clock():
    emarsys = Emarsys()
    emarsys.status_answer = reply(503, b"", Retry_After="Fri, 01 Jan 2100 00:00:00 GMT")
    assert emarsys.obstacle().retry_after_seconds == 3600


def test_a_wsse_header_is_made_for_each_request_and_a_token_serves_many():
    signed, with_token, began = Emarsys(WSSE), Emarsys(), datetime.now(UTC).replace(microsecond=0)
    for emarsys in [signed, with_token] * 50:
        assert isinstance(emarsys.check(), StatusSeen)
        emarsys.clock.advance(60)
    assert with_token.issued == 1
    headers = [call.headers["X-WSSE"] for call in signed.http.calls]
    assert len({re.search('Nonce="([0-9a-f]{32})"', header)[1] for header in headers}) == 50  # type: ignore[index]
    created = datetime.fromisoformat(headers[-1].split('"')[-2])
    assert began <= created <= datetime.now(UTC)


def test_what_cannot_be_reached_is_unavailable():
    emarsys = Emarsys()
    emarsys.status_answer = NoReplyError("no connection in time")
    detail = "Emarsys cannot be reached: no connection in time"
    assert emarsys.check() == Obstacle(ObstacleCode.EMARSYS_UNAVAILABLE, detail)


@pytest.mark.parametrize("passing", [False, True])
def test_without_a_secret_or_the_token_table_nothing_is_asked(passing):
    emarsys = Emarsys()
    emarsys.secrets_manager.failure = aws_error("DecryptionFailure", status=500 if passing else 400)
    found = emarsys.obstacle()
    assert (found.code, found.aws_unavailable) == (ObstacleCode.CREDENTIALS_MISSING, passing)
    assert found.detail == "the secret emarsys/default cannot be read: DecryptionFailure"
    assert "SecretsKeyArn" in found.remedy
    emarsys.secrets_manager.failure = None
    emarsys.table.failure = TokenTableError("no table", aws_unavailable=passing)
    assert emarsys.check() == Obstacle(ObstacleCode.CREDENTIALS_MISSING, "no table", aws_unavailable=passing)
    assert emarsys.http.calls == []


@pytest.mark.parametrize(
    ("before", "after", "finds"),
    [(OAUTH, ROTATED, StatusSeen), (OAUTH, OAUTH, Obstacle), (WSSE, ROTATED, StatusSeen)],
    ids=["in Emarsys and in the secret", "in Emarsys first", "WSSE to OAuth"],
)
def test_a_secret_that_was_rotated_is_read_within_the_same_check(before, after, finds):
    emarsys = Emarsys(before)
    emarsys.check()
    emarsys.pair = ROTATED
    emarsys.tokens.clear()
    emarsys.secrets_manager.store("default", after)
    if before == WSSE:
        emarsys.http.answer = lambda call: UNAUTHORIZED if "X-WSSE" in call.headers else emarsys._answer(call)
    assert isinstance(emarsys.check(), finds)
    emarsys.clock.advance(60)
    emarsys.secrets_manager.store("default", ROTATED)
    assert isinstance(emarsys.check(), StatusSeen)


@pytest.mark.parametrize("secret", [WSSE, OAUTH | {"client_secret": "wrong"}], ids=["WSSE", "no token"])
def test_credentials_that_are_refused_and_stay_the_same_are_tried_once_a_check(secret):
    emarsys = Emarsys(secret)
    emarsys.status_answer = UNAUTHORIZED
    assert emarsys.obstacle().code is ObstacleCode.CREDENTIALS_REFUSED
    assert (len(emarsys.http.calls), emarsys.secrets_manager.reads) == (1, 2)


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        (UNAUTHORIZED, UNAUTHORIZED, None),
        (reply(401, b"", Retry_After="300"), UNAUTHORIZED, 300),
        (reply(401, b"", Retry_After="300"), reply(503, b"", Retry_After="200"), 300),
        (reply(401, b"", Retry_After="200"), reply(503, b"", Retry_After="300"), 300),
        (UNAUTHORIZED, reply(503, b"", Retry_After="9"), 9),
        (reply(401, b"", Retry_After="0"), UNAUTHORIZED, 0),
    ],
)
def test_a_check_waits_as_long_as_either_of_its_attempts_was_asked_to(first, second, seconds):
    emarsys = Emarsys()
    emarsys.check()
    emarsys.clock.advance(600)
    answers = [first, second]
    emarsys.http.answer = lambda call: emarsys._issue(call) if call.method == "POST" else answers.pop(0)
    assert emarsys.obstacle().retry_after_seconds == seconds
    answers = [first, READY]
    emarsys.clock.advance(600)
    assert isinstance(emarsys.check(), StatusSeen)


def test_the_calls_of_a_check_share_its_time():
    emarsys = Emarsys()
    emarsys.check()
    emarsys.tokens.clear()
    emarsys.clock.advance(600)
    began, emarsys.each_call_takes_seconds = len(emarsys.http.calls), 10.0
    emarsys.check()
    given_seconds = [call.within_seconds for call in emarsys.http.calls[began:]]
    assert given_seconds == [CHECK_SECONDS, CHECK_SECONDS - 10, CHECK_SECONDS - 20]


answers = st.one_of(
    st.builds(Reply, st.integers(100, 599), st.dictionaries(st.text(), st.text()), st.binary()),
    st.sampled_from([READY, UNAUTHORIZED, reply(200, {"access_token": "t", "expires_in": 9})]),
    st.builds(NoReplyError, st.text()),
)
secrets = st.text() | st.dictionaries(
    st.sampled_from([*OAUTH, *WSSE, "host", "token_url"]), st.text(st.characters()) | st.just("a"), min_size=2
)


@settings(max_examples=50)
@given(secrets, answers, answers)
def test_no_check_ever_raises(secret, token_answer, status_answer):
    emarsys = Emarsys(secret)
    emarsys.token_answer, emarsys.status_answer = token_answer, status_answer
    for _ in range(2):
        assert isinstance(emarsys.check(), StatusSeen | Refused | Obstacle)
        emarsys.clock.advance(700)
