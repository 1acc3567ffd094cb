import threading
import time
from functools import partial

import pytest

from sandbox.aws import RealClock, VirtualClock


@pytest.mark.parametrize("clock", [VirtualClock(100), RealClock()], ids=["virtual", "real"])
def test_sleepers_and_calls_come_in_the_order_of_their_times(clock):
    seen: list[float] = []
    begin = clock.now()

    def sleeper(seconds: float) -> None:
        clock.sleep(seconds, object())
        seen.append(seconds)

    for seconds in (0.3, 0.1):
        clock.start(partial(sleeper, seconds))
    clock.call_later(0.2, lambda: seen.append(0.2))
    assert clock.run()
    assert seen == [0.1, 0.2, 0.3]
    assert clock.now() - begin == pytest.approx(0.3, abs=0.1)


def test_on_a_virtual_clock_a_day_takes_no_time():
    clock = VirtualClock(100)
    clock.start(lambda: clock.sleep(86_400, object()))
    begin = time.monotonic()
    assert clock.run()
    assert clock.now() == 86_500
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


@pytest.mark.parametrize("clock", [VirtualClock(0), RealClock()], ids=["virtual", "real"])
def test_nothing_happens_unless_somebody_runs_the_clock(clock):
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


@pytest.mark.parametrize("clock", [VirtualClock(0), RealClock()], ids=["virtual", "real"])
def test_a_sleeper_can_be_woken_early(clock):
    bed, begin = object(), clock.now()
    clock.start(lambda: clock.sleep(1000, bed))
    clock.run(until=begin + 0.1)
    clock.wake(bed)
    assert clock.run(timeout_seconds=5)
    assert clock.now() - begin == pytest.approx(0.1, abs=0.2)


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


def test_on_the_real_clock_a_run_gives_up_in_the_middle_of_a_wait():
    clock = RealClock()
    clock.start(lambda: clock.sleep(60, object()))
    begin = time.monotonic()
    assert not clock.run(timeout_seconds=0.05)
    assert not clock.run(until=time.time() + 0.05)
    assert 0.1 <= time.monotonic() - begin < 2
    clock.stop()


def test_what_a_thread_fails_with_is_raised_by_the_run():
    clock = VirtualClock(0)

    def work():
        raise LookupError("a mistake")

    clock.start(work)
    with pytest.raises(LookupError, match="a mistake"):
        clock.run()


@pytest.mark.parametrize("kind", [VirtualClock, RealClock])
def test_stopping_ends_all_threads_and_forgets_all_calls(kind):
    before = set(threading.enumerate())
    clock, seen = kind(), []
    for _ in range(3):
        clock.start(lambda: seen.append(clock.sleep(1000, object())))
    clock.call_later(60, lambda: seen.append("called"))
    clock.run(timeout_seconds=0.05) if kind is RealClock else clock.run(until=clock.now() + 1)
    clock.start(lambda: None)
    clock.stop()
    time.sleep(0.05)
    assert not seen
    assert set(threading.enumerate()) <= before
