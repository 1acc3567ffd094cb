"""How the watches of an API user share its rate limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.schedule import (
    FREE_PACE,
    OVERLOAD_STRETCH,
    REFUSED_SPREAD_SECONDS,
    SHARED_WAIT_SECONDS,
    pace,
    stretch,
    wait_seconds,
)
from export_watch.watch import RateLimit
from tests.unit.examples import DAY, DEFAULTS, STARTED_AT, a_watch


def left(share: float, reset_seconds: float | None = None) -> RateLimit:
    return RateLimit(1000, 1000 * share, reset_seconds)


@pytest.mark.parametrize(
    ("share", "reset_seconds", "expected_pace"),
    [
        pytest.param(0.5, 30, 1, id="half of it in half of the window"),
        pytest.param(0.8, 30, 0.4, id="a fifth in half of the window"),
        pytest.param(0.2, 0, 0.8, id="at the end of the window"),
        pytest.param(1, 20, 0, id="nothing is used"),
        pytest.param(0.8, 58, 2, id="a window that has just begun says little: a tenth of it at least"),
        pytest.param(0.3, None, 0.7, id="an unknown window"),
        pytest.param(0.3, 60, 0.7, id="a window that slides"),
        pytest.param(0.3, 59, 0.7, id="a window that slides, in whole seconds"),
        pytest.param(0.3, 1800, 0.7, id="a longer window"),
    ],
)
def test_the_pace_is_what_is_used_against_what_is_over_of_the_window(
    share: float, reset_seconds: float | None, expected_pace: float
) -> None:
    assert pace(left(share, reset_seconds)) == pytest.approx(expected_pace)


@pytest.mark.parametrize(
    ("wait", "share", "stretched"),
    [
        pytest.param(10, 1, 10, id="nothing is used"),
        pytest.param(10, 0.99, 10, id="far below the limit nothing changes"),
        pytest.param(10, 0.75, 33.5, id="at a quarter of the limit, half a minute"),
        pytest.param(10, 0.36, 53.6, id="at two thirds, nearly one"),
        pytest.param(53.6, 0.36, 53.6, id="who waits as long is left alone"),
        pytest.param(900, 0.36, 900, id="and who waits longer"),
        pytest.param(20, 0.05, 240, id="in an overload each wait is longer"),
        pytest.param(1, 0, SHARED_WAIT_SECONDS, id="and none is shorter than the others"),
    ],
)
def test_those_that_check_most_often_give_way_first_and_all_in_an_overload(
    wait: float, share: float, stretched: float
) -> None:
    assert stretch(wait, left(share), 0.5) == pytest.approx(stretched)


def test_nothing_is_stretched_where_nothing_is_known() -> None:
    assert stretch(10, None, 0.5) == 10


def test_an_overload_begins_beyond_its_pace_and_spreads_the_waits() -> None:
    assert stretch(100, left(1 - FREE_PACE), 0.5) == 100
    beyond = left(1 - FREE_PACE - 0.01)
    assert [stretch(100, beyond, spread) for spread in (0, 0.5, 1)] == [600, 100 * OVERLOAD_STRETCH, 1800]


@given(
    st.floats(1, 900),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.none() | st.floats(0, 3600),
    st.floats(0, 1),
)
def test_a_little_more_left_of_the_limit_never_means_a_longer_wait(
    wait: float, one: int, other: int, reset_seconds: float | None, spread: float
) -> None:
    less, more = sorted((one, other))
    waits = [stretch(wait, RateLimit(1000, remaining, reset_seconds), spread) for remaining in (less, more)]
    assert waits[0] >= waits[1] >= wait


def test_a_stretched_wait_is_no_longer_than_the_longest() -> None:
    waits = [
        wait_seconds(a_watch(execution=f"default_{n}"), STARTED_AT + 7200, DEFAULTS, rate_limit=left(0.05))
        for n in range(1000)
    ]
    assert min(waits) >= 810
    assert max(waits) <= 900
    assert len(set(waits)) > 80  # the jitter spreads them


@pytest.mark.parametrize(
    ("after_seconds", "expected_seconds"),
    [
        pytest.param(3890, 10, id="cut to the stuck moment"),
        pytest.param(DAY - 5, 5, id="cut to the deadline"),
    ],
)
def test_a_stretched_wait_obeys_the_rules_that_follow(after_seconds: int, expected_seconds: int) -> None:
    watch = a_watch(ready_since=STARTED_AT)
    assert wait_seconds(watch, STARTED_AT + after_seconds, DEFAULTS, rate_limit=left(0.1)) == expected_seconds


def test_a_stretched_wait_is_raised_to_the_floor() -> None:
    watch = a_watch(checks=1000, deadline_at=STARTED_AT + 7 * DAY)
    assert wait_seconds(watch, STARTED_AT + 1000, DEFAULTS, rate_limit=left(0.1)) == 1007


def test_what_is_refused_together_comes_back_spread_over_a_minute() -> None:
    waits = {
        wait_seconds(a_watch(execution=f"default_{n}"), STARTED_AT + 10, DEFAULTS, retry_after_seconds=30)
        for n in range(1000)
    }
    assert waits == set(range(31, 31 + REFUSED_SPREAD_SECONDS))
