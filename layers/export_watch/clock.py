"""The watch's clock: the one place that tells the time by which a watch waits, gets stuck and expires.

Authentication, tokens and caches do not use it: they follow the real clock of the machine.
"""

import time


def now() -> float:
    """The current time in unix seconds."""
    return time.time()
