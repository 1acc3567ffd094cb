"""An Emarsys whose rate limit counts in one of the two ways that are common; its own is not documented."""

import math
from collections import deque

from export_watch.watch import Export, ExportStatus, Obstacle, ObstacleCode, RateLimit, StatusSeen

WINDOW_SECONDS = 60

_EXPORTS = {status: Export(status=status) for status in ExportStatus}


class Unlimited:
    """Takes every call, and the base of what does not. Moments are seconds, and never go back."""

    def __init__(self, per_minute: float = math.inf) -> None:
        self.per_minute = per_minute
        self.taken: deque[float] = deque()

    def open_at(self, now: float) -> float:
        """When the next call is taken: `now`, or later."""
        return now

    def reset_at(self, now: float) -> float:
        """What the header says of the end of the window."""
        return now + WINDOW_SECONDS

    def answer(self, now: float, status: ExportStatus) -> StatusSeen | Obstacle:
        """What a check sees: the status, or a refusal."""
        reset_seconds = math.ceil(self.reset_at(now) - now)
        if self.open_at(now) > now:
            return Obstacle(ObstacleCode.RATE_LIMITED, "", reset_seconds)
        if self.per_minute == math.inf:
            return StatusSeen(status, _EXPORTS[status], "")
        self.taken.append(now)
        left = RateLimit(self.per_minute, self.per_minute - len(self.taken), reset_seconds)
        return StatusSeen(status, _EXPORTS[status], "", left)


class SlidingWindow(Unlimited):
    """So many calls in any minute that ends now; its reset is always a minute away."""

    def open_at(self, now: float) -> float:
        while self.taken and self.taken[0] + WINDOW_SECONDS <= now:
            self.taken.popleft()
        return now if len(self.taken) < self.per_minute else self.taken[0] + WINDOW_SECONDS


class FixedWindow(Unlimited):
    """So many calls in every minute of the clock."""

    def open_at(self, now: float) -> float:
        if self.taken and self.reset_at(self.taken[0]) <= now:
            self.taken.clear()
        return now if len(self.taken) < self.per_minute else self.reset_at(now)

    def reset_at(self, now: float) -> float:
        return (now // WINDOW_SECONDS + 1) * WINDOW_SECONDS
