"""When to check again: the base, what is known, the order of the rules, the jitter and the budget of checks."""

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
    wait_seconds,
)
from export_watch.watch import DistributionMethod, Watch
from tests.unit.examples import DAY, DEFAULTS, STARTED_AT, a_watch, an_export

WEEK = 7 * DAY
SCHEDULED = an_export(status="scheduled")
HOSTILE = Policy(check_cost_seconds=0.1, min_wait_seconds=1, max_wait_seconds=1, stuck_after_seconds=1)


@pytest.mark.parametrize(
    ("elapsed_seconds", "expected_seconds"),
    [
        (0, 10),  # MinWaitSeconds
        (48, 20),  # 2 * sqrt(2 * 50)
        (300, 49.2),  # less than a minute after five minutes
        (3600, 169.8),  # and three after an hour
        (101_248, 900),  # MaxWaitSeconds
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
    assert base_wait_seconds(0, Policy(check_cost_seconds=8)) == 16  # no wait is worth less than a check
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


def test_watches_started_together_do_not_check_together() -> None:
    waits = {
        wait_seconds(a_watch(execution=f"default_{n}"), STARTED_AT + 3600, DEFAULTS) for n in range(1000)
    }
    assert waits == set(range(153, 171))  # 169.8 s, shortened by up to a tenth


def test_a_wait_depends_on_nothing_but_the_execution_and_the_check() -> None:
    waits = {wait_seconds(a_watch(checks=3), STARTED_AT + 3600, DEFAULTS) for _ in range(5)}
    other_checks = {wait_seconds(a_watch(checks=n), STARTED_AT + 3600, DEFAULTS) for n in range(50)}
    assert len(waits) == 1
    assert len(other_checks) > 5


@pytest.mark.parametrize(
    ("policy", "deadline_seconds", "expected"),
    [
        pytest.param(DEFAULTS, DAY, range(10, 21), id="by default"),
        pytest.param(Policy(min_wait_seconds=60), DAY, range(60, 121), id="the operator's shortest wait"),
        pytest.param(
            Policy(check_cost_seconds=20.5), DAY, range(21, 42), id="no sooner than a check is worth"
        ),
        pytest.param(Policy(max_wait_seconds=15), DAY, range(8, 16), id="no later than the longest wait"),
        pytest.param(Policy(check_cost_seconds=3600), 60, range(30, 61), id="nor than the deadline"),
        pytest.param(HOSTILE, 60, range(1, 2), id="at least 1"),
    ],
)
def test_first_checks_are_spread_from_the_shortest_wait_to_twice_that(
    policy: Policy, deadline_seconds: int, expected: range
) -> None:
    watches = [
        a_watch(execution=f"default_{n}", deadline_at=STARTED_AT + deadline_seconds) for n in range(2000)
    ]
    assert {first_wait_seconds(watch, policy) for watch in watches} == set(expected)


def test_the_wait_counts_from_ready_since_once_the_export_is_ready() -> None:
    now = STARTED_AT + 80_000
    before = wait_seconds(a_watch(), now, DEFAULTS)
    after = wait_seconds(a_watch(ready_since=now), now, DEFAULTS)
    assert before > 700
    assert after == 10


@pytest.mark.parametrize(
    ("status", "times"), [("scheduled", 1.5), ("Scheduled", 1.5), ("in progress", 1), ("", 1)]
)
def test_waits_are_half_as_long_again_while_the_export_has_not_begun(status: str, times: float) -> None:
    now = STARTED_AT + 3600
    wait = wait_seconds(a_watch(), now, DEFAULTS)
    watch = a_watch(export=an_export(status=status))
    assert wait_seconds(watch, now, DEFAULTS) == pytest.approx(times * wait, abs=1)


@pytest.mark.parametrize(
    ("expected_seconds", "elapsed_seconds", "times"),
    [
        (604_800, 598, 2),  # sparse long before the expected time
        (2400, 598, 2),
        (1800, 598, 1.5),
        (1200, 598, 1),  # as ever halfway to it
        (600, 598, 0.5),  # dense around it
        (1, 598, 0.5),  # and after it
    ],
)
def test_checks_are_sparse_before_the_expected_duration_and_dense_around_it(
    expected_seconds: int, elapsed_seconds: int, times: float
) -> None:
    now = STARTED_AT + elapsed_seconds
    wait = wait_seconds(a_watch(), now, DEFAULTS)
    watch = a_watch(expected_seconds=expected_seconds)
    assert wait_seconds(watch, now, DEFAULTS) == pytest.approx(times * wait, abs=1.5)
    scheduled = a_watch(expected_seconds=expected_seconds, export=SCHEDULED)
    assert wait_seconds(scheduled, now, DEFAULTS) == pytest.approx(max(1.5, times) * wait, abs=1.5)


def test_nothing_known_of_the_export_counts_for_its_delivery() -> None:
    now = STARTED_AT + 3600
    ready = a_watch(ready_since=STARTED_AT, export=an_export(status="ready"))
    assert wait_seconds(ready, now, DEFAULTS) == wait_seconds(
        a_watch(ready_since=STARTED_AT, expected_seconds=1), now, DEFAULTS
    )


def test_what_is_known_never_takes_a_wait_out_of_the_operators_bounds() -> None:
    assert wait_seconds(a_watch(expected_seconds=1), STARTED_AT + 5, DEFAULTS) >= 9  # 10 less the jitter
    waiting = a_watch(export=SCHEDULED, deadline_at=STARTED_AT + WEEK)
    assert 810 <= wait_seconds(waiting, STARTED_AT + DAY, DEFAULTS) <= 900


def test_an_operator_who_sets_nothing_has_the_documented_defaults() -> None:
    assert Policy() == Policy(2, 10, 900, 3900, DistributionMethod.FTP)


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
    "watch",
    [
        pytest.param(a_watch(ready_since=STARTED_AT, stuck_told=True), id="published already"),
        pytest.param(a_watch(ready_since=STARTED_AT - 100), id="the moment has passed"),
    ],
)
def test_nothing_is_cut_to_a_stuck_moment_that_is_over(watch: Watch) -> None:
    assert wait_seconds(watch, STARTED_AT + 3895, DEFAULTS) > 100


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


def test_the_undisturbed_schedule_takes_209_checks_in_24_hours() -> None:
    elapsed, checks = 0.0, 0
    while elapsed < DAY:
        elapsed += base_wait_seconds(elapsed, DEFAULTS)
        checks += 1
    assert checks == 209


def test_a_watch_takes_209_to_225_checks_in_24_hours() -> None:
    counts = {checks_until_the_deadline(f"default_{n}", DEFAULTS, DAY) for n in range(100)}
    assert counts <= set(range(209, 226))


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
