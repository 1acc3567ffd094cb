"""The sandbox's CloudWatch Logs: what functions print, line by line, and never on the process's own standard output."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


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
        with contextlib.suppress(ValueError):
            record = json.loads(self.text)
            return record if isinstance(record, dict) else {}
        return {}


class Logs:
    """All lines of a deployment, in order. `listeners` are called with each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.lines: list[LogLine] = []
        self.listeners: list[Callable[[LogLine], None]] = []
        self._now = now

    def of(self, function: str) -> list[LogLine]:
        return [line for line in self.lines if line.function == function]

    def records(self, function: str | None = None) -> list[dict[str, Any]]:
        """The lines that are JSON objects: log records, some of which carry metrics (`_aws`)."""
        return [line.record for line in self.lines if line.record and function in (None, line.function)]

    def add(self, function: str, request_id: str, text: str) -> None:
        line = LogLine(function, request_id, self._now(), text)
        self.lines.append(line)
        for listener in self.listeners:
            listener(line)


class LogStream(io.TextIOBase):
    """Standard output and standard error of one function, one for its life: a logger keeps what it finds."""

    def __init__(self, logs: Logs, function: str) -> None:
        self._logs, self._function = logs, function
        self._request_id = self._pending = ""

    def write(self, text: str) -> int:
        *complete, self._pending = (self._pending + text).split("\n")
        for line in filter(str.strip, complete):
            self._logs.add(self._function, self._request_id, line)
        return len(text)

    @contextlib.contextmanager
    def capturing(self, request_id: str) -> Iterator[None]:
        """What is printed within belongs to this invocation."""
        self._request_id = request_id
        with contextlib.redirect_stdout(self), contextlib.redirect_stderr(self):
            try:
                yield
            finally:
                self.write("\n")
