"""When to look again: the base, the order of the rules, the jitter and the budget of checks."""

import math
import random
from collections.abc import Callable

import pytest

from export_watch.schedule import (
    CHECK_BUDGET,
    JITTER,
    REFUSED_SPREAD_SECONDS,
    UNPACED_CHECKS,
    Policy,
    base_wait_seconds,
    first_wait_seconds,
    stretch,
    wait_seconds,
)
from export_watch.watch import Watch
from tests.unit.examples import DAY, DEFAULTS, STARTED_AT, a_watch

WEEK = 7 * DAY
HOSTILE = Policy(check_cost_seconds=0.1, min_wait_seconds=1, max_wait_seconds=1, stuck_after_seconds=1)


@pytest.mark.parametrize(
    ("elapsed_seconds", "expected_seconds"),
    [
        (0, 10),  # 2 * 5: no wait is worth less than a check
        (40, 30),  # 2 * sqrt(5 * 45)
        (300, 78.1),  # more than a minute after five minutes
        (3600, 268.5),  # and four and a half after an hour
        (40_495, 900),  # MaxWaitSeconds
        (DAY, 900),
        (WEEK, 900),
    ],
)
def test_the_base_grows_with_the_square_root_of_the_time_already_waited(
    elapsed_seconds: int, expected_seconds: float
) -> None:
    assert base_wait_seconds(elapsed_seconds, DEFAULTS) == pytest.approx(expected_seconds, abs=0.05)


def test_the_base_grows_with_the_cost_of_a_check() -> None:
    assert base_wait_seconds(0, Policy(check_cost_seconds=20)) == 40
    assert base_wait_seconds(380, Policy(check_cost_seconds=20)) == pytest.approx(178.9, abs=0.05)


def test_the_shortest_wait_is_the_operators() -> None:
    assert base_wait_seconds(0, Policy(check_cost_seconds=1)) == 10
    assert base_wait_seconds(0, Policy(check_cost_seconds=5, min_wait_seconds=60)) == 60


@pytest.mark.parametrize("elapsed_seconds", [0, 5, 90, 3600, DAY - 1000])
def test_the_jitter_only_shortens_and_by_no_more_than_a_tenth(elapsed_seconds: int) -> None:
    base = base_wait_seconds(elapsed_seconds, DEFAULTS)
    waits = [
        wait_seconds(a_watch(execution=f"default_{n}", checks=7), STARTED_AT + elapsed_seconds, DEFAULTS)
        for n in range(500)
    ]
    assert base * (1 - JITTER) <= min(waits) <= max(waits) <= math.ceil(base)
    assert elapsed_seconds < 90 or max(waits) - min(waits) >= base * JITTER - 2


def test_watches_started_together_do_not_ask_together() -> None:
    waits = {
        wait_seconds(a_watch(execution=f"default_{n}"), STARTED_AT + 3600, DEFAULTS) for n in range(1000)
    }
    assert waits == set(range(242, 270))  # 268.5 s, shortened by up to a tenth


def test_a_wait_depends_on_nothing_but_the_execution_and_the_check() -> None:
    waits = {wait_seconds(a_watch(checks=3), STARTED_AT + 3600, DEFAULTS) for _ in range(5)}
    other_checks = {wait_seconds(a_watch(checks=n), STARTED_AT + 3600, DEFAULTS) for n in range(50)}
    assert len(waits) == 1
    assert len(other_checks) > 5


@pytest.mark.parametrize("min_wait_seconds", [1, 10, 60])
def test_the_first_look_comes_after_0_to_min_wait_seconds(min_wait_seconds: int) -> None:
    policy = Policy(min_wait_seconds=min_wait_seconds)
    waits = {first_wait_seconds(a_watch(execution=f"default_{n}"), policy) for n in range(2000)}
    assert waits == set(range(min_wait_seconds + 1))


def test_the_first_look_comes_no_later_than_the_deadline() -> None:
    policy = Policy(min_wait_seconds=3600, max_wait_seconds=3600)
    watches = [a_watch(execution=f"default_{n}", deadline_at=STARTED_AT + 60) for n in range(2000)]
    assert {first_wait_seconds(watch, policy) for watch in watches} == set(range(61))


