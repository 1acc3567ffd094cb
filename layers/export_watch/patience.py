"""A call that is waited for no longer than a given time, whatever it does.

It runs in a thread, since nothing else bounds every step of an exchange: look-up, TLS handshake and headers may all
drip. The thread is kept for the next call: to start one costs as much as the exchange itself.
"""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class OutOfTimeError(Exception):
    """The call has not ended in time. It goes on, and its result is for nobody."""


class Patience(Generic[Result]):
    """Makes calls, each in a thread that is idle or a new one."""

    def __init__(self) -> None:
        self._idle: queue.SimpleQueue[_Worker[Result]] = queue.SimpleQueue()

    def call(self, function: Callable[[], Result], seconds: float) -> Result:
        """What the function returns. It must not raise. Raises OutOfTimeError."""
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker()
        try:
            result = worker.call(function, seconds)
        except OutOfTimeError:
            worker.end()
            raise
        self._idle.put(worker)
        return result


class _Worker(Generic[Result]):
    """A thread that makes one call after another until it is told to end."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], Result] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def call(self, function: Callable[[], Result], seconds: float) -> Result:
        self._calls.put(function)
        try:
            return self._results.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise OutOfTimeError from None

    def end(self) -> None:
        """Let the thread end, once the call that it is at has ended."""
        self._calls.put(None)

    def _run(self) -> None:
        while function := self._calls.get():
            self._results.put(function())
