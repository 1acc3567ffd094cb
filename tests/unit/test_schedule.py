"""When to check again: the base, what is known, the shared rate limit, the order of the rules, the budget of checks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.schedule import Policy, base_wait_seconds, first_wait_seconds, pace, stretch, wait_seconds
from export_watch.watch import RateLimit
from tests.unit.examples import DAY, DEFAULTS, STARTED_AT, a_watch, an_export, table

WEEK = 7 * DAY
NEXT_WEEK = STARTED_AT + WEEK
HOSTILE = Policy(check_cost_seconds=0.1, min_wait_seconds=1, max_wait_seconds=1, stuck_after_seconds=1)


def wait(after_seconds, policy=DEFAULTS, retry_after=None, left=None, **watch):
    return wait_seconds(a_watch(**watch), STARTED_AT + after_seconds, policy, retry_after, left)


def waits(after_seconds, retry_after=None, left=None, **watch):
    """The waits of a thousand watches that differ by their names alone."""
    names = [f"default_{number}" for number in range(1000)]
    return {wait(after_seconds, DEFAULTS, retry_after, left, execution=name, **watch) for name in names}


def left(share, reset_seconds=None):
    return RateLimit(1000, 1000 * share, reset_seconds)


@table(
    "elapsed_seconds, policy, expected",
    {
        "MinWaitSeconds": (0, DEFAULTS, 10),
        "2 * sqrt(2 * 50)": (48, DEFAULTS, 20),
        "less than a minute after five minutes": (300, DEFAULTS, 49.2),
        "and three after an hour": (3600, DEFAULTS, 169.8),
        "nearly MaxWaitSeconds": (101_000, DEFAULTS, 898.9),
        "MaxWaitSeconds": (101_248, DEFAULTS, 900),
        "ever": (WEEK, DEFAULTS, 900),
        "no wait is worth less than a check": (0, Policy(check_cost_seconds=20), 40),
        "and so it grows": (380, Policy(check_cost_seconds=20), 178.9),
        "the operator's shortest": (0, Policy(check_cost_seconds=5, min_wait_seconds=60), 60),
    },
)
def test_the_base_grows_with_the_square_root_of_the_time_and_of_what_a_check_costs(
    elapsed_seconds, policy, expected
):
    assert base_wait_seconds(elapsed_seconds, policy) == pytest.approx(expected, abs=0.05)


@table(
    "policy, deadline_seconds, expected",
    {
        "by default": (DEFAULTS, DAY, range(10, 21)),
        "the operator's shortest wait": (Policy(min_wait_seconds=60), DAY, range(60, 121)),
        "no sooner than a check is worth": (Policy(check_cost_seconds=20.5), DAY, range(21, 42)),
        "no later than the longest wait": (Policy(max_wait_seconds=15), DAY, range(8, 16)),
        "nor than the deadline": (Policy(check_cost_seconds=3600), 60, range(30, 61)),
        "at least 1": (HOSTILE, 60, range(1, 2)),
    },
)
def test_first_checks_are_spread_from_the_shortest_wait_to_twice_that(policy, deadline_seconds, expected):
    deadline_at = STARTED_AT + deadline_seconds
    watches = [a_watch(execution=f"default_{n}", deadline_at=deadline_at) for n in range(2000)]
    assert {first_wait_seconds(watch, policy) for watch in watches} == set(expected)


def test_a_clock_that_went_back_waits_as_from_the_start():
    assert wait(-100, Policy(min_wait_seconds=1)) == 4  # 2 * sqrt(2 * 2), less the jitter


def test_watches_started_together_do_not_check_together_and_none_later_than_its_base():
    assert waits(3600) == set(range(153, 171))  # 169.8 s, shortened by up to a tenth
    assert waits(0) == {10}  # 9.0… s at least, in whole seconds
    assert len({wait(3600, checks=n) for n in range(50)}) > 5
    assert first_wait_seconds(a_watch(), Policy(check_cost_seconds=900)) == 654  # for ever


SCHEDULED, BEGUN = {"export": an_export(status="Scheduled")}, {"export": an_export(status="in_progress")}


@table(
    "known, after_seconds, times",
    {
        "scheduled": (SCHEDULED, 3600, 1.5),
        "in progress": (BEGUN, 3600, 1),
        "long before the expected time": ({"expected_seconds": WEEK}, 598, 2),
        "before it": ({"expected_seconds": 2100}, 598, 1.75),
        "halfway to it": ({"expected_seconds": 1200}, 598, 1),
        "after a few seconds": ({"expected_seconds": 24}, 10, 1),
        "around it": ({"expected_seconds": 600}, 598, 0.5),
        "after it": ({"expected_seconds": 1}, 598, 0.5),
        "scheduled around it": ({"expected_seconds": 600} | SCHEDULED, 598, 1.5),
        "ready": ({"expected_seconds": 1, "ready_since": STARTED_AT}, 3600, 1),
        "ready, once scheduled": ({"ready_since": STARTED_AT} | SCHEDULED, 3600, 1),
    },
)
def test_what_is_known_of_an_export_scales_its_waits_until_it_is_ready(known, after_seconds, times):
    assert wait(after_seconds, **known) == pytest.approx(times * wait(after_seconds), abs=1.5)


def test_what_is_known_takes_no_wait_out_of_the_operator_s_bounds():
    assert waits(5, expected_seconds=1) == {10}
    assert waits(5 * DAY, deadline_at=NEXT_WEEK, **SCHEDULED) == set(range(811, 901))


READY = {"ready_since": STARTED_AT}
FLOOR, LATER = {"checks": 1000, "deadline_at": NEXT_WEEK}, {"ready_since": STARTED_AT + 910}


@table(
    "watch, after_seconds, retry_after, limit, expected",
    {
        "from ready_since on": ({"ready_since": STARTED_AT + 80_000}, 80_000, None, None, 10),
        "cut to the stuck moment": (READY, 3890, None, None, 10),
        "rounded up, not to be early": (READY, 3890.5, None, None, 10),
        "at least 1": (READY, 3899.999, None, None, 1),
        "whatever the limit": (READY, 3890, None, left(0.1), 10),
        "but not once it was published": (READY | {"stuck_told": True}, 3895, None, None, 169),
        "nor where it is over": ({"ready_since": STARTED_AT - 5}, 3895, None, None, 169),
        "cut to the deadline": ({}, DAY - 5, None, None, 5),
        "rounded up to the deadline": ({}, DAY - 4.5, None, None, 5),
        "no refusal goes past the deadline": ({}, DAY - 5, 3600, None, 5),
        "at least 1 at the deadline": ({}, DAY, None, None, 1),
        "and after it": ({}, DAY + 100, 3600, None, 1),
        "stuck before the deadline": ({"ready_since": STARTED_AT + DAY - 3905}, DAY - 10, None, None, 5),
        "deadline before stuck": ({"ready_since": STARTED_AT + DAY - 3890}, DAY - 5, None, None, 5),
        "a refusal shorter than the wait": ({}, 3600, 20, None, 163),
        "the last check without a floor": (FLOOR | {"checks": 999}, 999, None, None, 86),
        "raised to the floor": (FLOOR, 4800, None, None, 1000),
        "which goes past the stuck moment": (FLOOR | LATER, 4800, None, None, 1000),
        "past a refusal": (FLOOR, 4800, 30, None, 1000),
        "and past a limit": (FLOOR, 4800, None, left(0.1), 1000),
        "the last check but one": (FLOOR | {"checks": 1598}, 4800, None, None, (WEEK - 4800) / 2),
        "the last check": (FLOOR | {"checks": 1599}, 4800, None, None, WEEK - 4800),
        "none left: the deadline": ({"checks": 1600}, 100, None, None, DAY - 100),
    },
)
def test_the_rules_of_the_wait_apply_in_their_order(watch, after_seconds, retry_after, limit, expected):
    assert wait(after_seconds, DEFAULTS, retry_after, limit, **watch) == expected


@pytest.mark.parametrize(("watch", "after_seconds"), [({}, 0), (READY, 3890)])
def test_watches_that_were_refused_together_come_back_over_a_minute_and_none_too_early(watch, after_seconds):
    assert waits(after_seconds, 100, **watch) == set(range(101, 161))


@table(
    "share, reset_seconds, expected",
    {
        "half of it in half of the window": (0.5, 30, 1),
        "a fifth in half of the window": (0.8, 30, 0.4),
        "at the end of the window": (0.2, 0, 0.8),
        "nothing is used": (1, 20, 0),
        "a window that has just begun says little: a tenth of it at least": (0.8, 58, 2),
        "an unknown window": (0.3, None, 0.7),
        "a window that slides": (0.3, 60, 0.7),
        "a window that slides, in whole seconds": (0.3, 59, 0.7),
    },
)
def test_the_pace_is_what_is_used_against_what_is_over_of_the_window(share, reset_seconds, expected):
    assert pace(left(share, reset_seconds)) == pytest.approx(expected)


@table(
    "wait, share, spread, stretched",
    {
        "nothing is used": (10, 1, 0.5, 10),
        "far below the limit nothing changes": (10, 0.99, 0.5, 10),
        "at a quarter of the limit, half a minute": (10, 0.75, 0.5, 33.5),
        "at two thirds, nearly one": (10, 0.36, 0.5, 53.6),
        "who waits longer is left alone": (900, 0.36, 0.5, 900),
        "not yet an overload": (100, 0.1, 0.5, 100),
        "in an overload each wait is longer": (100, 0.09, 0.5, 1200),
        "for some less": (100, 0.09, 0, 600),
        "for some more": (100, 0.09, 1, 1800),
        "and none is shorter than the others": (1, 0, 0.5, 67),
    },
)
def test_those_that_check_most_often_give_way_first_and_all_in_an_overload(wait, share, spread, stretched):
    assert stretch(wait, left(share), spread) == pytest.approx(stretched)


@given(
    st.floats(1, 900),
    st.lists(st.integers(0, 1000), min_size=2),
    st.none() | st.floats(0, 90),
    st.floats(0, 1),
)
def test_a_little_more_left_of_the_limit_never_means_a_longer_wait(wait, remaining, reset_seconds, spread):
    stretched = [stretch(wait, RateLimit(1000, each, reset_seconds), spread) for each in sorted(remaining)]
    assert stretched == sorted(stretched, reverse=True)
    assert stretched[-1] >= wait == stretch(wait, None, spread)


def test_a_stretched_wait_is_no_longer_than_the_longest_and_spread_by_the_jitter():
    assert waits(7200, left=left(0.05)) == set(range(811, 901))
