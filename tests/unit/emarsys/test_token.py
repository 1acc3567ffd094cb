"""Access tokens: kept while they last, renewed in time, and never asked for in a storm.

The limits are the lower of the two that are known: 2 requests a minute and 10 an hour for each client id.
"""

import itertools
import random
from base64 import b64encode
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from export_watch.emarsys.credentials import OAuthCredentials
from export_watch.emarsys.token import TokenStore
from export_watch.errors import NoReplyError, NoTokenError, TokenTableError
from export_watch.transport import Reply
from export_watch.watch import Obstacle, ObstacleCode
from tests.unit.emarsys.fakes import HOST, TOKEN_URL, Answer, Call, FakeClock, FakeHttp, FakeTokenTable, reply

CREDENTIALS = OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL, made_at=1)
FAILING = reply(503, b"")
MISSING, REFUSED, _, LIMITED, UNAVAILABLE, UNEXPECTED = ObstacleCode


class TokenUrl:
    """Issues `token-1`, `token-2`, … for an hour, or answers as it is told to; a check takes no time."""

    def __init__(self, always: Answer | None = None) -> None:
        self.clock = FakeClock()
        self.http = FakeHttp(self._answer)
        self.table = FakeTokenTable()
        self.store = self.environment()
        self.always = always
        self.expires_in: Any = 3600
        self.asked_at: list[float] = []

    def environment(self) -> TokenStore:
        """Another execution environment, which shares the table."""
        return TokenStore(self.http, self.table, self.clock)

    def _answer(self, _: Call) -> Answer:
        self.asked_at.append(self.clock.now)
        issued = {"access_token": f"token-{len(self.asked_at)}", "expires_in": self.expires_in}
        return self.always or reply(200, issued)

    def token(self, refused: str | None = None) -> str | None:
        try:
            return self.store.get(CREDENTIALS, 20, refused)
        except NoTokenError:
            return None

    def obstacle(self, refused: str | None = None, store: TokenStore | None = None) -> Obstacle:
        with pytest.raises(NoTokenError) as error:
            (store or self.store).get(CREDENTIALS, 20, refused)
        assert error.value.__suppress_context__ or error.value.__context__ is None
        return error.value.obstacle

    def pauses(self) -> list[float]:
        return [later - at for at, later in pairwise(self.asked_at)]

    def most_within(self, seconds: int) -> int:
        return max(sum(0 <= each - at < seconds for each in self.asked_at) for at in self.asked_at)


@pytest.fixture
def token_url() -> TokenUrl:
    return TokenUrl()


