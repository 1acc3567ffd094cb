"""What a deployment shows of itself: notifications, executions and messages in queues, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notification:
    """A message as a subscriber of the topic gets it. `message` is the body's JSON, `at` the deployment's time."""

    attributes: Mapping[str, str]
    body: str
    at: float

    @property
    def message(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of the state machine. Times are unix seconds; `input` and `output` are values, not texts."""

    name: str
    arn: str
    status: str
    input: Any
    output: Any
    error: str | None
    cause: str | None
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message in a queue. `receive_count` is how often it was delivered before."""

    message_id: str
    body: str
    receive_count: int

    @property
    def event(self) -> Any:
        """The body's JSON, which is an EventBridge event where the message came from a rule."""
        return json.loads(self.body)
