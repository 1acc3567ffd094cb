"""How long Emarsys asks to be left alone, by the headers of a reply."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

DEFAULT_SECONDS = 60
"""Where a rate limit names no time: the limit is one of requests a minute."""

LONGEST_SECONDS = 3600
"""Nothing asks for longer in earnest; a mistaken unit must not put a watch to sleep."""


def retry_after_seconds(headers: Mapping[str, str], now: float) -> int | None:
    """Seconds from `now` (unix seconds), 0 to 3,600, or None where no header names any.

    `Retry-After` (RFC 9110: seconds or an HTTP date) goes before `X-RateLimit-Reset` (unix seconds).
    """
    asked = _retry_after(headers.get("Retry-After"), now)
    if asked is None:
        asked = _seconds(headers.get("X-RateLimit-Reset"), now)
    return None if asked is None else math.ceil(min(max(asked, 0), LONGEST_SECONDS))


def _retry_after(value: str | None, now: float) -> float | None:
    seconds = _seconds(value, 0)
    if seconds is not None or value is None:
        return seconds
    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _seconds(value: str | None, now: float) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds - now if math.isfinite(seconds) else None