def test_a_token_is_asked_for_as_oauth_2_has_it_but_for_id_and_secret_which_stay_as_they_are(token_url):
    assert token_url.store.get(OAuthCredentials("a+b", "ü%/", HOST, TOKEN_URL), 12.5) == "token-1"
    headers = {
        "Authorization": "Basic " + b64encode("a+b:ü%/".encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    assert token_url.http.calls == [
        Call("POST", TOKEN_URL, headers, b"grant_type=client_credentials", within_seconds=12.5)
    ]


@pytest.mark.parametrize(
    ("expires_in", "lasts_seconds"),
    [
        *((hour, 3300) for hour in (3600, "3600", 3600.0, None, "soon", 0, -5, 0.9, True, "nan")),
        (900, 810),
        (604_800, 86_100),
        ("inf", 86_100),
    ],
)
def test_a_token_is_renewed_a_while_before_it_expires_and_where_nothing_is_said_it_is_the_documented_hour(
    token_url, expires_in, lasts_seconds
):
    token_url.expires_in = expires_in
    for seconds in (0, 1, lasts_seconds - 2):
        token_url.clock.advance(seconds)
        assert token_url.token() == "token-1"
    token_url.clock.advance(1)
    assert token_url.token() == "token-2"


@pytest.mark.parametrize("expires_in", [1, 60, 599])
def test_a_token_that_lasts_less_than_ten_minutes_is_missed_for_the_rest_of_them(token_url, expires_in):
    """The limit of requests goes before; whoever checks meanwhile is told why there is none."""
    token_url.expires_in = expires_in
    for seconds in (0, expires_in - 0.5):
        token_url.clock.advance(seconds)
        assert token_url.token() == "token-1"
    token_url.clock.advance(0.5)
    found = token_url.obstacle()
    assert (found.code, found.retry_after_seconds) == (LIMITED, None)
    assert "something else asks for tokens with the same client id" in found.remedy
    token_url.clock.advance(599.5 - expires_in)
    assert token_url.token() is None
    token_url.clock.advance(0.5)
    assert token_url.token() == "token-2"


def test_a_warm_check_asks_no_table_a_cold_one_takes_the_shared_token_and_one_renews_it_for_all(token_url):
    assert token_url.token() == "token-1"
    calls = token_url.table.calls
    token_url.clock.advance(2000)
    assert token_url.token() == "token-1"
    assert token_url.table.calls == calls
    other = token_url.environment()
    assert other.get(CREDENTIALS, 20) == "token-1"
    token_url.clock.advance(1300)
    assert other.get(CREDENTIALS, 20) == token_url.token() == "token-2"


def test_each_client_of_each_token_url_has_its_own_token(token_url):
    assert token_url.token() == "token-1"
    assert token_url.store.get(replace(CREDENTIALS, client_id="other-id"), 20) == "token-2"
    assert token_url.store.get(replace(CREDENTIALS, token_url=f"{TOKEN_URL}/2"), 20) == "token-3"
    assert not any("id" in client for client in token_url.table.records)


CHECK_URL = "Check the token URL: the parameter EmarsysTokenUrl"
CHECK_PAIR = "Check client_id and client_secret in the account's secret."
ADVICE = {
    "invalid_client": CHECK_PAIR,
    "invalid_scope": "The watch asks for no scope. Give the client a default scope",
    "unauthorized_client": "Allow this client the client credentials grant",
    "unsupported_grant_type": "It does not issue tokens for client credentials. " + CHECK_URL,
    "invalid_grant": "It does not take the grant client_credentials from this client. " + CHECK_URL,
    "invalid_request": "It wants something that the client credentials grant does not have. " + CHECK_URL,
}
BOTH = f"{CHECK_PAIR} {CHECK_URL}"
OTHER = "Its error is none of RFC 6749, and not quoted here"
NO_ERRORS: list[Any] = [b"", [], {}, {"error": ["invalid_client"]}, {"error": {}}, {"error": ""}]
NO_TOKENS: list[Any] = ["", 5, None, "a\r\nX: b", "tökən", "a b", "a" * 8193]
PLANTED = {"access_token": "planted", "error": "planted"}
INVALID = {"error": "invalid_client"}


@pytest.mark.parametrize(
    ("answer", "code", "more", "remedy"),
    [
        *(
            (reply(status, {"error": error}), REFUSED, f" ({error})", remedy)
            for status in (200, 400, 401, 404)
            for error, remedy in ADVICE.items()
        ),
        *(
            (reply(status, {"error": error}), UNAVAILABLE, f" ({error})", CHECK_URL)
            for status in (200, 400, 401)
            for error in ("server_error", "temporarily_unavailable")
        ),
        *((reply(status, PLANTED), REFUSED, "", OTHER) for status in (400, 403)),
        (reply(401, PLANTED), REFUSED, "", BOTH),
        *((reply(400, content), REFUSED, "", BOTH) for content in NO_ERRORS),
        *((reply(status, b"planted"), REFUSED, "", BOTH) for status in (401, 403)),
        # A status that says to wait, or elsewhere, wins over the error.
        (reply(429, INVALID), LIMITED, "", "It passes by itself."),
        *((reply(status, INVALID), UNAVAILABLE, "", CHECK_URL) for status in (408, 423, 425, 500, 599)),
        (reply(301, INVALID), UNEXPECTED, ", a redirect, which is not followed", CHECK_URL),
        *((reply(status, PLANTED), UNEXPECTED, "", CHECK_URL) for status in (199, 404)),
        (Reply(404, {}, interrupted=True), UNAVAILABLE, "", CHECK_URL),
        (reply(200, b"<html>"), UNEXPECTED, " without an access token", CHECK_URL),
        *(
            (reply(201, {"access_token": token}), UNEXPECTED, " without an access token", CHECK_URL)
            for token in NO_TOKENS
        ),
    ],
)
def test_what_brings_no_token_is_an_obstacle_that_says_what_to_do(token_url, answer, code, more, remedy):
    token_url.always = answer
    found = token_url.obstacle()
    assert (found.code, found.detail) == (code, f"the token URL answered HTTP {answer.status}{more}")
    assert found.remedy.startswith(remedy)
    assert not any(word in repr(found) for word in ("planted", "my-"))


def test_without_a_reply_it_is_said_that_the_token_url_cannot_be_reached():
    found = TokenUrl(NoReplyError("no way")).obstacle()
    assert (found.code, found.detail) == (UNAVAILABLE, "the token URL cannot be reached: no way")
    assert found.remedy.startswith(CHECK_URL)


@pytest.mark.parametrize("status", [200, 299])
def test_a_token_counts_whatever_success_it_comes_with(token_url, status):
    token_url.always = reply(status, {"access_token": "a" * 8192})
    assert token_url.token() == "a" * 8192


@pytest.mark.parametrize(
    ("answer", "asked", "seconds_later", "left"),
    [
        (reply(429, b""), 60, 0, 60),
        (reply(429, b"", Retry_After="3600"), 3600, 1.5, 3599),
        (reply(503, b"", Retry_After="300"), 300, 299.5, 1),
        (reply(401, b"", Retry_After="300"), 300, 0, 300),
        (reply(429, b"", X_RateLimit_Reset="1795452901"), 300, 0, 300),
        (reply(503, b"", Retry_After="Mon, 23 Nov 2026 16:51:01 GMT"), 60, 0, 60),
        # A claim may last longer, but a token may be there by then.
        (reply(429, b"", Retry_After="1"), 1, 20, 1),
        (reply(503, b"", Retry_After="0"), 0, 20, 0),
        (reply(503, b""), None, 20, None),
        (NoReplyError("no way"), None, 20, None),
    ],
)
def test_whoever_reads_later_gets_what_is_left_of_the_time_that_was_asked_for(
    answer, asked, seconds_later, left
):
    """From the table or from memory; and nobody asks again before."""
    token_url = TokenUrl(answer)
    found = token_url.obstacle()
    assert found.retry_after_seconds == asked
    token_url.clock.advance(seconds_later)
    calls = token_url.table.calls
    for store in (token_url.store, token_url.environment()):
        assert token_url.obstacle(store=store) == replace(found, retry_after_seconds=left)
    assert token_url.table.calls == calls + 2  # nothing is claimed before
    token_url.clock.advance(max(asked or 0, 30) - seconds_later - 0.01)
    assert token_url.token() is None
    assert len(token_url.asked_at) == 1
    token_url.clock.advance(0.01)
    token_url.token()
    assert len(token_url.asked_at) == 2


def test_the_pauses_after_failures_double_up_to_ten_minutes():
    token_url = TokenUrl(FAILING)
    for _ in range(340):
        assert token_url.obstacle().code is UNAVAILABLE
        token_url.clock.advance(10)
    assert token_url.pauses() == [30, 60, 120, 240, 480, 600, 600, 600, 600]


def test_a_token_is_no_failure_and_lets_no_failure_be_forgotten(token_url):
    token_url.expires_in = 900
    answers = [None, FAILING, FAILING, None, FAILING, FAILING, FAILING]
    for seconds, answer in zip([0, 810, 30, 60, 810, 119, 1], answers, strict=True):
        token_url.clock.advance(seconds)
        token_url.always = answer
        token_url.token()
    assert token_url.pauses() == [810, 30, 60, 810, 120]


@pytest.mark.parametrize(("quiet_seconds", "pause"), [(2399, 60), (2400, 30)])
def test_failures_are_forgotten_once_nobody_has_asked_for_forty_minutes(quiet_seconds, pause):
    token_url = TokenUrl(FAILING)
    token_url.token()
    token_url.clock.advance(30 + quiet_seconds)
    for _ in range(7):
        token_url.token()
        token_url.clock.advance(10)
    assert token_url.pauses()[1] == pause


AWAY = TokenTableError("away", aws_unavailable=True)


@pytest.mark.parametrize(
    ("answer", "failure", "detail"), [(FAILING, None, "answered HTTP 503"), (None, AWAY, "away")]
)
def test_a_token_that_still_lasts_serves_while_it_cannot_be_renewed(token_url, answer, failure, detail):
    token_url.token()
    token_url.always, token_url.table.failure = answer, failure
    token_url.clock.advance(3599)
    assert token_url.token() == "token-1"
    assert token_url.obstacle(refused="token-1").detail.endswith(detail)
    token_url.clock.advance(1)
    assert token_url.obstacle().detail.endswith(detail)


def test_without_the_table_no_token_is_asked_for(token_url):
    token_url.table.failure = AWAY
    assert token_url.obstacle() == Obstacle(MISSING, "away", aws_unavailable=True)
    assert token_url.asked_at == []


def test_a_token_that_cannot_be_stored_serves_its_own_environment(token_url, monkeypatch):
    def write(client: str, record: object) -> None:
        raise TokenTableError("away")

    monkeypatch.setattr(token_url.table, "write", write)
    assert token_url.token() == "token-1"
    assert token_url.token() == "token-1"
    found = token_url.obstacle(store=token_url.environment())
    assert (found.code, found.retry_after_seconds) == (LIMITED, None)


def test_whoever_loses_a_claim_takes_what_the_winner_left(token_url, monkeypatch):
    def claim(client: str, record: object, now: float) -> bool:
        monkeypatch.undo()
        token_url.environment().get(CREDENTIALS, 20)
        return False

    monkeypatch.setattr(token_url.table, "claim", claim)
    assert token_url.token() == "token-1"
    assert len(token_url.asked_at) == 1


def test_a_refused_token_is_replaced_once_it_is_ten_minutes_old_and_not_handed_out_again(token_url):
    token_url.token()
    token_url.clock.advance(599)
    found = token_url.obstacle(refused="token-1")
    assert (found.code, found.retry_after_seconds) == (REFUSED, None)
    assert "The token URL took those of the secret" in found.remedy
    token_url.clock.advance(1)
    assert [token_url.token(refused) for refused in ("token-1", "token-1", None)] == ["token-2"] * 3
    token_url.clock.advance(600)
    token_url.always = reply(200, {"access_token": "token-2"})
    assert token_url.obstacle(refused="token-2").code is REFUSED
    assert len(token_url.asked_at) == 3


@pytest.mark.parametrize("expires_in", [1, 300, 900, 3600])
@pytest.mark.parametrize("seed", range(3))
def test_no_mixture_of_failures_refusals_and_short_lives_makes_a_storm(token_url, expires_in, seed):
    """The token URL fails in runs of up to six requests, and its tokens may be refused."""
    chance = random.Random(seed)
    token_url.expires_in = expires_in
    answers = itertools.chain.from_iterable(
        [*[FAILING] * chance.randrange(7), None] for _ in itertools.count()
    )
    asked, token_url.always = 0, next(answers)
    for _ in range(3 * 3600 // 10):
        token_url.token(refused=token_url.token() if chance.random() < 0.2 * seed else None)
        if len(token_url.asked_at) > asked:
            asked, token_url.always = len(token_url.asked_at), next(answers)
        token_url.clock.advance(10)
    assert (token_url.most_within(60) <= 2, token_url.most_within(3600) <= 10) == (True, True)


@pytest.mark.parametrize("answer", [reply(401, b""), FAILING])
def test_two_versions_of_a_secret_in_use_make_no_storm(answer):
    """An environment knows the older one for ten minutes, or as long as the token URL does not refuse it."""
    token_url = TokenUrl(answer)
    for _ in range(360):
        for stored_at in (1, 2):
            with pytest.raises(NoTokenError):
                token_url.store.get(replace(CREDENTIALS, made_at=stored_at), 20)
        token_url.clock.advance(10)
    first, second, *_ = token_url.pauses()
    assert first == 0  # a secret that was rotated need not wait
    assert second == 30
    assert len(token_url.asked_at) <= 11
