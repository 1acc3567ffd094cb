"""The sandbox's CloudWatch Logs: what functions print, line by line, and never on the process's own standard output."""

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

_current = threading.local()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a function's log. `function` is the name of its folder, `at` is in unix seconds by the clock."""

    function: str
    request_id: str
    at: float
    text: str

    @property
    def record(self) -> dict[str, Any]:
        """The line as a JSON object; empty where it is none."""
        try:
            record = json.loads(self.text)
        except ValueError:
            return {}
        return record if isinstance(record, dict) else {}


class Logs:
    """All lines of a deployment, in order."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.lines: list[LogLine] = []
        self.listeners: list[Callable[[LogLine], None]] = []
        self._now = now

    def of(self, function: str) -> list[LogLine]:
        return [line for line in self.lines if line.function == function]

    def records(self, function: str | None = None) -> list[dict[str, Any]]:
        """The lines that are JSON objects: log records, some of which carry metrics (`_aws`)."""
        return [line.record for line in self.lines if line.record and function in (None, line.function)]

    @contextlib.contextmanager
    def capturing(self, function: str, request_id: str) -> Iterator[None]:
        """Whatever this thread prints within goes to the function's log; other threads print where they always did."""
        pending = ""

        def write(text: str) -> None:
            nonlocal pending
            *complete, pending = (pending + text).split("\n")
            for line in complete:
                self._add(LogLine(function, request_id, self._now(), line))

        _current.write = write
        stdout: Any = _SwitchedStream(sys.stdout)
        stderr: Any = _SwitchedStream(sys.stderr)
        try:
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                yield
        finally:
            _current.write = None
            if pending:
                self._add(LogLine(function, request_id, self._now(), pending))

    def _add(self, line: LogLine) -> None:
        if line.text.strip():
            self.lines.append(line)
            for listener in self.listeners:
                listener(line)


class _SwitchedStream:
    """Stands in for standard output: a thread that runs a function writes to its log, any other to the original.

    A logger keeps the stream that it finds when it is made; any of these leads it to the log of the day.
    """

    def __init__(self, original: TextIO) -> None:
        self._original = original

    def write(self, text: str) -> int:
        write = getattr(_current, "write", None) or self._original.write
        write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)
