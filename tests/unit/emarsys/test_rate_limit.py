"""How long Emarsys asks to wait, and what is left of its rate limit, whatever the headers hold."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from export_watch.emarsys.rate_limit import LONGEST_SECONDS, rate_limit, reset_seconds, retry_after_seconds
from export_watch.watch import RateLimit

NOW = 1_795_452_601.5
"""2026-11-23T16:50:01.5Z"""

IN_A_MINUTE = "Mon, 23 Nov 2026 16:51:01 GMT"


def retry_after(value: str, **others: str) -> int | None:
    headers = {"Retry-After": value} | {name.replace("_", "-"): each for name, each in others.items()}
    return retry_after_seconds(HTTPHeaderDict(headers), NOW)


def reset(value: str, name: str = "X-RateLimit-Reset", **others: str) -> int | None:
    return reset_seconds(HTTPHeaderDict({name: value} | others), NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 30 ", 30),
        ("1.2", 2),
        ("3600", 3600),
        ("86400", LONGEST_SECONDS),
        (IN_A_MINUTE, 60),
        ("Monday, 23-Nov-26 16:51:01 GMT", 60),
        ("Mon, 23 Nov 2026 17:51:01 +0100", 60),
        ("Mon, 23 Nov 2026 16:51:01 -0000", 60),
        ("Mon, 23 Nov 2026 16:51:01", 60),
        ("Mon, 23 Nov 2099 16:49:01 GMT", LONGEST_SECONDS),
        pytest.param("1795452661", 60, id="a unix time by mistake"),
        pytest.param("1795452661000", 60, id="one in milliseconds"),
        ("1795452000", None),
        ("1e300", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: int | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1795452602", 1),
        ("1795452661", 60),
        ("1795452661.9", 61),
        ("1795456201", 3600),
        pytest.param("1795452661000", 60, id="milliseconds"),
        pytest.param("1795452631500", 30, id="milliseconds of a window that is half over"),
        pytest.param("1795452661000000", 60, id="microseconds"),
        pytest.param("1795452661000000000", 60, id="nanoseconds"),
        pytest.param("1.795452661e12", 60, id="milliseconds in another notation"),
        pytest.param("30", 30, id="seconds that remain"),
        pytest.param("29.2", 30, id="seconds that remain, in parts"),
        pytest.param("3600", 3600, id="the longest that is believed"),
        pytest.param("1;w=60", 1, id="a parameter, as the draft of the IETF has it"),
        pytest.param("2026-11-23T16:51:01Z", 60, id="an ISO date"),
        pytest.param("2026-11-23T17:51:01+01:00", 60, id="an ISO date of another zone"),
        pytest.param("2026-11-23 16:51:01", 60, id="an ISO date without a zone"),
        pytest.param(IN_A_MINUTE, 60, id="an HTTP date"),
    ],
)
def test_a_reset_is_read_in_every_form_that_leads_to_the_next_hour(value: str, seconds: int) -> None:
    assert reset(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("3601", id="beyond the longest limit"),
        pytest.param("30000", id="milliseconds that remain, or eight hours"),
        pytest.param("1795456203", id="in more than an hour"),
        pytest.param("1795539001", id="tomorrow"),
        pytest.param("1795539001000", id="tomorrow, in milliseconds"),
        pytest.param("1795452600", id="over"),
        pytest.param("1795452000000", id="over, in milliseconds"),
        pytest.param("2026-11-23T16:49:01Z", id="over, as a date"),
        pytest.param("2026-11-24", id="a day"),
        *("0", "-1", "1e300", "1e12"),
    ],
)
def test_a_reset_that_makes_no_sense_is_as_if_it_were_absent(value: str) -> None:
    assert reset(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "soon",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "5, 10",
            "5 s",
            "Mon, 99 Foo",
            "\x00",
            "-5",
            ",",
            ";",
        ),
        "Mon, 23 Nov 2026 16:51:01 +9999999999",
        "Mon, 23 Nov 99999999999 16:51:01 GMT",
    ],
)
def test_what_names_no_time_says_nothing(value: str) -> None:
    assert retry_after(value) is None
    assert reset(value) is None


def test_a_date_that_has_passed_does_not_say_how_long_to_wait() -> None:
    assert retry_after("Mon, 23 Nov 2026 16:49:01 GMT") is None


@pytest.mark.parametrize(
    "name",
    ["X-RateLimit-Reset", "x-ratelimit-reset", "X-RATELIMIT-RESET", "X-Ratelimit-Reset", "RateLimit-Reset"],
)
def test_the_name_of_a_header_has_no_casing_and_may_be_the_draft_s(name: str) -> None:
    assert reset("1795452661", name) == 60


def test_without_a_header_there_is_nothing_to_wait_for() -> None:
    assert retry_after_seconds(HTTPHeaderDict(), NOW) is None
    assert reset_seconds(HTTPHeaderDict(), NOW) is None


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("Retry-After", "30", 30),
        ("Retry-After", IN_A_MINUTE, 60),
        ("X-RateLimit-Reset", "1795452661", 60),
    ],
)
def test_a_header_that_comes_several_times_alike_counts_once(
    times: int, name: str, value: str, seconds: int
) -> None:
    headers = HTTPHeaderDict()
    for _ in range(times):
        headers.add(name, value)
    read = retry_after_seconds if name == "Retry-After" else reset_seconds
    assert read(headers, NOW) == seconds


@pytest.mark.parametrize("skew_seconds", [-86_400, -90, 0, 90, 86_400, 10**9])
def test_moments_are_compared_with_the_date_of_the_reply_so_that_no_clock_matters(skew_seconds: int) -> None:
    theirs = 1_795_452_601 + skew_seconds
    date = format_datetime(datetime.fromtimestamp(theirs, UTC), usegmt=True)
    then = format_datetime(datetime.fromtimestamp(theirs + 40, UTC), usegmt=True)
    assert reset(str(theirs + 30), Date=date) == 30
    assert reset(str(1000 * (theirs + 30)), Date=date) == 30
    assert retry_after(then, Date=date) == 40
    assert retry_after("20", Date=date) == 20


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Foo 2026", "1795452000"])
def test_a_date_that_is_none_is_not_used(date: str) -> None:
    assert reset("1795452661", Date=date) == 60


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_times_are_in_utc_whatever_the_machine_s_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        read = [retry_after("Mon, 23 Nov 2026 16:51:01"), reset("2026-11-23T16:51:01"), reset("1795452661")]
    time.tzset()
    assert read == [60, 60, 60]


def left(limit: str, remaining: str, **others: str) -> RateLimit | None:
    names = {"x-ratelimit-LIMIT": limit, "X-Ratelimit-remaining": remaining}
    return rate_limit(
        HTTPHeaderDict(names | {name.replace("_", "-"): each for name, each in others.items()}), NOW
    )


@pytest.mark.parametrize(
    ("limit", "remaining", "found"),
    [
        ("1000", "1000", RateLimit(1000, 1000)),
        ("1000", "0", RateLimit(1000, 0)),
        (" 60 ", "30.0", RateLimit(60, 30)),
        ("0.5", "0.1", RateLimit(0.5, 0.1)),
        ("1000, 1000;w=60", "250, 250", RateLimit(1000, 250)),
    ],
)
def test_what_is_left_of_the_limit_is_read(limit: str, remaining: str, found: RateLimit) -> None:
    assert left(limit, remaining) == found
    assert left(limit, remaining, X_RateLimit_Reset="1795452661") == RateLimit(
        found.limit, found.remaining, 60
    )
    assert left(limit, remaining, X_RateLimit_Reset="tomorrow") == found


@pytest.mark.parametrize(
    ("limit", "remaining"),
    [
        *(("0", "0"), ("-1000", "-250"), ("1000", "-1"), ("1000", "1001"), ("1000", ""), ("", "1000")),
        *(("inf", "1"), ("inf", "inf"), ("nan", "1"), ("1000", "nan"), ("1000, 500", "1"), ("many", "few")),
    ],
)
def test_what_makes_no_sense_says_nothing_of_the_limit(limit: str, remaining: str) -> None:
    assert left(limit, remaining) is None


def test_without_both_headers_nothing_is_known_of_the_limit() -> None:
    assert rate_limit(HTTPHeaderDict(), NOW) is None
    assert rate_limit(HTTPHeaderDict({"X-RateLimit-Limit": "1000"}), NOW) is None
    assert rate_limit(HTTPHeaderDict({"X-RateLimit-Remaining": "1000"}), NOW) is None


values = st.text() | st.integers().map(str) | st.floats().map(str)
dates = st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,12} [0-9:.]{0,12} ?[-+A-Z0-9]{0,12}")
names = st.sampled_from(
    ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Date"]
)


@given(st.dictionaries(names, values | dates))
def test_no_header_asks_for_more_than_an_hour_or_breaks_anything(headers: dict[str, str]) -> None:
    for seconds in (retry_after_seconds(headers, NOW), reset_seconds(headers, NOW)):
        assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
    limit = rate_limit(headers, NOW)
    assert limit is None or 0 <= limit.share <= 1


@given(st.floats(1, 3600), st.sampled_from([1, 10**3, 10**6]))
def test_a_reset_of_the_next_hour_is_read_in_any_unit(seconds: float, unit: int) -> None:
    assert reset(str(int((NOW + seconds) * unit))) == pytest.approx(seconds, abs=1)


@given(st.datetimes(min_value=datetime(2026, 11, 24), timezones=st.just(UTC)))  # noqa: DTZ001 - naive by its contract
def test_any_http_date_to_come_is_read(moment: datetime) -> None:
    assert retry_after(format_datetime(moment, usegmt=True)) == LONGEST_SECONDS
