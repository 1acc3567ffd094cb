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
from export_watch.errors import NoReplyError, NoTokenError, TokenTableError, UnreadableReplyError
from export_watch.transport import Reply
from export_watch.watch import Obstacle, ObstacleCode
from tests.unit.emarsys.fakes import HOST, TOKEN_URL, Answer, Call, FakeClock, FakeHttp, FakeTokenTable, reply

CREDENTIALS = OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)
TOO_MANY = reply(429, {"error": "rate_limit"}, Retry_After="1")
FAILURES = [
    pytest.param(reply(401, {"error": "invalid_client"}), ObstacleCode.CREDENTIALS_REFUSED, id="401"),
    pytest.param(reply(400, {"error": "invalid_client"}), ObstacleCode.CREDENTIALS_REFUSED, id="400"),
    pytest.param(reply(403, b""), ObstacleCode.CREDENTIALS_REFUSED, id="403"),
    pytest.param(TOO_MANY, ObstacleCode.RATE_LIMITED, id="429"),
    pytest.param(reply(500, b""), ObstacleCode.EMARSYS_UNAVAILABLE, id="500"),
    pytest.param(reply(503, b"<html>"), ObstacleCode.EMARSYS_UNAVAILABLE, id="503"),
    pytest.param(reply(404, b""), ObstacleCode.UNEXPECTED_REPLY, id="404"),
    pytest.param(reply(302, b""), ObstacleCode.UNEXPECTED_REPLY, id="302"),
    pytest.param(reply(200, b"<html>"), ObstacleCode.UNEXPECTED_REPLY, id="200 and HTML"),
    pytest.param(reply(200, []), ObstacleCode.UNEXPECTED_REPLY, id="200 and a list"),
    pytest.param(reply(200, {"expires_in": 3600}), ObstacleCode.UNEXPECTED_REPLY, id="200 and no token"),
    pytest.param(reply(200, {"access_token": ""}), ObstacleCode.UNEXPECTED_REPLY, id="an empty token"),
    pytest.param(reply(200, {"access_token": 5}), ObstacleCode.UNEXPECTED_REPLY, id="a number"),
    pytest.param(reply(200, {"access_token": "a\r\nX: b"}), ObstacleCode.UNEXPECTED_REPLY, id="line breaks"),
    pytest.param(reply(200, {"access_token": "tökən"}), ObstacleCode.UNEXPECTED_REPLY, id="no ASCII"),
    pytest.param(
        Reply(200, {}, flaw="a reply that is too long"), ObstacleCode.UNEXPECTED_REPLY, id="too long"
    ),
    pytest.param(NoReplyError("no connection in time"), ObstacleCode.EMARSYS_UNAVAILABLE, id="no reply"),
]


