"""The servers of the fleet's simulation count rightly, and its fleet behaves as the documents say."""

import pytest

from benchmarks import results
from benchmarks.fleet.benchmark import SHORT, Stream, _flow
from benchmarks.fleet.server import FixedWindow, Limit, SlidingWindow, Unlimited, answer
from benchmarks.fleet.simulation import Announcement, Manner, Run, simulate
from export_watch.watch import ExportStatus

BACK_FILL = [Announcement(n / 100, 60.0 + 3 * n) for n in range(100)]


def taken(limit: Limit, moments: list[float]) -> list[float]:
    return [
        at for at in moments if answer(limit, at, ExportStatus.DONE, tells_what_is_left=True).status == 200
    ]


def test_a_fixed_window_begins_anew_with_every_minute_of_the_clock():
    assert taken(FixedWindow(2), [50.0, 55.0, 59.9, 60.0, 60.1, 60.2]) == [50.0, 55.0, 60.0, 60.1]


def test_a_sliding_window_takes_no_more_in_any_minute():
    assert taken(SlidingWindow(2), [50.0, 55.0, 59.9, 60.0, 110.0, 110.1, 115.0]) == [
        50.0,
        55.0,
        110.0,
        115.0,
    ]


def test_a_reply_tells_what_is_left_and_a_refusal_when_to_come_back():
    limit = FixedWindow(2)
    replies = (
        answer(limit, 0.0, ExportStatus.DONE, tells_what_is_left=True),
        answer(limit, 0.0, ExportStatus.DONE, tells_what_is_left=False),
        answer(limit, 0.5, ExportStatus.DONE, tells_what_is_left=True),
    )
    assert [reply.headers for reply in replies] == [
        {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1"},
        {},
        {"X-RateLimit-Reset": "60"},
    ]


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("kind", [FixedWindow, SlidingWindow])
def test_every_end_is_seen_once_whatever_the_limit(kind, manner):
    run = simulate(BACK_FILL, kind(200), manner)
    assert sorted(run.delays) == list(range(len(BACK_FILL)))
    assert min(run.delays.values()) >= 0
    assert sum(run.checks.values()) == len(run.calls)
    assert manner is not Manner.QUEUE or run.refused == []


@pytest.mark.parametrize("kind", [FixedWindow, SlidingWindow])
def test_a_fleet_that_sees_what_is_left_is_refused_less_often(kind):
    ours, other = (simulate(BACK_FILL, kind(200), manner) for manner in (Manner.OURS, Manner.REFUSALS_ONLY))
    assert len(ours.refused) < 0.4 * len(other.refused)
    assert len(ours.calls) < len(other.calls)


def test_a_queue_permits_all_that_the_limit_does_and_no_more():
    calls = simulate(BACK_FILL, SlidingWindow(50), Manner.QUEUE).calls
    assert max(sum(start <= call < start + 60 for call in calls) for start in calls) == 50


def test_without_a_limit_nothing_is_refused():
    assert simulate(BACK_FILL, Unlimited(), Manner.OURS).refused == []


def test_of_a_stream_count_the_exports_and_calls_between_the_first_ones_and_the_last_ones():
    stream = Stream("one", "one", per_hour=1, workload=SHORT, hours=2, warm_up_hours=1)
    exports = [Announcement(at, 60.0) for at in (3599.0, 3600.0, 7199.0, 7200.0)]
    run = Run(
        calls=[3599.0, 3600.0, 3660.0, 7200.0],
        refused=[3599.0, 3660.0],
        delays=dict(enumerate([100.0, 1.0, 3.0, 100.0])),
        checks=dict(enumerate([100, 2, 4, 100])),
        state_bytes=[1],
    )
    found = _flow(run, exports, stream)
    assert (found["checks"], found["delay_mean"]) == (3, 2)
    assert found["calls_a_minute"] == pytest.approx(2 / 60)
    assert found["refused_share"] == 0.5


def test_the_committed_exports_need_as_many_calls_as_were_made_in_their_time():
    """So it is only where they were announced into a fleet that neither fills nor empties."""
    for stream in results.read("fleet")["measured"]["streams"].values():
        for by_manner in stream["limits"].values():
            for of in by_manner.values():
                needed = of["checks"] * stream["per_hour"]
                assert needed == pytest.approx(60 * of["calls_a_minute"], rel=0.02), stream["label"]