def test_the_wait_counts_from_ready_since_once_the_export_is_ready() -> None:
    now = STARTED_AT + 40_000
    before = wait_seconds(a_watch(), now, DEFAULTS)
    after = wait_seconds(a_watch(ready_since=now), now, DEFAULTS)
    assert before > 500
    assert after == 10


@pytest.mark.parametrize(
    ("watch", "after_seconds", "retry_after_seconds", "expected_seconds"),
    [
        pytest.param(a_watch(ready_since=STARTED_AT), 3890, None, 10, id="cut to the stuck moment"),
        pytest.param(a_watch(ready_since=STARTED_AT), 3890.5, None, 10, id="rounded up, not to be early"),
        pytest.param(a_watch(ready_since=STARTED_AT), 3899.999, None, 1, id="at least 1"),
        pytest.param(a_watch(), DAY - 5, None, 5, id="cut to the deadline"),
        pytest.param(a_watch(), DAY - 4.5, None, 5, id="rounded up to the deadline"),
        pytest.param(a_watch(), DAY - 5, 3600, 5, id="no limit goes past the deadline"),
        pytest.param(a_watch(), DAY, None, 1, id="at least 1 at the deadline"),
        pytest.param(a_watch(), DAY + 100, 3600, 1, id="at least 1 after the deadline"),
        pytest.param(
            a_watch(ready_since=STARTED_AT + DAY - 3905), DAY - 10, None, 5, id="stuck before the deadline"
        ),
        pytest.param(
            a_watch(ready_since=STARTED_AT + DAY - 3890), DAY - 5, None, 5, id="deadline before stuck"
        ),
        pytest.param(
            a_watch(checks=1000, deadline_at=STARTED_AT + WEEK), 4800, None, 1000, id="raised to the floor"
        ),
        pytest.param(
            a_watch(checks=1000, deadline_at=STARTED_AT + WEEK, ready_since=STARTED_AT + 4800 - 3890),
            4800,
            None,
            1000,
            id="the floor goes past the stuck moment",
        ),
        pytest.param(
            a_watch(checks=1000, deadline_at=STARTED_AT + WEEK), 4800, 30, 1000, id="and past a limit"
        ),
        pytest.param(
            a_watch(checks=1599, deadline_at=STARTED_AT + WEEK), 4800, None, WEEK - 4800, id="the last check"
        ),
        pytest.param(a_watch(checks=1600), 100, None, DAY - 100, id="none left: the deadline"),
        pytest.param(a_watch(checks=5000), 100, None, DAY - 100, id="none left for long: the deadline"),
    ],
)
def test_the_rules_of_the_wait_apply_in_their_order(
    watch: Watch, after_seconds: float, retry_after_seconds: int | None, expected_seconds: int
) -> None:
    assert wait_seconds(watch, STARTED_AT + after_seconds, DEFAULTS, retry_after_seconds) == expected_seconds


@pytest.mark.parametrize(("ready_since", "after_seconds"), [(None, 0), (STARTED_AT, 3890)])
def test_watches_that_were_refused_together_come_back_over_a_minute_and_none_too_early(
    ready_since: int | None, after_seconds: int
) -> None:
    waits = {
        wait_seconds(
            a_watch(execution=f"default_{n}", ready_since=ready_since),
            STARTED_AT + after_seconds,
            DEFAULTS,
            100,
        )
        for n in range(1000)
    }
    assert waits == set(range(101, 101 + REFUSED_SPREAD_SECONDS))


def test_a_rate_limit_shorter_than_the_wait_changes_nothing() -> None:
    now = STARTED_AT + 3600
    assert wait_seconds(a_watch(), now, DEFAULTS, 20) == wait_seconds(a_watch(), now, DEFAULTS)


@pytest.mark.parametrize(
    ("headroom", "times"),
    [(None, 1), (1, 1), (0.75, 1), (0.7, 1.23), (0.6, 1.95), (0.5, 3.375), (0.4, 5), (0.1, 5), (0, 5)],
)
def test_waits_stretch_as_the_rate_limit_is_used_up(headroom: float | None, times: float) -> None:
    assert stretch(headroom) == pytest.approx(times, abs=0.01)
    now = STARTED_AT + 300
    wait = wait_seconds(a_watch(), now, DEFAULTS)
    assert wait_seconds(a_watch(), now, DEFAULTS, headroom=headroom) == pytest.approx(times * wait, abs=6)


