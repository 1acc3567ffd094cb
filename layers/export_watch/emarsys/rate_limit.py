"""What the headers of a reply say about the rate limit: how long to stay away, and how much of it is left.

Headers come from outside: whatever they hold, nothing here raises, and what makes no sense says nothing.
"""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from export_watch.transport import Headers
from export_watch.watch import RateLimit

DEFAULT_SECONDS = 60
"""Where a rate limit names no time: the limit is one of requests a minute."""

LONGEST_SECONDS = 3600
"""No limit lasts longer; a mistaken unit must not put a watch to sleep."""

_UNITS_A_SECOND = (1, 1e3, 1e6, 1e9)
_FIRST_MOMENT = 1e9
"""In any of these units, a number from here on (2001 in seconds) is a moment and no duration."""


def retry_after_seconds(headers: Headers, now: float) -> int | None:
    """Seconds that `Retry-After` asks to wait (RFC 9110: seconds or an HTTP date), 0 to 3,600, or None.

    A unix time, which some send by mistake, is read as a reset.
    """
    seconds = _seconds(headers, "Retry-After", now)
    return None if seconds is None or seconds < 0 else math.ceil(min(seconds, LONGEST_SECONDS))


def reset_seconds(headers: Headers, now: float) -> int | None:
    """Seconds until the window of the limit ends, by `X-RateLimit-Reset`, or None where that says nothing credible.

    It is a unix time in seconds, as Emarsys documents it. Others send milliseconds or less, a date, or the seconds that
    remain (as the IETF's draft has it), so whatever leads to a moment within the next hour is believed.
    """
    name = "X-RateLimit-Reset" if headers.get("X-RateLimit-Reset") else "RateLimit-Reset"
    seconds = _seconds(headers, name, now)
    return math.ceil(seconds) if seconds is not None and 0 < seconds <= LONGEST_SECONDS else None


def limited_seconds(headers: Headers, now: float) -> int:
    """Seconds to wait after a refusal by the limit: what it asks for, else to the end of its window, else a minute."""
    for seconds in (retry_after_seconds(headers, now), reset_seconds(headers, now)):
        if seconds is not None:
            return seconds
    return DEFAULT_SECONDS


def rate_limit(headers: Headers, now: float) -> RateLimit | None:
    """What is left of the rate limit, or None where the headers do not say."""
    limit = _number(_once(headers.get("X-RateLimit-Limit")))
    remaining = _number(_once(headers.get("X-RateLimit-Remaining")))
    if not limit or remaining is None or not 0 <= remaining <= limit:
        return None
    return RateLimit(limit, remaining, reset_seconds(headers, now))


def _seconds(headers: Headers, name: str, now: float) -> float | None:
    """How far away the moment is that a header names, in seconds: a duration, a unix time in any unit, or a date.

    A moment is compared with the reply's own `Date`, so that a clock that is wrong, here or there, does not matter, and
    with `now` (unix seconds) where the reply has none. A unix time counts within the next hour.
    """
    value = _once(headers.get(name))
    number = _number(value)
    if not value or (number is not None and number < _FIRST_MOMENT):
        return number
    sent_at = _date(_once(headers.get("Date")))
    reference = now if sent_at is None else sent_at
    if number is None:
        moment = _date(value)
        return None if moment is None else moment - reference
    distances = (number / unit - reference for unit in _UNITS_A_SECOND)
    return next((seconds for seconds in distances if 0 <= seconds <= LONGEST_SECONDS), None)


def _once(value: str | None) -> str:
    """A value without its parameters (`100;w=60`), and once where the same one came several times, joined by commas."""
    parts = [part.partition(";")[0].strip() for part in (value or "").split(",")]
    lengths = range(1, len(parts) + 1)
    once = next(length for length in lengths if parts == parts[:length] * (len(parts) // length))
    return ", ".join(parts[:once])


def _date(value: str) -> float | None:
    """An HTTP or ISO date in unix seconds; without a zone it is in UTC."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ArithmeticError, LookupError, TypeError, ValueError):
            continue
    return None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
