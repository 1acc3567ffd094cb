"""How long Emarsys asks to wait, and what is left of its rate limit, whatever the headers hold."""

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.emarsys.rate_limit import (
    LONGEST_SECONDS,
    limited_seconds,
    rate_limit,
    reset_seconds,
    retry_after_seconds,
)
from export_watch.watch import RateLimit

NOW = 1_795_452_601.5
"""2026-11-23T16:50:01.5Z"""

IN_A_MINUTE = "Mon, 23 Nov 2026 16:51:01 GMT"
OVER = "Mon, 23 Nov 2026 16:49:01 GMT"
NO_TIME = [
    *("", " ", "soon", "nan", "inf", "-inf", "1e400", "5, 10", "5 s", "Mon, 99 Foo", "\x00", "-5", ",", ";"),
    *("Mon, 23 Nov 2026 16:51:01 +9999999999", "Mon, 23 Nov 99999999999 16:51:01 GMT", OVER),
]
RETRY_AFTER: dict[int | None, list[str]] = {
    0: ["0"],
    1: ["1"],
    2: ["1.2"],
    30: [" 30 ", "30, 30", "30,30, 30"],
    60: [
        *(IN_A_MINUTE, f"{IN_A_MINUTE}, {IN_A_MINUTE}", "Monday, 23-Nov-26 16:51:01 GMT"),
        *("Mon, 23 Nov 2026 17:51:01 +0100", "Mon, 23 Nov 2026 16:51:01"),
        *("1795452661", "1795452661000"),  # a unix time by mistake
    ],
    3600: ["3600", "86400", "999999999", "Mon, 23 Nov 2099 16:49:01 GMT"],
    None: ["1795452000", "1e9", "1e300", *NO_TIME],
}
RESET: dict[int | None, list[str]] = {
    1: ["1795452602", "1;w=60"],  # as the draft of the IETF has it
    30: ["30", "29.2"],  # seconds that remain
    60: [
        *("1795452661", "1795452661000", "1795452661000000", "1795452661000000000", "1.795452661e12"),
        *(IN_A_MINUTE, "2026-11-23T16:51:01Z", "2026-11-23T17:51:01+01:00", "2026-11-23 16:51:01"),
    ],
    61: ["1795452661.9"],
    3600: ["1795456201", "3600"],
    None: [
        *("1795456203", "3601", "30000", "2026-11-24"),  # in more than an hour
        *("1795452600", "1795452000000", "0", "-1", "1e300", "1e12", *NO_TIME),
    ],
}


@pytest.mark.parametrize("seconds", RETRY_AFTER)
def test_retry_after_is_seconds_or_a_moment_and_never_more_than_an_hour(seconds):
    for value in RETRY_AFTER[seconds]:
        assert retry_after_seconds({"Retry-After": value}, NOW) == seconds, value


@pytest.mark.parametrize("seconds", RESET)
@pytest.mark.parametrize("name", ["X-RateLimit-Reset", "RateLimit-Reset"])
def test_a_reset_is_believed_in_every_form_that_leads_to_the_next_hour(name, seconds):
    for value in RESET[seconds]:
        assert reset_seconds({name: value}, NOW) == seconds, value


@pytest.mark.parametrize("skew_seconds", [-86_400, -90, 90, 86_400, 10**9])
def test_moments_are_compared_with_the_date_of_the_reply_so_that_no_clock_matters(skew_seconds):
    theirs = 1_795_452_601 + skew_seconds
    date, then = (
        format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True) for moment in (theirs, theirs + 40)
    )
    for seconds in (0, 30, 3600):
        moment = str(theirs + seconds)
        assert reset_seconds({"X-RateLimit-Reset": moment, "Date": date}, NOW) == (seconds or None)
        assert retry_after_seconds({"Retry-After": moment, "Date": date}, NOW) == seconds
    assert retry_after_seconds({"Retry-After": then, "Date": f"{date}, {date}"}, NOW) == 40
    assert retry_after_seconds({"Retry-After": "20", "Date": date}, NOW) == 20


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Foo 2026", "1795452000"])
def test_a_date_that_is_none_is_not_used(date):
    assert reset_seconds({"X-RateLimit-Reset": "1795452661", "Date": date}, NOW) == 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": IN_A_MINUTE}, 60),
        ({"X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "30", "Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "30", "RateLimit-Reset": "7"}, 30),
    ],
    ids=str,
)
def test_a_refusal_by_the_limit_waits_as_asked_or_for_its_window_or_a_minute(headers, seconds):
    assert limited_seconds(headers, NOW) == seconds


NO_LIMITS = "0/0 -1000/-250 1000/-1 1000/1001 1000/ /1000 inf/1 inf/inf nan/1 1000/nan 1000,500/1 many/few"


@pytest.mark.parametrize(
    ("limit", "remaining", "found"),
    [
        ("1000", "1000", (1000, 1000)),
        ("1000", "0", (1000, 0)),
        (" 60 ", "30.0", (60, 30)),
        ("0.5", "0.1", (0.5, 0.1)),
        ("1000, 1000;w=60", "250, 250", (1000, 250)),
        *((*pair.split("/"), None) for pair in NO_LIMITS.split()),
    ],
)
def test_what_is_left_of_the_limit_is_read_where_both_headers_make_sense(limit, remaining, found):
    headers = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining}
    left = RateLimit(*found) if found else None
    assert rate_limit(headers, NOW) == left
    headers["X-RateLimit-Reset"] = "1795452661"
    assert rate_limit(headers, NOW) == (left and replace(left, reset_seconds=60))


NAMES = ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Date"]
DATES = st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,12} [0-9:.]{0,12} ?[-+A-Z0-9]{0,12}")
NUMBERS = st.integers().map(str) | st.floats().map(str)
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.text() | NUMBERS | DATES)


@given(HEADERS)
def test_no_header_asks_for_more_than_an_hour_or_breaks_anything(headers):
    for seconds in (retry_after_seconds(headers, NOW), reset_seconds(headers, NOW)):
        assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
    limit = rate_limit(headers, NOW)
    assert limit is None or 0 <= limit.share <= 1
