import threading
import time
from functools import partial

import pytest

from sandbox.aws import VirtualClock


def test_sleepers_wake_in_the_order_of_their_times_and_time_jumps():
    clock = VirtualClock(100)
    seen = []

    def sleeper(seconds: float) -> None:
        clock.sleep(seconds, object())
        seen.append((seconds, clock.now()))

    for seconds in (30, 10, 86_400, 20):
        clock.start(partial(sleeper, seconds))
    begin = time.monotonic()
    assert clock.run()
    assert seen == [(10, 110), (20, 120), (30, 130), (86_400, 86_500)]
    assert time.monotonic() - begin < 1


def test_those_due_at_one_time_go_in_the_order_in_which_they_came():
    clock = VirtualClock(0)
    seen: list[str] = []
    for name in "abc":
        clock.call_later(5, partial(seen.append, name))
    clock.run()
    assert seen == ["a", "b", "c"]


def test_only_one_thread_runs_at_a_time():
    clock = VirtualClock(0)
    running, most = [0], [0]

    def work():
        for _ in range(20):
            running[0] += 1
            most[0] = max(most[0], running[0])
            time.sleep(0.0001)
            running[0] -= 1
            clock.sleep(1, object())

    for _ in range(5):
        clock.start(work)
    clock.run()
    assert most[0] == 1


def test_nothing_happens_unless_somebody_runs_the_clock():
    clock = VirtualClock(0)
    seen = []
    clock.start(lambda: seen.append(1))
    clock.call_later(0, lambda: seen.append(2))
    time.sleep(0.02)
    assert not seen
    clock.run()
    assert sorted(seen) == [1, 2]


def test_a_run_ends_at_its_time_and_can_be_continued():
    clock = VirtualClock(0)
    seen: list[float] = []
    for when in (10, 20, 30):
        clock.call_later(when, partial(seen.append, when))
    assert not clock.run(until=20)
    assert (seen, clock.now()) == ([10, 20], 20)
    assert clock.run(until=100)
    assert (seen, clock.now()) == ([10, 20, 30], 100)


def test_a_sleeper_can_be_woken_early():
    clock = VirtualClock(0)
    bed = object()
    seen = []

    def work():
        clock.sleep(1000, bed)
        seen.append(clock.now())

    clock.start(work)
    clock.run(until=7)
    clock.wake(bed)
    assert clock.run()
    assert seen == [7]
    assert clock.now() == 7


def test_a_run_gives_up_after_real_time():
    clock = VirtualClock(0)

    def for_ever():
        while True:
            time.sleep(0.001)
            clock.sleep(1, object())

    clock.start(for_ever)
    begin = time.monotonic()
    assert not clock.run(timeout_seconds=0.1)
    assert time.monotonic() - begin < 2
    clock.stop()


def test_what_a_thread_fails_with_is_raised_by_the_run():
    clock = VirtualClock(0)

    def work():
        raise LookupError("a mistake")

    clock.start(work)
    with pytest.raises(LookupError, match="a mistake"):
        clock.run()


def test_stopping_ends_all_threads():
    before = set(threading.enumerate())
    clock = VirtualClock(0)
    for _ in range(3):
        clock.start(lambda: clock.sleep(1000, object()))
    clock.run(until=1)
    clock.start(lambda: None)
    clock.stop()
    time.sleep(0.05)
    assert set(threading.enumerate()) <= before


def test_somebody_can_watch_the_jumps():
    jumps: list[float] = []
    clock = VirtualClock(0, before_jump=jumps.append)
    clock.call_later(0, lambda: None)
    clock.call_later(5, lambda: None)
    clock.call_later(12, lambda: None)
    clock.run()
    assert jumps == [5, 7]