class TokenUrl:
    """Issues `token-1`, `token-2`, … for an hour, or answers as it is told to; a look takes no time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.http = FakeHttp(self._answer)
        self.table = FakeTokenTable()
        self.store = TokenStore(self.http, self.table, self.clock)
        self.always: Answer | None = None
        self.expires_in: Any = 3600
        self.issued = 0
        self.asked_at: list[float] = []

    def _answer(self, _: Call) -> Answer:
        self.asked_at.append(self.clock.now)
        if self.always:
            return self.always
        self.issued += 1
        return reply(
            200,
            {"access_token": f"token-{self.issued}", "token_type": "bearer", "expires_in": self.expires_in},
        )

    def token(self, refused: str | None = None) -> str | None:
        try:
            return self.store.get(CREDENTIALS, 20, refused)
        except NoTokenError:
            return None

    def refusal(self, refused: str | None = None) -> ObstacleCode:
        with pytest.raises(NoTokenError) as error:
            self.store.get(CREDENTIALS, 20, refused)
        return error.value.obstacle.code

    def obstacle(self, answer: Answer) -> Obstacle:
        self.always = answer
        with pytest.raises(NoTokenError) as error:
            self.store.get(CREDENTIALS, 20)
        return error.value.obstacle

    def most_requests_in(self, seconds: float) -> int:
        return max(sum(0 <= other - at < seconds for other in self.asked_at) for at in self.asked_at)


@pytest.fixture
def token_url() -> TokenUrl:
    return TokenUrl()


def test_a_token_is_asked_for_as_oauth_2_has_it(token_url: TokenUrl) -> None:
    assert token_url.store.get(CREDENTIALS, 12.5) == "token-1"
    (call,) = token_url.http.calls
    assert (call.method, call.url, call.body) == ("POST", TOKEN_URL, b"grant_type=client_credentials")
    assert call.headers["Authorization"] == "Basic " + b64encode(b"my-id:my-client-secret").decode()
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.within_seconds == 12.5


def test_client_id_and_secret_are_joined_as_they_are(token_url: TokenUrl) -> None:
    token_url.store.get(OAuthCredentials("a+b", "ü%/", HOST, TOKEN_URL), 20)
    assert (
        token_url.http.calls[0].headers["Authorization"] == "Basic " + b64encode("a+b:ü%/".encode()).decode()
    )


def test_a_token_is_kept_until_five_minutes_before_it_expires(token_url: TokenUrl) -> None:
    for _ in range(55):
        assert token_url.token() == "token-1"
        token_url.clock.advance(60)
    assert token_url.token() == "token-2"


@pytest.mark.parametrize("expires_in", [3600, "3600", 3600.0, None, "soon", 0, -5, 1e-9, [], True, "nan"])
def test_a_lifetime_that_is_not_reported_is_the_documented_hour(token_url: TokenUrl, expires_in: Any) -> None:
    token_url.expires_in = expires_in
    assert token_url.token() == "token-1"
    token_url.clock.advance(3299)
    assert token_url.token() == "token-1"
    token_url.clock.advance(1)
    assert token_url.token() == "token-2"


def test_a_shorter_lifetime_is_heeded(token_url: TokenUrl) -> None:
    token_url.expires_in = 900
    assert token_url.token() == "token-1"
    token_url.clock.advance(809)
    assert token_url.token() == "token-1"
    token_url.clock.advance(1)
    assert token_url.token() == "token-2"


@pytest.mark.parametrize("expires_in", [1, 60, 300, 599])
def test_a_token_that_lasts_less_than_ten_minutes_is_missed_for_the_rest_of_them(
    token_url: TokenUrl, expires_in: int
) -> None:
    """The limit of requests goes before; who looks meanwhile is told when the next one may be made."""
    token_url.expires_in = expires_in
    assert token_url.token() == "token-1"
    token_url.clock.advance(expires_in - 0.5)
    assert token_url.token() == "token-1"
    token_url.clock.advance(0.5)
    with pytest.raises(NoTokenError) as error:
        token_url.store.get(CREDENTIALS, 20)
    assert error.value.obstacle.code is ObstacleCode.RATE_LIMITED
    token_url.clock.advance(600 - expires_in)
    assert token_url.token() == "token-2"


def test_a_token_that_still_lasts_serves_while_it_cannot_be_renewed(token_url: TokenUrl) -> None:
    token_url.token()
    token_url.always = reply(503, b"")
    token_url.clock.advance(3570)
    assert token_url.token() == "token-1"
    token_url.clock.advance(31)
    assert token_url.refusal() is ObstacleCode.EMARSYS_UNAVAILABLE


def test_each_client_has_its_own_token(token_url: TokenUrl) -> None:
    other = OAuthCredentials("other-id", "my-client-secret", HOST, TOKEN_URL)
    assert token_url.store.get(CREDENTIALS, 20) != token_url.store.get(other, 20)


@pytest.mark.parametrize("status", [200, 203, 403, 404])
def test_an_error_of_rfc_6749_is_named_whatever_its_status(token_url: TokenUrl, status: int) -> None:
    found = token_url.obstacle(reply(status, {"error": "invalid_scope"}))
    assert found.code is ObstacleCode.CREDENTIALS_REFUSED
    assert found.detail == f"the token URL answered HTTP {status} (invalid_scope)"
    assert "default scope" in found.remedy


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, ObstacleCode.UNEXPECTED_REPLY),
        (408, ObstacleCode.EMARSYS_UNAVAILABLE),
        (423, ObstacleCode.EMARSYS_UNAVAILABLE),
        (425, ObstacleCode.EMARSYS_UNAVAILABLE),
        (429, ObstacleCode.RATE_LIMITED),
        (503, ObstacleCode.EMARSYS_UNAVAILABLE),
    ],
)
def test_a_status_that_says_to_wait_or_elsewhere_wins_over_the_error(
    token_url: TokenUrl, status: int, code: ObstacleCode
) -> None:
    assert token_url.obstacle(reply(status, {"error": "invalid_request"})).code is code


@pytest.mark.parametrize("word", ["server_error", "temporarily_unavailable"])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_error_that_passes_by_itself_does_not_blame_the_client(
    token_url: TokenUrl, status: int, word: str
) -> None:
    found = token_url.obstacle(reply(status, {"error": word}))
    assert found.code is ObstacleCode.EMARSYS_UNAVAILABLE
    assert word in found.detail


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("word", ["access_denied", "invalid_target", "planted secret"])
def test_an_error_beyond_rfc_6749_is_neither_quoted_nor_taken_for_wrong_credentials(
    token_url: TokenUrl, status: int, word: str
) -> None:
    found = token_url.obstacle(reply(status, {"error": word}))
    assert found.code is ObstacleCode.CREDENTIALS_REFUSED
    assert word not in found.detail + found.remedy
    assert "Check client_id" not in found.remedy


@pytest.mark.parametrize("content", [b"", {"error": ["invalid_client"]}, {"error": {}}, {"error": None}, []])
def test_without_an_error_the_credentials_and_the_token_url_are_to_be_checked(
    token_url: TokenUrl, content: Any
) -> None:
    remedy = token_url.obstacle(reply(400, content)).remedy
    assert "Check client_id and client_secret" in remedy
    assert "EmarsysTokenUrl" in remedy


@pytest.mark.parametrize(("answer", "code"), FAILURES)
def test_what_brings_no_token_is_an_obstacle_that_lasts_until_the_next_request(
    token_url: TokenUrl, answer: Answer, code: ObstacleCode
) -> None:
    token_url.always = answer
    assert token_url.refusal() is code
    token_url.always = None
    token_url.clock.advance(29)
    assert token_url.refusal() is code
    assert len(token_url.asked_at) == 1
    token_url.clock.advance(1)
    assert token_url.token() == "token-1"


@pytest.mark.parametrize(("answer", "code"), FAILURES)
def test_an_hour_of_failures_makes_no_storm_of_requests(
    token_url: TokenUrl, answer: Answer, code: ObstacleCode
) -> None:
    token_url.always = answer
    for _ in range(2 * 3600):
        assert token_url.refusal() is code
        token_url.clock.advance(1)
    assert token_url.most_requests_in(60) <= 2
    assert token_url.most_requests_in(3600) <= 10
    assert token_url.asked_at[-1] - token_url.asked_at[-2] <= 601  # and it does not give up either


@pytest.mark.parametrize("between_looks", [1, 7, 60, 599])
def test_hours_of_401s_make_no_storm_of_requests(token_url: TokenUrl, between_looks: int) -> None:
    """A look shows its token, is refused, and asks for another one."""
    for _ in range(3 * 3600 // between_looks):
        token_url.token(refused=token_url.token())
        token_url.clock.advance(between_looks)
    assert token_url.most_requests_in(60) <= 2
    assert token_url.most_requests_in(3600) <= 10


def test_a_rate_limit_of_the_token_url_is_waited_for(token_url: TokenUrl) -> None:
    token_url.always = reply(429, b"", Retry_After="300")
    with pytest.raises(NoTokenError) as error:
        token_url.store.get(CREDENTIALS, 20)
    assert error.value.obstacle.retry_after_seconds == 300
    token_url.always = None
    token_url.clock.advance(299)
    assert token_url.token() is None
    token_url.clock.advance(1)
    assert token_url.token() == "token-1"


@pytest.mark.parametrize(
    ("seconds_later", "left"), [(0, 3600), (1.5, 3599), (3500, 100), (3599.5, 1), (3600, 3600)]
)
def test_who_reads_later_gets_what_is_left_of_the_time_that_was_asked_for(
    token_url: TokenUrl, seconds_later: float, left: int
) -> None:
    """From the table or from memory; at the end of it the token URL is asked again, and answers as before."""
    token_url.always = reply(429, b"", Retry_After="3600")
    token_url.token()
    token_url.clock.advance(seconds_later)
    for store in (token_url.store, TokenStore(token_url.http, token_url.table, token_url.clock)):
        with pytest.raises(NoTokenError) as error:
            store.get(CREDENTIALS, 20)
        assert error.value.obstacle.retry_after_seconds == left


def test_a_claim_asks_nobody_to_wait_longer_than_emarsys_did(token_url: TokenUrl) -> None:
    """A claim may last ten minutes, but a token may be there in a second."""
    token_url.always = reply(429, b"", Retry_After="1")
    for _ in range(20):
        token_url.token()
        token_url.clock.advance(60)
    with pytest.raises(NoTokenError) as error:
        token_url.store.get(CREDENTIALS, 20)
    assert error.value.obstacle.retry_after_seconds == 1


def test_a_cold_environment_takes_a_shared_token_of_any_age_that_lasts(token_url: TokenUrl) -> None:
    assert token_url.token() == "token-1"
    token_url.clock.advance(2000)  # older than the ten minutes for which it guarded itself
    cold = TokenStore(token_url.http, token_url.table, token_url.clock)
    assert cold.get(CREDENTIALS, 20) == "token-1"
    assert token_url.issued == 1


def test_the_pauses_after_failures_double_up_to_ten_minutes(token_url: TokenUrl) -> None:
    token_url.always = reply(503, b"")
    for _ in range(3400):
        token_url.refusal()
        token_url.clock.advance(1)
    assert [later - at for at, later in pairwise(token_url.asked_at)] == [
        30,
        60,
        120,
        240,
        480,
        600,
        600,
        600,
        600,
    ]


@pytest.mark.parametrize(("quiet_seconds", "pause"), [(2399, 60), (2400, 30)])
def test_failures_are_forgotten_once_nobody_has_asked_for_forty_minutes(
    token_url: TokenUrl, quiet_seconds: int, pause: int
) -> None:
    token_url.always = reply(503, b"")
    token_url.refusal()
    token_url.clock.advance(30 + quiet_seconds)
    for _ in range(70):
        token_url.refusal()
        token_url.clock.advance(1)
    assert token_url.asked_at[2] - token_url.asked_at[1] == pause


def test_a_rate_limit_of_the_token_url_that_names_no_time_lasts_a_minute(token_url: TokenUrl) -> None:
    token_url.always = reply(429, b"")
    for _ in range(65):
        token_url.refusal()
        token_url.clock.advance(1)
    assert [later - at for at, later in pairwise(token_url.asked_at)] == [60]


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_a_token_counts_whatever_success_it_comes_with(token_url: TokenUrl, status: int) -> None:
    token_url.always = reply(status, {"access_token": "by-another-success"})
    assert token_url.token() == "by-another-success"


CHECK_URL = "EmarsysTokenUrl, or token_url in the secret"


@pytest.mark.parametrize(
    ("answer", "code", "detail", "remedy"),
    [
        (reply(404, b"<html>"), ObstacleCode.UNEXPECTED_REPLY, "answered HTTP 404", CHECK_URL),
        (reply(301, b"", Location="/x/"), ObstacleCode.UNEXPECTED_REPLY, "a redirect", CHECK_URL),
        (reply(200, b"<html>"), ObstacleCode.UNEXPECTED_REPLY, "without an access token", CHECK_URL),
        (NoReplyError("no connection"), ObstacleCode.EMARSYS_UNAVAILABLE, "cannot be reached", CHECK_URL),
        (UnreadableReplyError("noise"), ObstacleCode.UNEXPECTED_REPLY, "answered with noise", CHECK_URL),
        (
            reply(401, b""),
            ObstacleCode.CREDENTIALS_REFUSED,
            "answered HTTP 401",
            "Check client_id and client_secret",
        ),
        (reply(400, {"error": "planted"}), ObstacleCode.CREDENTIALS_REFUSED, "answered HTTP 400", CHECK_URL),
        *(
            (reply(status, {"error": word}), ObstacleCode.CREDENTIALS_REFUSED, f"({word})", remedy)
            for status in (400, 401)
            for word, remedy in {
                "invalid_client": "Check client_id and client_secret",
                "invalid_scope": "default scope",
                "unauthorized_client": "client credentials grant",
                "unsupported_grant_type": CHECK_URL,
                "invalid_grant": CHECK_URL,
                "invalid_request": CHECK_URL,
            }.items()
        ),
    ],
)
def test_what_to_do_follows_from_what_the_token_url_did(
    token_url: TokenUrl, answer: Answer, code: ObstacleCode, detail: str, remedy: str
) -> None:
    token_url.always = answer
    with pytest.raises(NoTokenError) as error:
        token_url.store.get(CREDENTIALS, 20)
    obstacle = error.value.obstacle
    assert obstacle.code is code
    assert detail in obstacle.detail
    assert remedy in obstacle.remedy
    assert "planted" not in repr(obstacle)
    if "scope" in obstacle.detail:
        assert "client_secret" not in obstacle.remedy
    cold = TokenStore(token_url.http, token_url.table, token_url.clock)
    with pytest.raises(NoTokenError) as again:
        cold.get(CREDENTIALS, 20)
    assert again.value.obstacle.remedy == obstacle.remedy


def test_a_refused_token_is_replaced_only_once_it_is_ten_minutes_old(token_url: TokenUrl) -> None:
    token_url.token()
    token_url.clock.advance(599)
    assert token_url.refusal(refused="token-1") is ObstacleCode.CREDENTIALS_REFUSED
    assert token_url.issued == 1
    token_url.clock.advance(1)
    assert token_url.token(refused="token-1") == "token-2"
    assert token_url.token() == "token-2"


def test_a_token_that_replaced_the_refused_one_is_handed_out(token_url: TokenUrl) -> None:
    token_url.token()
    token_url.clock.advance(700)
    assert token_url.token(refused="token-1") == "token-2"
    assert token_url.token(refused="token-1") == "token-2"
    assert token_url.issued == 2


def test_the_refused_token_is_not_handed_out_again(token_url: TokenUrl) -> None:
    token_url.token()
    token_url.clock.advance(700)
    token_url.always = reply(200, {"access_token": "token-1", "expires_in": 3600})
    assert token_url.refusal(refused="token-1") is ObstacleCode.CREDENTIALS_REFUSED


def test_an_error_holds_no_secret(token_url: TokenUrl) -> None:
    token_url.always = reply(401, {"error": "my-client-secret"})
    with pytest.raises(NoTokenError) as error:
        token_url.store.get(CREDENTIALS, 20)
    assert "my-" not in f"{error.value!r} {error.value.obstacle!r}"


def test_a_warm_check_asks_no_table(token_url: TokenUrl) -> None:
    token_url.token()
    calls = token_url.table.calls
    assert token_url.token() == "token-1"
    assert token_url.table.calls == calls


def test_while_the_table_is_unavailable_a_token_that_lasts_serves_and_its_lack_is_an_obstacle(
    token_url: TokenUrl,
) -> None:
    token_url.table.failure = TokenTableError("the shared access token cannot be read: ThrottlingException")
    assert token_url.refusal() is ObstacleCode.CREDENTIALS_MISSING
    assert token_url.asked_at == []
    token_url.table.failure = None
    token_url.token()
    token_url.table.failure = TokenTableError("away")
    token_url.clock.advance(3590)
    assert token_url.token() == "token-1"
    token_url.clock.advance(11)
    assert token_url.refusal() is ObstacleCode.CREDENTIALS_MISSING


def test_a_flaky_token_url_whose_tokens_are_refused_makes_no_storm(token_url: TokenUrl) -> None:
    """Two failures, then a token, which is refused; and so on for hours."""
    token: str | None = None
    for _ in range(4 * 3600):
        fails = len(token_url.asked_at) % 3 < 2
        token_url.always = reply(503, b"") if fails else None
        token = token_url.token(refused=token) or token
        token_url.clock.advance(1)
    assert token_url.most_requests_in(60) <= 2
    assert token_url.most_requests_in(3600) <= 10


@pytest.mark.parametrize("expires_in", [1, 60, 300, 600, 900, 1800, 3600])
@pytest.mark.parametrize("seed", range(5))
def test_no_mixture_of_failures_refusals_and_short_lives_makes_a_storm(
    token_url: TokenUrl, expires_in: int, seed: int
) -> None:
    """The token URL fails in runs of up to six requests, and its tokens may be refused."""
    chance = random.Random(seed)
    token_url.expires_in = expires_in
    answers = itertools.chain.from_iterable(
        [*[reply(503, b"")] * chance.randrange(7), None] for _ in itertools.count()
    )
    asked, token_url.always = 0, next(answers)
    for _ in range(6 * 3600 // 5):
        token_url.token(refused=token_url.token() if chance.random() < 0.1 * (seed % 3) else None)
        if len(token_url.asked_at) > asked:
            asked, token_url.always = len(token_url.asked_at), next(answers)
        token_url.clock.advance(5)
    assert token_url.most_requests_in(60) <= 2
    assert token_url.most_requests_in(3600) <= 10


@pytest.mark.parametrize("answer", [reply(401, b""), reply(500, b"")])
def test_two_versions_of_a_secret_in_use_make_no_storm(token_url: TokenUrl, answer: Answer) -> None:
    """An environment knows the older one for ten minutes, or as long as the token URL does not refuse it."""
    token_url.always = answer
    versions = [
        replace(CREDENTIALS, client_secret=f"secret-{made_at}", made_at=made_at) for made_at in (1, 2)
    ]
    for _ in range(3600):
        for credentials in versions:
            with pytest.raises(NoTokenError):
                token_url.store.get(credentials, 20)
        token_url.clock.advance(1)
    [older, newer, *later] = token_url.asked_at
    assert newer == older  # one that was rotated need not wait
    assert later[0] - newer >= 30
    assert len(token_url.asked_at) <= 11
