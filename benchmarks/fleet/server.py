"""An Emarsys that answers status calls as long as its rate limit permits, and says in headers how much is left.

How Emarsys counts is not documented: these are the two ways that gateways commonly count in.
"""

import json
import math
from collections import deque
from typing import Protocol

from export_watch.http_client import Reply
from export_watch.watch import ExportStatus

WINDOW_SECONDS = 60

_BODIES = {
    status: json.dumps({"replyCode": 0, "replyText": "OK", "data": {"status": status}}).encode()
    for status in ExportStatus
}
_REFUSAL = b'{"message": "Rate limit exceeded"}'


class Limit(Protocol):
    """Counts the calls of one API user. Moments are seconds, and never go back."""

    per_minute: float

    def open_at(self, now: float) -> float:
        """When the next call is taken: `now`, or later."""

    def spend(self, now: float) -> int:
        """Take a call, and say how many are left."""


class FixedWindow:
    """So many calls in every minute of the clock."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._window, self._spent = -1, 0

    def open_at(self, now: float) -> float:
        window = int(now // WINDOW_SECONDS)
        full = window == self._window and self._spent >= self.per_minute
        return (window + 1) * WINDOW_SECONDS if full else now

    def spend(self, now: float) -> int:
        window = int(now // WINDOW_SECONDS)
        self._window, self._spent = window, self._spent + 1 if window == self._window else 1
        return int(self.per_minute - self._spent)


class SlidingWindow:
    """So many calls in any minute that ends now."""

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._taken: deque[float] = deque()

    def open_at(self, now: float) -> float:
        while self._taken and self._taken[0] + WINDOW_SECONDS <= now:
            self._taken.popleft()
        return now if len(self._taken) < self.per_minute else self._taken[0] + WINDOW_SECONDS

    def spend(self, now: float) -> int:
        self._taken.append(now)
        return int(self.per_minute - len(self._taken))


class Unlimited:
    """Takes every call."""

    per_minute = math.inf

    def open_at(self, now: float) -> float:
        return now

    def spend(self, now: float) -> int:  # noqa: ARG002 - as the other limits
        return 0


def answer(limit: Limit, now: float, status: ExportStatus, tells_what_is_left: bool) -> Reply:
    """The reply to a call about an export in this status: the status, or a refusal that says how long to wait."""
    open_at = limit.open_at(now)
    if open_at > now:
        return Reply(429, {"X-RateLimit-Reset": str(math.ceil(open_at))}, _REFUSAL)
    left = limit.spend(now)
    headers = {}
    if tells_what_is_left and limit.per_minute < math.inf:
        headers = {"X-RateLimit-Limit": f"{limit.per_minute:.0f}", "X-RateLimit-Remaining": str(left)}
    return Reply(200, headers, _BODIES[status])
