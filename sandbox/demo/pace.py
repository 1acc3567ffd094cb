"""How fast the demo's time goes by: an hour and a half in half a minute, slower at first, as most happens then."""

import math
import time
from collections.abc import Callable

SHOWN_SECONDS = 30.0
LIFE_SECONDS = 5400.0
_SLOW_SECONDS = 90.0
"""Until about then time goes slowly."""

_FRAME_SECONDS = 0.05


def shown_at(life_seconds: float) -> float:
    """Real seconds from the start of the demo to a moment of its life."""
    return SHOWN_SECONDS * math.log1p(life_seconds / _SLOW_SECONDS) / math.log1p(LIFE_SECONDS / _SLOW_SECONDS)


def life_at(shown_seconds: float) -> float:
    """The moment of the demo's life that is shown after so many real seconds."""
    return _SLOW_SECONDS * math.expm1(
        shown_seconds / SHOWN_SECONDS * math.log1p(LIFE_SECONDS / _SLOW_SECONDS)
    )


class Pace:
    """Waits ahead of each jump of the clock until it is due, and draws meanwhile.

    `draw` is told the life's seconds, frame by frame.
    """

    def __init__(self, draw: Callable[[float], None]) -> None:
        self._draw = draw
        self._begin = time.monotonic()
        self._life = 0.0

    def before_jump(self, seconds: float) -> None:
        self._life += seconds
        due = self._begin + shown_at(self._life)
        while (left := due - time.monotonic()) > 0:
            self._draw(min(self._life, life_at(time.monotonic() - self._begin)))
            time.sleep(min(left, _FRAME_SECONDS))
        self._draw(self._life)
