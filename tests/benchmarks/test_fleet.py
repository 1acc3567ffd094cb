"""The limits of the fleet's simulation count rightly, and its fleet behaves as the documents say."""

import math

import pytest

from benchmarks.fleet.benchmark import AT_ONCE, UNLIMITED, Load, figures, find
from benchmarks.fleet.simulation import MANNERS, Announcement, FixedWindow, Limit, Run, simulate
from benchmarks.frame import read
from export_watch.watch import ExportStatus, Obstacle, RateLimit, StatusSeen

BACK_FILL = [Announcement(n / 100, 60.0 + 3 * n) for n in range(100)]
KINDS = pytest.mark.parametrize("kind", [FixedWindow, Limit])


@pytest.mark.parametrize(
    ("kind", "replies"),
    [
        (FixedWindow, {50: (1, 10), 55: (0, 5), 59: 1, 60: (1, 60), 61: (0, 59), 62: 58}),
        (Limit, {50: (1, 60), 55: (0, 60), 59: 60, 60: 60, 110: (0, 60), 115: (0, 60)}),
    ],
    ids=["every minute of the clock", "any minute"],
)
def test_a_limit_of_two_calls_a_minute_says_what_is_left_and_a_refusal_when_to_come_back(kind, replies):
    def answered(now: float) -> tuple[float, float | None] | int | None:
        match limit.answer(now, ExportStatus.DONE):
            case StatusSeen(rate_limit=RateLimit(remaining=left, reset_seconds=reset)):
                return left, reset
            case Obstacle(retry_after_seconds=seconds):
                return seconds
            case _:
                return None

    limit = kind(2)
    assert {now: answered(now) for now in replies} == replies


@pytest.mark.parametrize("manner", MANNERS)
@KINDS
def test_every_end_is_seen_once_whatever_the_limit(kind, manner):
    run = simulate(BACK_FILL, kind(200), manner)
    assert all(delay >= 0 for delay in run.delays)
    assert sum(run.checks) == len(run.calls)
    assert manner != "queue" or not any(run.refused)


@KINDS
def test_a_back_fill_that_gives_way_is_hardly_refused(kind):
    ours, other = (simulate(BACK_FILL, kind(200), manner) for manner in ("ours", "refusals_only"))
    assert sum(ours.refused) <= 0.02 * len(ours.calls)
    assert sum(other.refused) > 0.05 * len(other.calls)
    assert not any(simulate(BACK_FILL, Limit(math.inf), "ours").refused)


@pytest.mark.parametrize("limit", ["fixed", "sliding"])
def test_the_committed_result_keeps_the_aims_that_the_document_states(limit):
    measured = read("fleet")
    steady = "5,000 an hour"
    overload = find(measured, "5,000 an hour, of 30 min each", "ours", limit)
    assert find(measured, AT_ONCE, "ours", limit)["refused_share"] <= 0.01
    unlimited = find(measured, steady, *UNLIMITED)["delay_mean"]
    assert find(measured, steady, "ours", limit)["delay_mean"] <= 1.25 * unlimited
    assert overload["refused_share"] <= 0.05
    assert overload["limit_used"] <= 0.8


def test_of_a_load_count_the_exports_and_calls_between_the_first_ones_and_the_last_ones():
    exports = [Announcement(at, 60.0) for at in (3599.0, 3600.0, 7199.0, 7200.0)]
    run = Run([3599.0, 3600.0, 3660.0, 7200.0], [True, False, True, False], [9, 2, 4, 9], [9, 1, 3, 9])
    found = figures(Load([exports], per_minute=1, first=3600, last=7200), [run])
    assert (found["checks"], found["delay_mean"], found["refused_share"]) == (3, 2, 0.5)
    assert found["limit_used"] == pytest.approx(1 / 60)
    assert found["answered_by_minute"][:2] == [1, 0]
    assert found["refused_by_minute"][:2] == [1, 1]
