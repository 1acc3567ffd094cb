"""What the headers of a reply say about the rate limit: how long to stay away, and how much of it is left.

Headers come from outside: whatever they hold, nothing here raises, and what makes no sense says nothing.
"""

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from export_watch.http import Headers

DEFAULT_SECONDS = 60
"""Where a rate limit names no time: the limit is one of requests a minute."""

LONGEST_SECONDS = 3600
"""Nothing asks for longer in earnest; a mistaken unit must not put a watch to sleep."""


def retry_after_seconds(headers: Headers, now: float) -> int | None:
    """Seconds that Emarsys asks to be left alone, 0 to 3,600, or None where no header names a time to come.

    `Retry-After` (RFC 9110: seconds or an HTTP date) goes before `X-RateLimit-Reset` (unix seconds). A moment is
    compared with the reply's own `Date`, so that a clock that is wrong, here or there, does not matter, and with
    `now` (unix seconds) where the reply has none.
    """
    sent_at = _moment(headers.get("Date"))
    reference = now if sent_at is None else sent_at
    retry_after = headers.get("Retry-After")
    for seconds in (
        _number(retry_after),
        _until(_moment(retry_after), reference),
        _until(_number(headers.get("X-RateLimit-Reset")), reference),
    ):
        # A moment that has passed is no answer to how long the limit lasts: `Reset: 60` is 1970.
        if seconds is not None and seconds >= 0:
            return math.ceil(min(seconds, LONGEST_SECONDS))
    return None


def headroom(headers: Headers) -> float | None:
    """The share of the rate limit that is left, 0 to 1, or None where the headers do not tell."""
    limit = _number(headers.get("X-RateLimit-Limit"))
    remaining = _number(headers.get("X-RateLimit-Remaining"))
    if limit is None or remaining is None or not 0 <= remaining <= limit or limit == 0:
        return None
    return remaining / limit


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
