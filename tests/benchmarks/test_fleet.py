"""The limits of the fleet's simulation count rightly, and its fleet behaves as the documents say."""

import math

import pytest

from benchmarks import results
from benchmarks.fleet.benchmark import Stream, flow
from benchmarks.fleet.simulation import LIMITS, MANNERS, Announcement, FixedWindow, Limit, Run, simulate
from benchmarks.schedule.workloads import FOUR
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
    assert manner != "queue" or run.refused == []


@KINDS
def test_a_back_fill_that_gives_way_is_hardly_refused(kind):
    ours, other = (simulate(BACK_FILL, kind(200), manner) for manner in ("ours", "refusals_only"))
    assert len(ours.refused) <= 0.02 * len(ours.calls)
    assert len(other.refused) > 0.05 * len(other.calls)
    assert simulate(BACK_FILL, Limit(math.inf), "ours").refused == []


def test_the_committed_result_keeps_the_aims_that_the_document_states():
    measured = results.read("fleet")["measured"]
    steady, overload = measured["streams"]["steady"], measured["streams"]["overload"]
    for kind in LIMITS:
        assert measured["back_fill"]["limits"][kind]["ours"]["refused_share"] <= 0.01
        delay = steady["limits"][kind]["ours"]["delay_mean"]
        assert delay <= 1.25 * steady["unlimited"]["delay_mean"]
        assert overload["limits"][kind]["ours"]["refused_share"] <= 0.05
        assert overload["limits"][kind]["ours"]["taken_a_minute"] <= 0.8 * measured["per_minute"]


def test_of_a_stream_count_the_exports_and_calls_between_the_first_ones_and_the_last_ones():
    stream = Stream(1, FOUR["5 min"], hours=2, warm_up_hours=1, scale=0.5)
    exports = [Announcement(at, 60.0) for at in (3599.0, 3600.0, 7199.0, 7200.0)]
    run = Run([3599.0, 3600.0, 3660.0, 7200.0], [3599.0, 3660.0], [9, 2, 4, 9], [9, 1, 3, 9])
    found = flow(run, exports, stream)
    assert (found["checks"], found["delay_mean"], found["refused_share"]) == (3, 2, 0.5)
    assert found["taken_a_minute"] == pytest.approx(2 / 60)
