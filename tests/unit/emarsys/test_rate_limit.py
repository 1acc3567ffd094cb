"""How long Emarsys asks to be left alone, and what is left of its rate limit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.emarsys.rate_limit import LONGEST_SECONDS, headroom, retry_after_seconds

NOW = 1_795_452_601.5
"""2026-11-23T16:50:01.5Z"""


def of(headers: Mapping[str, str]) -> Message:
    """As http.client gives them."""
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


def asked(**headers: str) -> int | None:
    return retry_after_seconds(of({name.replace("_", "-"): value for name, value in headers.items()}), NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 30 ", 30),
        ("1.2", 2),
        ("3600", 3600),
        ("86400", LONGEST_SECONDS),
        ("1e300", LONGEST_SECONDS),
        ("Mon, 23 Nov 2026 16:51:01 GMT", 60),
        ("Monday, 23-Nov-26 16:51:01 GMT", 60),
        ("Mon, 23 Nov 2026 17:51:01 +0100", 60),
        ("Mon, 23 Nov 2026 16:51:01 -0000", 60),
        ("Mon, 23 Nov 2026 16:51:01", 60),
        ("Mon, 23 Nov 2099 16:49:01 GMT", LONGEST_SECONDS),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: int) -> None:
    assert asked(Retry_After=value) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1795452602", 1),
        ("1795452661", 60),
        ("1795452661.9", 61),
        ("1795452661000", LONGEST_SECONDS),
    ],
)
def test_reset_is_a_unix_time(value: str, seconds: int) -> None:
    assert asked(X_RateLimit_Reset=value) == seconds


@pytest.mark.parametrize(
    "name", ["X-RateLimit-Reset", "x-ratelimit-reset", "X-RATELIMIT-RESET", "X-Ratelimit-Reset"]
)
def test_the_name_of_a_header_has_no_casing(name: str) -> None:
    assert retry_after_seconds(of({name: "1795452661"}), NOW) == 60


def test_retry_after_goes_before_reset() -> None:
    assert asked(Retry_After="5", X_RateLimit_Reset="1795452661") == 5
    assert asked(Retry_After="soon", X_RateLimit_Reset="1795452661") == 60


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "soon", "nan", "inf", "-inf", "1e400", "5, 10", "5 s", "Mon, 99 Foo", "\x00", "-5"),
        "Mon, 23 Nov 2026 16:51:01 +9999999999",
        "Mon, 23 Nov 99999999999 16:51:01 GMT",
    ],
)
def test_what_says_no_time_is_no_limit(value: str) -> None:
    assert asked(Retry_After=value) is None
    assert asked(X_RateLimit_Reset=value) is None


@pytest.mark.parametrize("reset", ["1795452600", "1795452000", "60", "0", "-1"])
def test_a_moment_that_has_passed_does_not_say_how_long_a_limit_lasts(reset: str) -> None:
    assert asked(X_RateLimit_Reset=reset) is None
    assert asked(Retry_After="Mon, 23 Nov 2026 16:49:01 GMT") is None
    assert asked(Retry_After="Mon, 23 Nov 2026 16:49:01 GMT", X_RateLimit_Reset="1795452661") == 60


@pytest.mark.parametrize("skew_seconds", [-86_400, -90, 0, 90, 86_400, 10**9])
def test_moments_are_compared_with_the_date_of_the_reply_so_that_no_clock_matters(skew_seconds: int) -> None:
    theirs = 1_795_452_601 + skew_seconds
    date = format_datetime(datetime.fromtimestamp(theirs, UTC), usegmt=True)
    then = format_datetime(datetime.fromtimestamp(theirs + 40, UTC), usegmt=True)
    assert asked(Date=date, X_RateLimit_Reset=str(theirs + 30)) == 30
    assert asked(Date=date, Retry_After=then) == 40
    assert asked(Date=date, Retry_After="20") == 20


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Foo 2026", "1795452000"])
def test_a_date_that_is_none_is_not_used(date: str) -> None:
    assert asked(Date=date, X_RateLimit_Reset="1795452661") == 60


def test_without_a_header_there_is_no_limit() -> None:
    assert asked(X_RateLimit_Limit="1000", X_RateLimit_Remaining="0") is None


def left(limit: str, remaining: str) -> float | None:
    return headroom(of({"x-ratelimit-LIMIT": limit, "X-Ratelimit-remaining": remaining}))


@pytest.mark.parametrize(
    ("limit", "remaining", "share"),
    [
        ("1000", "1000", 1),
        ("1000", "250", 0.25),
        ("1000", "0", 0),
        (" 60 ", "30.0", 0.5),
        ("0.5", "0.1", 0.2),
    ],
)
def test_headroom_is_the_share_of_the_limit_that_is_left(limit: str, remaining: str, share: float) -> None:
    assert left(limit, remaining) == pytest.approx(share)


@pytest.mark.parametrize(
    ("limit", "remaining"),
    [
        *(("0", "0"), ("-1000", "-250"), ("1000", "-1"), ("1000", "1001"), ("1000", ""), ("", "1000")),
        *(
            ("inf", "1"),
            ("inf", "inf"),
            ("nan", "1"),
            ("1000", "nan"),
            ("1000, 1000;w=60", "1"),
            ("many", "few"),
        ),
    ],
)
def test_what_makes_no_sense_tells_no_headroom(limit: str, remaining: str) -> None:
    assert left(limit, remaining) is None


def test_without_both_headers_there_is_no_headroom() -> None:
    assert headroom({}) is None
    assert headroom({"X-RateLimit-Limit": "1000"}) is None
    assert headroom({"X-RateLimit-Remaining": "1000"}) is None


values = st.text() | st.integers().map(str) | st.floats().map(str)
dates = st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,12} [0-9:.]{0,12} ?[-+A-Z0-9]{0,12}")
names = st.sampled_from(
    ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Date"]
)


@given(st.dictionaries(names, values | dates))
def test_no_header_asks_for_more_than_an_hour_or_breaks_anything(headers: dict[str, str]) -> None:
    seconds, share = retry_after_seconds(headers, NOW), headroom(headers)
    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
    assert share is None or 0 <= share <= 1


@given(st.datetimes(min_value=datetime(2026, 11, 24), timezones=st.just(UTC)))  # noqa: DTZ001 - naive by its contract
def test_any_http_date_to_come_is_read(moment: datetime) -> None:
    assert asked(Retry_After=format_datetime(moment, usegmt=True)) == LONGEST_SECONDS
