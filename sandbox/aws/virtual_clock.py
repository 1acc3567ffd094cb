"""A clock on which waiting takes no time: a discrete-event simulation with threads.

Exactly one thread runs at a time, in an order that is the same in each run, and only while somebody is in `run`. When
it pauses, time jumps to whoever is due next.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.aws.clock import ClockStopped


@dataclass(slots=True, eq=False)
class _Turn:
    """An entry of the agenda: a thread that may go on, or an action to be called."""

    action: Callable[[], None] | None = None
    sleeper: object = None
    taken: bool = False
    signal: threading.Event = field(default_factory=threading.Event)


class VirtualClock:
    """Starts at `start` (default: the current time). `before_jump` is told the seconds of each jump, ahead of it."""

    def __init__(
        self, start: float | None = None, before_jump: Callable[[float], None] | None = None
    ) -> None:
        self._now = time.time() if start is None else start
        self.before_jump = before_jump
        self._agenda: list[tuple[float, int, _Turn]] = []
        self._sequence = itertools.count()
        self._running = False  # a thread has its turn
        self._yielded = threading.Semaphore(0)
        self._stopped = False
        self._failure: BaseException | None = None

    def now(self) -> float:
        return self._now

    def start(self, work: Callable[[], None]) -> None:
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
        give_up = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._settle(give_up):
            while self._agenda and self._agenda[0][2].taken:
                heapq.heappop(self._agenda)
            if not self._agenda:
                self._now = max(self._now, until or 0)
                return True
            when, _, turn = self._agenda[0]
            if until is not None and when > until:
                self._now = max(self._now, until)
                return False
            if give_up is not None and time.monotonic() >= give_up:
                return False
            if self.before_jump and when > self._now:
                self.before_jump(when - self._now)
            heapq.heappop(self._agenda)
            self._now = max(self._now, when)
            turn.taken = True
            if turn.action:
                turn.action()
            else:
                self._running = True
                turn.signal.set()
        return False

    def stop(self) -> None:
        self._settle(None)
        self._stopped = True
        for _, _, turn in self._agenda:
            if turn.action is None and not turn.taken:
                turn.taken = self._running = True
                turn.signal.set()
                self._yielded.acquire()  # the thread ends before the next one does
        self._running = False
        self._agenda.clear()

    def _enter(self, seconds: float, turn: _Turn) -> _Turn:
        heapq.heappush(self._agenda, (self._now + max(0.0, seconds), next(self._sequence), turn))
        return turn

    def _await(self, turn: _Turn) -> None:
        turn.signal.wait()
        if self._stopped:
            raise ClockStopped

    def _settle(self, give_up: float | None) -> bool:
        """Waits until no thread has its turn; false at the real time `give_up`. Raises what a thread failed with."""
        if self._running:
            timeout = None if give_up is None else max(0.0, give_up - time.monotonic())
            if not self._yielded.acquire(timeout=timeout):
                return False
            self._running = False
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        return True
