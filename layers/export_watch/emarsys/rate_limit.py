"""What the headers of a reply say about the rate limit: how long to stay away, and how much of it is left.

Headers come from outside: whatever they hold, nothing here raises, and what makes no sense says nothing.
"""

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from export_watch.http_client import Headers
from export_watch.watch import RateLimit

DEFAULT_SECONDS = 60
"""Where a rate limit names no time: the limit is one of requests a minute."""

LONGEST_SECONDS = 3600
"""Nothing asks for longer in earnest; a mistaken unit must not put a watch to sleep."""


def retry_after_seconds(headers: Headers, now: float) -> int | None:
    """Seconds that `Retry-After` asks to wait (RFC 9110: seconds or an HTTP date), 0 to 3,600, or None.

    A moment is compared with the reply's own `Date`, so that a clock that is wrong, here or there, does not matter, and
    with `now` (unix seconds) where the reply has none.
    """
    value = headers.get("Retry-After")
    for seconds in (_number(value), _until(_moment(value), _reference(headers, now))):
        if seconds is not None and seconds >= 0:
            return math.ceil(min(seconds, LONGEST_SECONDS))
    return None


def reset_seconds(headers: Headers, now: float) -> int | None:
    """Seconds until the window of the limit ends, by `X-RateLimit-Reset`, or None where that says nothing credible."""
    seconds = _until(_number(headers.get("X-RateLimit-Reset")), _reference(headers, now))
    return math.ceil(seconds) if seconds is not None and 0 <= seconds <= LONGEST_SECONDS else None


def rate_limit(headers: Headers, now: float) -> RateLimit | None:
    """What is left of the rate limit, or None where the headers do not say."""
    limit = _number(headers.get("X-RateLimit-Limit"))
    remaining = _number(headers.get("X-RateLimit-Remaining"))
    if limit is None or remaining is None or not 0 <= remaining <= limit or limit == 0:
        return None
    return RateLimit(limit, remaining, reset_seconds(headers, now))


def _reference(headers: Headers, now: float) -> float:
    sent_at = _moment(headers.get("Date"))
    return now if sent_at is None else sent_at


def _until(moment: float | None, reference: float) -> float | None:
    return None if moment is None else moment - reference


def _moment(value: str | None) -> float | None:
    """An HTTP date in unix seconds; without a zone it is in UTC, as all of them are."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
