import threading
import time

import pytest

from sandbox.aws import RealClock


def test_a_run_lasts_until_nothing_is_left_to_do():
    clock = RealClock()
    seen: list[str] = []

    def work() -> None:
        clock.sleep(0.1, object())
        seen.append("slept")

    clock.start(work)
    clock.call_later(0.05, lambda: seen.append("called"))
    assert clock.run()
    assert seen == ["called", "slept"]


def test_a_run_gives_up_after_its_timeout_and_at_its_time():
    clock = RealClock()
    clock.start(lambda: clock.sleep(60, object()))
    assert not clock.run(timeout_seconds=0.05)
    assert not clock.run(until=time.time() + 0.05)
    clock.stop()


def test_a_sleeper_can_be_woken_early():
    clock = RealClock()
    bed = object()
    clock.start(lambda: clock.sleep(60, bed))
    time.sleep(0.02)
    clock.wake(bed)
    assert clock.run(timeout_seconds=5)


def test_stopping_ends_threads_and_forgets_calls():
    before = set(threading.enumerate())
    clock = RealClock()
    seen: list[str] = []

    def work() -> None:
        clock.sleep(60, object())
        seen.append("slept")

    clock.start(work)
    clock.call_later(60, lambda: seen.append("called"))
    clock.stop()
    time.sleep(0.05)
    assert not seen
    assert set(threading.enumerate()) <= before


def test_what_a_thread_fails_with_is_raised_by_the_run():
    clock = RealClock()

    def work():
        raise LookupError("a mistake")

    clock.start(work)
    with pytest.raises(LookupError, match="a mistake"):
        clock.run()