def test_a_stretched_wait_is_no_longer_than_the_longest() -> None:
    waits = {
        wait_seconds(a_watch(execution=f"default_{n}"), STARTED_AT + 3600, DEFAULTS, headroom=0.1)
        for n in range(1000)
    }
    assert waits == set(range(811, 901))  # the jitter spreads them


def test_a_little_more_headroom_never_means_a_longer_wait() -> None:
    stretches = [stretch(share / 1000) for share in range(1001)]
    assert stretches == sorted(stretches, reverse=True)


@pytest.mark.parametrize(
    ("watch", "after_seconds", "expected_seconds"),
    [
        pytest.param(a_watch(ready_since=STARTED_AT), 3890, 10, id="cut to the stuck moment"),
        pytest.param(a_watch(), DAY - 5, 5, id="cut to the deadline"),
        pytest.param(
            a_watch(checks=1000, deadline_at=STARTED_AT + 7 * DAY), 1000, 1007, id="raised to the floor"
        ),
    ],
)
def test_a_stretched_wait_obeys_the_rules_that_follow(
    watch: Watch, after_seconds: int, expected_seconds: int
) -> None:
    assert wait_seconds(watch, STARTED_AT + after_seconds, DEFAULTS, headroom=0.1) == expected_seconds


@pytest.mark.parametrize(
    "watch",
    [
        pytest.param(a_watch(ready_since=STARTED_AT, stuck_told=True), id="told already"),
        pytest.param(a_watch(ready_since=STARTED_AT - 100), id="the moment has passed"),
    ],
)
def test_nothing_is_cut_to_a_stuck_moment_that_is_over(watch: Watch) -> None:
    assert wait_seconds(watch, STARTED_AT + 3895, DEFAULTS) > 150


def test_the_floor_begins_with_the_thousandth_check() -> None:
    assert UNPACED_CHECKS == 1000
    assert CHECK_BUDGET == 1600
    assert wait_seconds(a_watch(checks=999, deadline_at=STARTED_AT + WEEK), STARTED_AT + 999, HOSTILE) == 1
    assert wait_seconds(a_watch(checks=1000, deadline_at=STARTED_AT + WEEK), STARTED_AT + 999, HOSTILE) > 1000


def checks_until_the_deadline(
    execution: str,
    policy: Policy,
    deadline_seconds: int,
    retry_after: Callable[[], int | None] = lambda: None,
) -> int:
    deadline_at = STARTED_AT + deadline_seconds
    now = STARTED_AT + first_wait_seconds(a_watch(execution=execution, deadline_at=deadline_at), policy)
    checks = 1
    while now < deadline_at:
        watch = a_watch(execution=execution, checks=checks, deadline_at=deadline_at)
        now += wait_seconds(watch, now, policy, retry_after())
        checks += 1
    assert now == deadline_at
    return checks


def test_the_undisturbed_schedule_takes_143_checks_in_24_hours() -> None:
    elapsed, checks = 0.0, 0
    while elapsed < DAY:
        elapsed += base_wait_seconds(elapsed, DEFAULTS)
        checks += 1
    assert checks == 143


def test_a_watch_takes_143_to_155_checks_in_24_hours() -> None:
    counts = {checks_until_the_deadline(f"default_{n}", DEFAULTS, DAY) for n in range(100)}
    assert counts <= set(range(143, 156))


@pytest.mark.parametrize("deadline_seconds", [60, 1600, 1601, 3600, DAY, 100_000, WEEK - 1, WEEK])
def test_no_setting_exceeds_the_budget_of_checks(deadline_seconds: int) -> None:
    counts = [checks_until_the_deadline(f"default_{n}", HOSTILE, deadline_seconds) for n in range(5)]
    assert max(counts) <= CHECK_BUDGET


@pytest.mark.parametrize("seed", range(20))
def test_no_vendor_exceeds_the_budget_of_checks(seed: int) -> None:
    chance = random.Random(seed)
    limits = [None, 0, 1, 2, 60, 3600]
    deadline_seconds = chance.randint(60, WEEK)
    checks = checks_until_the_deadline(
        f"default_{seed}", HOSTILE, deadline_seconds, lambda: chance.choice(limits)
    )
    assert checks <= CHECK_BUDGET
