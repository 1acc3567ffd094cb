"""The servers of the fleet's simulation count rightly, and its fleet behaves as the documents say."""

from collections import Counter

import pytest

from benchmarks.fleet.benchmark import SHORT, Stream, flow
from benchmarks.fleet.server import FixedWindow, SlidingWindow, Unlimited
from benchmarks.fleet.simulation import Announcement, Manner, Run, simulate
from export_watch.watch import ExportStatus, Obstacle, StatusSeen

BACK_FILL = [Announcement(n / 100, 60.0 + 3 * n) for n in range(100)]


def taken(limit, moments):
    return [at for at in moments if isinstance(limit.answer(at, ExportStatus.DONE), StatusSeen)]


def test_a_fixed_window_begins_anew_with_every_minute_of_the_clock():
    assert taken(FixedWindow(2), [50.0, 55.0, 59.9, 60.0, 60.1, 60.2]) == [50.0, 55.0, 60.0, 60.1]


def test_a_sliding_window_takes_no_more_in_any_minute():
    moments = [50.0, 55.0, 59.9, 60.0, 110.0, 110.1, 115.0]
    assert taken(SlidingWindow(2), moments) == [50.0, 55.0, 110.0, 115.0]


@pytest.mark.parametrize(("kind", "resets"), [(FixedWindow, [60, 30]), (SlidingWindow, [60, 60])])
def test_a_reply_says_what_is_left_and_a_refusal_when_to_come_back(kind, resets):
    limit = kind(1)
    seen, refused = (limit.answer(now, ExportStatus.DONE) for now in (0.0, 30.0))
    assert (seen.rate_limit.limit, seen.rate_limit.remaining, seen.rate_limit.reset_seconds) == (
        1,
        0,
        resets[0],
    )
    assert isinstance(refused, Obstacle)
    assert refused.retry_after_seconds == resets[1]


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("kind", [FixedWindow, SlidingWindow])
def test_every_end_is_seen_once_whatever_the_limit(kind, manner):
    run = simulate(BACK_FILL, kind(200), manner)
    assert sorted(run.delays) == list(range(len(BACK_FILL)))
    assert min(run.delays.values()) >= 0
    assert run.checks.total() == len(run.calls)
    assert manner is not Manner.QUEUE or run.refused == []


@pytest.mark.parametrize("kind", [FixedWindow, SlidingWindow])
def test_a_back_fill_that_gives_way_is_hardly_refused(kind):
    ours, other = (simulate(BACK_FILL, kind(200), manner) for manner in (Manner.OURS, Manner.REFUSALS_ONLY))
    assert len(ours.refused) <= 0.02 * len(ours.calls)
    assert len(other.refused) > 0.05 * len(other.calls)


def test_without_a_limit_nothing_is_refused():
    assert simulate(BACK_FILL, Unlimited(), Manner.OURS).refused == []


def test_of_a_stream_count_the_exports_and_calls_between_the_first_ones_and_the_last_ones():
    stream = Stream(1, SHORT, hours=2, warm_up_hours=1, scale=0.5)
    exports = [Announcement(at, 60.0) for at in (3599.0, 3600.0, 7199.0, 7200.0)]
    found = flow(
        Run(
            [3599.0, 3600.0, 3660.0, 7200.0],
            [3599.0, 3660.0],
            {0: 9, 1: 1, 2: 3, 3: 9},
            Counter({0: 9, 1: 2, 2: 4, 3: 9}),
        ),
        exports,
        stream,
    )
    assert (found["checks"], found["delay_mean"], found["refused_share"]) == (3, 2, 0.5)
    assert found["taken_a_minute"] == pytest.approx(2 / 60)
