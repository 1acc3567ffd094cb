"""The deployment's clock, which is its scheduler, too: a discrete-event simulation with threads.

Exactly one thread runs at a time, and only while somebody is in `run`. When it pauses, whoever is due next goes on: at
once on a `VirtualClock`, in an order that is the same in each run; on a `RealClock` when that time has come.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from functools import partial

_Entry = tuple[float, int, Callable[[], None]]
"""Of the agenda: when, a number that keeps the order, and what is done then."""


class ClockStopped(BaseException):
    """Raised in sleeping threads when a deployment goes; not an Exception, so that no interpreter takes it for one."""


class VirtualClock:
    """Waiting takes no time. Times are unix seconds; it starts at `start` (default: the current time)."""

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._agenda: list[_Entry] = []
        self._sequence = itertools.count()
        self._asleep: dict[object, _Entry] = {}
        self._idle = threading.Event()  # no thread has its turn
        self._idle.set()
        self._stopped = False
        self._failure: BaseException | None = None

    def now(self) -> float:
        return self._now

    def advance(self, when: float) -> None:
        """Returns when it is `when`, which may be over already. A kind of clock says how it gets there."""
        self._now = max(self._now, when)

    def call_later(self, seconds: float, action: Callable[[], None]) -> _Entry:
        """Has `run` call an action; returns its entry in the agenda."""
        entry = (self.now() + max(0.0, seconds), next(self._sequence), action)
        heapq.heappush(self._agenda, entry)
        return entry

    def start(self, work: Callable[[], None]) -> None:
        """Runs `work` in a thread of its own."""

        def live() -> None:
            try:
                work()
            except ClockStopped:
                pass
            except BaseException as failure:  # a mistake of the sandbox itself: `run` raises it
                self._failure = failure
            finally:
                self._idle.set()

        self.call_later(0, partial(self._give_turn, threading.Thread(target=live, daemon=True).start))

    def sleep(self, seconds: float, sleeper: object) -> None:
        """Lets the calling thread, started by `start`, wait; `wake(sleeper)` ends the wait early."""
        turn = threading.Event()
        self._asleep[sleeper] = self.call_later(seconds, partial(self._give_turn, turn.set))
        self._idle.set()
        turn.wait()
        del self._asleep[sleeper]
        if self._stopped:
            raise ClockStopped

    def wake(self, sleeper: object) -> None:
        if entry := self._asleep.get(sleeper):
            self._agenda.remove(entry)
            heapq.heapify(self._agenda)
            self._asleep[sleeper] = self.call_later(0, entry[2])

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        """Lets everything work until nothing is left to do (then true), the time `until`, or a real timeout."""
        give_up = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._agenda:
            when = self._agenda[0][0]
            if until is not None and when > until:
                self.advance(until)
                return False
            if give_up is not None and time.monotonic() >= give_up:
                return False
            self.advance(when)
            _, _, action = heapq.heappop(self._agenda)
            action()
            if self._failure:
                failure, self._failure = self._failure, None
                raise failure
        self._now = max(self._now, until or 0)
        return True

    def stop(self) -> None:
        """Ends all threads and forgets all calls, for good."""
        self._idle.wait()  # a run that was interrupted leaves a thread at work
        self._stopped = True
        self._agenda.clear()
        for _, _, wake_up in list(self._asleep.values()):
            wake_up()

    def _give_turn(self, go_on: Callable[[], None]) -> None:
        """Lets a thread go on, and waits until it sleeps or ends."""
        self._idle.clear()
        go_on()
        self._idle.wait()


class RealClock(VirtualClock):
    """The clock of the machine: waiting takes its time."""

    def now(self) -> float:
        return time.time()

    def advance(self, when: float) -> None:
        time.sleep(max(0.0, when - time.time()))

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        if timeout_seconds is not None:
            give_up = time.time() + timeout_seconds
            until = give_up if until is None else min(until, give_up)
        return super().run(until, timeout_seconds)
