"""The clock of the machine: threads and timers, counted so that `run` knows when nothing is left to do."""

import threading
import time
from collections.abc import Callable

from sandbox.aws.clock import ClockStopped


class RealClock:
    """Time as it passes. `sleep` may return early, like any wait of an operating system: look again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._work = 0  # threads that run or sleep, and calls to come
        self._sleepers: dict[int, threading.Event] = {}
        self._timers: set[threading.Timer] = set()
        self._stopped = False
        self._failure: BaseException | None = None

    def now(self) -> float:
        return time.time()

    def start(self, work: Callable[[], None]) -> None:
        self._count(1)
        threading.Thread(target=self._live, args=(work,), daemon=True).start()

    def sleep(self, seconds: float, sleeper: object) -> None:
        with self._changed:
            woken = self._sleepers.setdefault(id(sleeper), threading.Event())
        if not self._stopped:
            woken.wait(seconds)
        with self._changed:
            self._sleepers.pop(id(sleeper), None)
        if self._stopped:
            raise ClockStopped

    def wake(self, sleeper: object) -> None:
        with self._changed:
            # Who is about to sleep must not miss it, so the event is made here if need be.
            self._sleepers.setdefault(id(sleeper), threading.Event()).set()

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._stopped:
            return

        def call() -> None:
            self._timers.discard(timer)
            self._live(action)

        timer = threading.Timer(seconds, call)
        timer.daemon = True
        self._timers.add(timer)
        self._count(1)
        timer.start()

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        ends = [until - time.time()] if until is not None else []
        ends += [timeout_seconds] if timeout_seconds is not None else []
        with self._changed:
            quiet = self._changed.wait_for(lambda: not self._work or self._failure, min(ends, default=None))
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        return bool(quiet)

    def stop(self) -> None:
        self._stopped = True
        for timer in list(self._timers):
            timer.cancel()
            if timer in self._timers:
                self._timers.discard(timer)
                self._count(-1)
        with self._changed:
            for woken in self._sleepers.values():
                woken.set()
            # An invocation under way may take its time.
            self._changed.wait_for(lambda: not self._work, timeout=30)

    def _live(self, work: Callable[[], None]) -> None:
        try:
            if not self._stopped:
                work()
        except ClockStopped:
            pass
        except BaseException as failure:
            self._failure = failure
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._work += change
            self._changed.notify_all()
