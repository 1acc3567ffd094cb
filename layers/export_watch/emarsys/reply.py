"""What the answer to a status call means, keyed on the HTTP status and the replyCode together.

Codes are reused across statuses, and some failures are HTTP 200 with a replyCode that is not 0.
"""

import math
import re
from dataclasses import fields
from typing import Any

from export_watch.emarsys.rate_limit import DEFAULT_SECONDS, headroom, retry_after_seconds
from export_watch.http import Reply
from export_watch.location import FIELD_LENGTH
from export_watch.watch import (
    Export,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Refusal,
    Refused,
    Scalar,
    StatusSeen,
)

_REFUSALS = {10001: Refusal.EXPORT_NOT_FOUND, 4002: Refusal.EXPORT_TYPE_UNSUPPORTED}
_STATUSES = {str(status): status for status in ExportStatus}
_FIELDS = tuple(field.name for field in fields(Export))
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_GATEWAY_TEXTS = frozenset(
    {
        "WSSE authentication header is missing.",
        "WSSE authentication header is empty.",
        "The Username field is missing from WSSE authentication header.",
        "Credentials are invalid.",
        "Timeframe is invalid.",
    }
)
"""The refusals that are quoted. Any other text is not: it comes from outside, and might echo a credential."""


def interpret(reply: Reply, export_id: int, export_url: str, now: float) -> Observation:
    """The observation that a reply amounts to, at `now` (unix seconds, the real clock)."""
    content = reply.json()
    code = _reply_code(content)
    match reply.status, code:
        case 200, 0:
            return _status(content.get("data"), export_id, export_url, headroom(reply.headers))
        case ((200 | 400), (10001 | 4002)):
            return Refused(_REFUSALS[code], headroom(reply.headers))
        case (429, _) | ((200 | 400), 7003):
            asked = retry_after_seconds(reply.headers, now)
            return _obstacle(
                ObstacleCode.RATE_LIMITED, reply, code, DEFAULT_SECONDS if asked is None else asked
            )
        case 401, _:
            return _obstacle(ObstacleCode.CREDENTIALS_REFUSED, reply, code, text=_gateway_text(content))
        case 403, _:
            return _obstacle(ObstacleCode.PERMISSION_MISSING, reply, code)
        case status, _ if status == 408 or status >= 500:
            return _obstacle(
                ObstacleCode.EMARSYS_UNAVAILABLE, reply, code, retry_after_seconds(reply.headers, now)
            )
        case _:
            return _obstacle(ObstacleCode.UNEXPECTED_REPLY, reply, code, text=_why_unexpected(reply, content))


def _reply_code(content: Any) -> int | None:
    """The replyCode, a number or its digits."""
    value = str(content.get("replyCode")) if isinstance(content, dict) else ""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) else None


def _obstacle(
    code: ObstacleCode,
    reply: Reply,
    reply_code: int | None,
    retry_after_seconds: int | None = None,
    text: str = "",
) -> Obstacle:
    parts = [f"Emarsys answered HTTP {reply.status}"]
    if reply_code is not None:
        parts.append(f"with replyCode {reply_code}")
    if text:
        parts.append(f"({text})")
    return Obstacle(code, " ".join(parts), retry_after_seconds)


def _gateway_text(content: Any) -> str:
    text = content.get("message") if isinstance(content, dict) else None
    return text.rstrip(".") if isinstance(text, str) and text in _GATEWAY_TEXTS else ""


def _why_unexpected(reply: Reply, content: Any) -> str:
    if 300 <= reply.status < 400:
        return "a redirect, which is not followed: the host may be another one now"
    if reply.body is None:
        return "a reply that is too long"
    if not isinstance(content, dict):
        return "a reply that is no JSON object"
    return ""


def _status(data: Any, export_id: int, export_url: str, headroom: float | None) -> Observation:
    if not isinstance(data, dict):
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered without the data of an export")
    export = Export(**{name: _bounded(data.get(name)) for name in _FIELDS})
    if data.get("id") not in (None, "") and str(export.id).strip() != str(export_id):
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered about another export")
    if not isinstance(export.status, str) or not export.status.strip():
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, "Emarsys answered without a status")
    # `in_progress` and other casing are seen in the wild.
    word = " ".join(export.status.replace("_", " ").replace("-", " ").split()).casefold()
    return StatusSeen(_STATUSES.get(word, ExportStatus.UNKNOWN), export, export_url, headroom)


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
