"""The clock that the sandbox sets."""

import time


def now() -> float:
    """The time in unix seconds."""
    return time.time()
