"""What a deployment needs of time; it lives either on the real clock or on a virtual one.

A clock is also the scheduler: it starts threads, lets them sleep, and calls back later, so that it knows when nothing
is left to do.
"""

from collections.abc import Callable
from typing import Protocol


class ClockStopped(BaseException):
    """Raised in sleeping threads when a deployment goes; not an Exception, so that no interpreter takes it for one."""


class Clock(Protocol):
    """What a deployment needs of time. Times are unix seconds."""

    def now(self) -> float: ...

    def start(self, work: Callable[[], None]) -> None:
        """Runs `work` in a thread of its own."""

    def sleep(self, seconds: float, sleeper: object) -> None:
        """Lets the calling thread, started by `start`, wait; `wake(sleeper)` ends the wait early."""

    def wake(self, sleeper: object) -> None: ...

    def call_later(self, seconds: float, action: Callable[[], None]) -> None: ...

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        """Lets everything work until nothing is left to do (then true), the time `until`, or a real timeout."""

    def stop(self) -> None:
        """Ends all threads and forgets all calls, for good."""
