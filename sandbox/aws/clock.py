"""The deployment's clock, which is its scheduler, too: a discrete-event simulation with threads.

Exactly one thread runs at a time, and only while somebody is in `run`. When it pauses, whoever is due next goes on: at
once on a `VirtualClock`, in an order that is the same in each run; on a `RealClock` when that time has come.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_NEVER = float("inf")


class ClockStopped(BaseException):
    """Raised in sleeping threads when a deployment goes; not an Exception, so that no interpreter takes it for one."""


@dataclass(slots=True, eq=False)
class _Turn:
    """An entry of the agenda: a thread that may go on, or an action to be called."""

    action: Callable[[], None] | None = None
    sleeper: object = None
    taken: bool = False
    signal: threading.Event = field(default_factory=threading.Event)


class VirtualClock:
    """Waiting takes no time. Times are unix seconds; it starts at `start` (default: the current time)."""

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._agenda: list[tuple[float, int, _Turn]] = []
        self._sequence = itertools.count()
        self._running = False  # a thread has its turn
        self._yielded = threading.Semaphore(0)
        self._stopped = False
        self._failure: BaseException | None = None

    def now(self) -> float:
        return self._now

    def advance(self, when: float) -> None:
        """Returns when it is `when`, which may be over already. A kind of clock says how it gets there."""
        self._now = max(self._now, when)

    def start(self, work: Callable[[], None]) -> None:
        """Runs `work` in a thread of its own."""
        turn = self._enter(0, _Turn())

        def live() -> None:
            try:
                self._await(turn)
                work()
            except ClockStopped:
                pass
            except BaseException as failure:  # a mistake of the sandbox itself: `run` raises it
                self._failure = failure
            finally:
                self._yielded.release()

        threading.Thread(target=live, daemon=True).start()

    def sleep(self, seconds: float, sleeper: object) -> None:
        """Lets the calling thread, started by `start`, wait; `wake(sleeper)` ends the wait early."""
        turn = self._enter(seconds, _Turn(sleeper=sleeper))
        self._yielded.release()
        self._await(turn)

    def wake(self, sleeper: object) -> None:
        for _, _, turn in list(self._agenda):
            if turn.sleeper is sleeper:
                # The old entry stays in the heap; whichever comes first takes the turn.
                self._enter(0, turn)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        self._enter(seconds, _Turn(action=action))

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        """Lets everything work until nothing is left to do (then true), the time `until`, or a real timeout."""
        give_up = time.monotonic() + (_NEVER if timeout_seconds is None else timeout_seconds)
        while self._settle(give_up):
            while self._agenda and self._agenda[0][2].taken:
                heapq.heappop(self._agenda)
            if not self._agenda:
                self._now = max(self._now, until or 0)
                return True
            when = self._agenda[0][0]
            if until is not None and when > until:
                self.advance(until)
                return False
            if time.monotonic() >= give_up:
                return False
            self.advance(when)
            turn = heapq.heappop(self._agenda)[2]
            turn.taken = True
            if turn.action:
                turn.action()
            else:
                self._running = True
                turn.signal.set()
        return False

    def stop(self) -> None:
        """Ends all threads and forgets all calls, for good."""
        self._settle(_NEVER)
        self._stopped = True
        for _, _, turn in self._agenda:
            if turn.action is None and not turn.taken:
                turn.taken = self._running = True
                turn.signal.set()
                self._yielded.acquire()  # the thread ends before the next one does
        self._running = False
        self._agenda.clear()

    def _enter(self, seconds: float, turn: _Turn) -> _Turn:
        heapq.heappush(self._agenda, (self.now() + max(0.0, seconds), next(self._sequence), turn))
        return turn

    def _await(self, turn: _Turn) -> None:
        turn.signal.wait()
        if self._stopped:
            raise ClockStopped

    def _settle(self, give_up: float) -> bool:
        """Waits until no thread has its turn; false at the real time `give_up`. Raises what a thread failed with."""
        if self._running:
            timeout = None if give_up == _NEVER else max(0.0, give_up - time.monotonic())
            if not self._yielded.acquire(timeout=timeout):
                return False
            self._running = False
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        return True


class RealClock(VirtualClock):
    """The clock of the machine: waiting takes its time."""

    def now(self) -> float:
        return time.time()

    def advance(self, when: float) -> None:
        time.sleep(max(0.0, when - time.time()))

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        if timeout_seconds is not None:
            until = min(_NEVER if until is None else until, time.time() + timeout_seconds)
        return super().run(until, timeout_seconds)
