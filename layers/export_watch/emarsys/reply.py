"""What the reply to a status call means, keyed on the HTTP status and the replyCode together.

Codes are reused across statuses, and some failures are HTTP 200 with a replyCode that is not 0.
"""

import math
import re
from dataclasses import fields, replace
from typing import Any

from export_watch.emarsys.rate_limit import limited_seconds, rate_limit, retry_after_seconds
from export_watch.location import FIELD_LENGTH, named
from export_watch.transport import Reply
from export_watch.watch import (
    Export,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
    Scalar,
    StatusSeen,
)

_REFUSALS = {10001: Refusal.EXPORT_NOT_FOUND, 4002: Refusal.EXPORT_TYPE_UNSUPPORTED}
_RATE_LIMITED = 7003
_FIELDS = tuple(field.name for field in fields(Export))
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_GATEWAY_TEXTS = frozenset(
    {
        "WSSE authentication header is missing.",
        "WSSE authentication header is empty.",
        "The Username field is missing from WSSE authentication header.",
        "The PasswordDigest field is missing from WSSE authentication header.",
        "The Nonce field is missing from WSSE authentication header.",
        "The Created field is missing from WSSE authentication header.",
        "Credentials are invalid.",
        "Timeframe is invalid.",
    }
)
"""The refusals that are quoted. Any other text is not: it comes from outside, and might echo a credential."""


_WSSE_DROPPED = (
    "Something on the way dropped the header X-WSSE: check that the Emarsys host is right and no proxy."
)
_GATEWAY_REMEDIES = {
    "Timeframe is invalid": (
        "The clocks of AWS and of Emarsys differ by more than five minutes; the credentials may well be right. If it "
        "lasts, contact Emarsys Support."
    ),
    "WSSE authentication header is missing": _WSSE_DROPPED,
    "WSSE authentication header is empty": _WSSE_DROPPED,
}
"""What to do about a refusal that does not come from wrong credentials."""


def interpret(reply: Reply, export_id: int, file_url: str, now: float) -> Observation:
    """The observation that a reply amounts to, at `now` (unix seconds, the real clock).

    Any success (2xx) with replyCode 0 and the data of this export is its status.
    """
    content = reply.json()
    code = _reply_code(content)
    status, success = reply.status, 200 <= reply.status < 300
    limit = rate_limit(reply.headers, now)
    wait_seconds = retry_after_seconds(reply.headers, now)
    if success and code == 0:
        found = _status(content.get("data"), export_id, file_url, limit)
        return replace(found, retry_after_seconds=wait_seconds) if isinstance(found, Obstacle) else found
    if (success or status == 400) and code in _REFUSALS:
        return Refused(_REFUSALS[code], limit)
    if status == 429 or ((success or status == 400) and code == _RATE_LIMITED):
        obstacle, why = ObstacleCode.RATE_LIMITED, ""
        wait_seconds = limited_seconds(reply.headers, now)
    elif status == 401:
        obstacle, why = ObstacleCode.CREDENTIALS_REFUSED, _gateway_text(content)
    elif status == 403:
        obstacle, why = ObstacleCode.PERMISSION_MISSING, ""
    # Emarsys's own connectors wait 423 out like 503; 408 and 425 are as passing.
    elif status in (408, 423, 425) or status >= 500:
        obstacle, why = ObstacleCode.EMARSYS_UNAVAILABLE, ""
    elif reply.interrupted:
        obstacle, why = ObstacleCode.EMARSYS_UNAVAILABLE, reply.flaw
    else:
        obstacle, why = ObstacleCode.UNEXPECTED_REPLY, _why_unexpected(reply, content)
    remedy = _GATEWAY_REMEDIES.get(why, "")
    return Obstacle(obstacle, _detail(status, code, why), wait_seconds, remedy=remedy)


def _reply_code(content: Any) -> int | None:
    """The replyCode, a number or its digits, either of them with a fraction of zero."""
    digits = _digits(content.get("replyCode")) if isinstance(content, dict) else ""
    return int(digits) if re.fullmatch(r"[0-9]{1,9}", digits, re.ASCII) else None


def _detail(status: int, reply_code: int | None, why: str) -> str:
    parts = [f"Emarsys answered HTTP {status}"]
    if reply_code is not None:
        parts.append(f"with replyCode {reply_code}")
    if why:
        parts.append(f"({why})")
    return " ".join(parts)


def _gateway_text(content: Any) -> str:
    text = content.get("message") if isinstance(content, dict) else None
    return text.rstrip(".") if isinstance(text, str) and text in _GATEWAY_TEXTS else ""


def _why_unexpected(reply: Reply, content: Any) -> str:
    if 300 <= reply.status < 400:
        return "a redirect, which is not followed: the host may be another one now"
    if not isinstance(content, dict):
        return reply.flaw or "a reply that is no JSON object"
    return ""


def _status(data: Any, export_id: int, file_url: str, limit: RateLimit | None) -> Observation:
    if not isinstance(data, dict):
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered without the data of an export")
    export = Export(**{name: _bounded(data.get(name)) for name in _FIELDS})
    says_id = data.get("id") is not None and named(str(export.id)) is not None
    if says_id and _digits(export.id) != str(export_id):
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered about another export")
    if not isinstance(export.status, str) or not export.status.strip():
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered without a status")
    odd = tuple(
        name for name in _FIELDS if data.get(name) is not None and not _is_documented(getattr(export, name))
    )
    return StatusSeen(ExportStatus.parse(export.status), export, file_url, limit, odd)


def _digits(value: Any) -> str:
    """The text of a number without a fraction of zero: `101` for 101.0 and "101.00"; of what is none, anything."""
    return re.sub(r"\.0+$", "", str(value).strip()) if isinstance(value, int | float | str) else ""


def _is_documented(value: Scalar) -> bool:
    """Whether Emarsys documents such a value, or it is as good: a number for its digits."""
    return value is not None and not isinstance(value, bool)


def _bounded(value: Any) -> Scalar:
    """A field as it came, cut to FIELD_LENGTH, and always something that JSON and UTF-8 can carry on.

    What is no scalar is nothing: a list is neither a status nor a name.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**15 else str(value)[:FIELD_LENGTH]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value[:FIELD_LENGTH])
    return None
