"""What the reply to a status call means, keyed on the HTTP status and the replyCode together.

Codes are reused across statuses, and some failures are HTTP 200 with a replyCode that is not 0.
"""

import math
import re
from dataclasses import fields
from typing import Any

from export_watch.emarsys.rate_limit import limited_seconds, rate_limit, retry_after_seconds
from export_watch.errors import NoReplyError, UnreadableReplyError
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
_REPLY_CODE = re.compile(r"[0-9]{1,9}")
_FRACTION_OF_ZERO = re.compile(r"\.0+$")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_WSSE_DROPPED = (
    "Something on the way dropped the header X-WSSE: check that the Emarsys host is right and no proxy."
)
_CLOCKS_DIFFER = (
    "The clocks of AWS and of Emarsys differ by more than five minutes; the credentials may well be right. If it "
    "lasts, contact Emarsys Support."
)
_GATEWAY_TEXTS = {
    "WSSE authentication header is missing.": _WSSE_DROPPED,
    "WSSE authentication header is empty.": _WSSE_DROPPED,
    "The Username field is missing from WSSE authentication header.": "",
    "The PasswordDigest field is missing from WSSE authentication header.": "",
    "The Nonce field is missing from WSSE authentication header.": "",
    "The Created field is missing from WSSE authentication header.": "",
    "Credentials are invalid.": "",
    "Timeframe is invalid.": _CLOCKS_DIFFER,
}
"""The refusals that are quoted, and what to do where wrong credentials are not the cause.

Any other text is not quoted: it comes from outside, and might echo a credential.
"""


def interpret(reply: Reply, export_id: int, file_url: str, now: float) -> Observation:
    """The observation that a reply amounts to, at `now` (unix seconds, the real clock).

    Any success (2xx) with replyCode 0 and the data of this export is its status.
    """
    content = reply.json()
    members = content or {}
    code = _reply_code(members)
    limit = rate_limit(reply.headers, now)
    wait_seconds = retry_after_seconds(reply.headers, now)
    answers = reply.is_success or reply.status == 400
    why = ""
    if reply.is_success and code == 0:
        found = _status(members.get("data"), export_id, file_url, limit)
        if isinstance(found, StatusSeen):
            return found
        obstacle, why = ObstacleCode.UNEXPECTED_REPLY, found
    elif answers and code in _REFUSALS:
        return Refused(_REFUSALS[code], limit)
    elif reply.status == 429 or (answers and code == _RATE_LIMITED):
        obstacle = ObstacleCode.RATE_LIMITED
        wait_seconds = limited_seconds(reply.headers, now)
    elif reply.status == 401:
        obstacle, why = ObstacleCode.CREDENTIALS_REFUSED, _gateway_text(members)
    elif reply.status == 403:
        obstacle = ObstacleCode.PERMISSION_MISSING
    elif reply.is_passing:
        obstacle = ObstacleCode.EMARSYS_UNAVAILABLE
    elif reply.interrupted:
        obstacle, why = ObstacleCode.EMARSYS_UNAVAILABLE, reply.flaw
    elif reply.is_redirect:
        obstacle = ObstacleCode.UNEXPECTED_REPLY
        why = "a redirect, which is not followed: the host may be another one now"
    else:
        obstacle = ObstacleCode.UNEXPECTED_REPLY
        why = reply.flaw or "a reply that is no JSON object" if content is None else ""
    detail = f"Emarsys answered HTTP {reply.status}"
    if code is not None:
        detail += f" with replyCode {code}"
    if why:
        detail += f" ({why.rstrip('.')})"
    return Obstacle(obstacle, detail, wait_seconds, remedy=_GATEWAY_TEXTS.get(why, ""))


def without_reply(error: NoReplyError, asked: str = "Emarsys", remedy: str = "") -> Obstacle:
    """What it means that a call ended without a reply; `asked` is who was called."""
    if isinstance(error, UnreadableReplyError):
        return Obstacle(ObstacleCode.UNEXPECTED_REPLY, f"{asked} answered with {error}", remedy=remedy)
    return Obstacle(ObstacleCode.EMARSYS_UNAVAILABLE, f"{asked} cannot be reached: {error}", remedy=remedy)


def _reply_code(members: dict[str, Any]) -> int | None:
    """The replyCode, a number or its digits, either of them with a fraction of zero."""
    digits = _digits(members.get("replyCode"))
    return int(digits) if _REPLY_CODE.fullmatch(digits) else None


def _gateway_text(members: dict[str, Any]) -> str:
    text = members.get("message")
    return text if isinstance(text, str) and text in _GATEWAY_TEXTS else ""


def _status(data: Any, export_id: int, file_url: str, limit: RateLimit | None) -> StatusSeen | str:
    """The status that the data of an export hold, or why they hold none."""
    if not isinstance(data, dict):
        return "without the data of an export"
    values = {name: _bounded(data.get(name)) for name in _FIELDS}
    export = Export(**values)
    says_id = data.get("id") is not None and named(str(export.id)) is not None
    if says_id and _digits(export.id) != str(export_id):
        return "about another export"
    if not isinstance(export.status, str) or not export.status.strip():
        return "without a status"
    odd = tuple(name for name, value in values.items() if data.get(name) is not None and _is_odd(value))
    return StatusSeen(ExportStatus.parse(export.status), export, file_url, limit, odd)


def _digits(value: Any) -> str:
    """The text of a number without a fraction of zero: `101` for 101.0 and "101.00"; of what is none, anything."""
    return _FRACTION_OF_ZERO.sub("", str(value).strip()) if isinstance(value, int | float | str) else ""


def _is_odd(value: Scalar) -> bool:
    """Whether Emarsys documents no such value. A number is as good as its digits."""
    return value is None or isinstance(value, bool)


def _bounded(value: Any) -> Scalar:
    """A field as it came, cut to FIELD_LENGTH, and always something that JSON and UTF-8 can carry on.

    What is no scalar is nothing: a list is neither a status nor a name.
    """
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value[:FIELD_LENGTH])
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < 10**15 else str(value)[:FIELD_LENGTH]
    return None
