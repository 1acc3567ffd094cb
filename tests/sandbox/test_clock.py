"""Two clocks with one behaviour: only the real one takes its time."""

import threading
import time
from functools import partial

import pytest

from sandbox.aws import RealClock, VirtualClock

both = pytest.mark.parametrize("clock", [VirtualClock(0), RealClock()], ids=["virtual", "real"])


@both
def test_sleepers_and_calls_come_in_the_order_of_their_times_and_only_within_a_run(clock):
    seen: list[float] = []
    begin = clock.now()

    def sleeper(seconds: float) -> None:
        clock.sleep(seconds, object())
        seen.append(seconds)

    for seconds in (0.3, 0.1):
        clock.start(partial(sleeper, seconds))
    clock.call_later(0.2, lambda: seen.append(0.2))
    clock.call_later(0.2, lambda: seen.append(0.20))
    time.sleep(0.02)
    assert not seen
    assert clock.run()
    assert seen == [0.1, 0.2, 0.20, 0.3]
    assert clock.now() - begin == pytest.approx(0.3, abs=0.15)


@both
def test_a_run_ends_at_its_time_and_can_be_continued(clock):
    seen: list[float] = []
    begin = clock.now()
    for when in (0.1, 0.2, 0.5):
        clock.call_later(when, partial(seen.append, when))
    assert not clock.run(until=begin + 0.3)
    assert seen == [0.1, 0.2]
    assert clock.run(until=begin + 0.6)
    assert seen == [0.1, 0.2, 0.5]
    assert clock.now() >= begin + 0.5


@both
def test_a_sleeper_can_be_woken_early(clock):
    bed, begin = object(), clock.now()
    clock.start(lambda: clock.sleep(1000, bed))
    clock.run(until=begin + 0.1)
    clock.wake(bed)
    assert clock.run(timeout_seconds=5)
    assert clock.now() - begin == pytest.approx(0.1, abs=0.2)


@pytest.mark.parametrize("kind", [VirtualClock, RealClock])
def test_stopping_ends_all_threads_and_forgets_all_calls(kind):
    before = set(threading.enumerate())
    clock, seen = kind(), []
    for _ in range(3):
        clock.start(lambda: seen.append(clock.sleep(1000, object())))
    clock.call_later(60, lambda: seen.append("called"))
    clock.run(until=clock.now() + 0.05)
    clock.start(lambda: None)
    clock.stop()
    time.sleep(0.05)
    assert not seen
    assert set(threading.enumerate()) <= before


def test_on_a_virtual_clock_a_day_takes_no_time():
    clock = VirtualClock(100)
    clock.start(lambda: clock.sleep(86_400, object()))
    assert clock.run(timeout_seconds=60)
    assert clock.now() == 86_500


def test_only_one_thread_runs_at_a_time():
    clock = VirtualClock(0)
    running = most = 0

    def work() -> None:
        nonlocal running, most
        for _ in range(20):
            running += 1
            most = max(most, running)
            time.sleep(0.0001)
            running -= 1
            clock.sleep(1, object())

    for _ in range(5):
        clock.start(work)
    clock.run()
    assert most == 1


@pytest.mark.parametrize(
    ("clock", "pause"), [(VirtualClock(0), 0.01), (RealClock(), 60)], ids=["virtual", "real"]
)
def test_a_run_gives_up_after_real_time(clock, pause):
    def for_ever() -> None:
        while True:
            time.sleep(0.001)
            clock.sleep(pause, object())

    clock.start(for_ever)
    begin = time.monotonic()
    assert not clock.run(timeout_seconds=0.1)
    assert time.monotonic() - begin >= 0.1
    clock.stop()


def test_what_a_thread_fails_with_is_raised_by_the_run():
    clock = VirtualClock(0)
    clock.start(lambda: [1].remove(2))
    with pytest.raises(ValueError, match="not in list"):
        clock.run()
