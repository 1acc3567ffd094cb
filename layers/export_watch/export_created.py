"""The export-created event: untrusted JSON in, a valid WatchRequest or a clear error out."""

import json
import math
import re
from dataclasses import fields
from typing import Any, TypeVar

from export_watch.errors import InvalidEventError
from export_watch.watch import DistributionMethod, WatchRequest

MIN_DEADLINE_SECONDS = 60
MAX_EXPECTED_SECONDS = 604_800
MAX_ATTEMPT = 9999
MAX_CONTEXT_BYTES = 8192
MAX_CONTEXT_DEPTH = 32

KEYS = frozenset(field.name for field in fields(WatchRequest)) - {"ignored_keys"}
"""The keys of the contract."""

Default = TypeVar("Default")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_EXPORT_ID = re.compile(r"[1-9][0-9]{0,14}")


def parse(body: str, max_deadline_seconds: int) -> WatchRequest:
    """The request of an EventBridge event, given as the text of its JSON.

    Raises InvalidEventError, which says which key is wrong, what it holds and what it must hold.
    """
    detail = _detail(body)
    return WatchRequest(
        export_id=_export_id(detail),
        account=_account(detail),
        attempt=_integer(detail, "attempt", 1, MAX_ATTEMPT, 1),
        deadline_seconds=_integer(
            detail, "deadline_seconds", MIN_DEADLINE_SECONDS, max_deadline_seconds, max_deadline_seconds
        ),
        expected_seconds=_integer(detail, "expected_seconds", 1, MAX_EXPECTED_SECONDS, None),
        distribution_method=_distribution_method(detail),
        context=_context(detail),
        ignored_keys=tuple(sorted(detail.keys() - KEYS)),
    )


def ignored(request: WatchRequest) -> str:
    """The warning about keys that mean nothing here: one of them may be misspelt."""
    keys = request.ignored_keys
    names = ", ".join(map(_shown, keys[:10])) + (f", and {len(keys) - 10} more" if len(keys) > 10 else "")
    return f"the event's detail has keys that mean nothing here and were ignored: {names}. Is one misspelt?"


def _shown(value: object) -> str:
    """A value from outside, escaped and cut, as it may stand in a log or an error."""
    text = ascii(value)
    return text[:60] + "…" if len(text) > 60 else text


def _detail(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise InvalidEventError("the event is nested too deeply to be read") from None
    except ValueError as error:
        raise InvalidEventError(f"the event is not JSON: {error}") from None
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        raise InvalidEventError(
            "the event has no `detail` that is a JSON object; send it through EventBridge"
        )
    return detail


def _finite(text: str) -> float:
    """Refuses NaN and what no float can hold, as 1e400: it would come back as another value."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number that can be sent on")
    return number


def _export_id(detail: dict[str, Any]) -> int:
    value = detail.get("export_id")
    if value is None:
        raise InvalidEventError(
            "`export_id` is missing: the id that Emarsys gave when the export was created"
        )
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _EXPORT_ID.fullmatch(text):
        raise _wrong("export_id", value, "a positive integer of at most 15 digits")
    return int(text)


def _account(detail: dict[str, Any]) -> str:
    value = detail.get("account", "default")
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        raise _wrong("account", value, "1 to 32 of a-z, 0-9 and -, and not begin with -")
    return value


def _integer(detail: dict[str, Any], key: str, low: int, high: int, default: Default) -> int | Default:
    if key not in detail:
        return default
    value = detail[key]
    if type(value) is not int or not low <= value <= high:
        raise _wrong(key, value, f"an integer from {low} to {high}")
    return value


def _distribution_method(detail: dict[str, Any]) -> DistributionMethod | None:
    if "distribution_method" not in detail:
        return None
    value = detail["distribution_method"]
    if not isinstance(value, str) or value not in list(DistributionMethod):
        raise _wrong("distribution_method", value, "one of " + ", ".join(DistributionMethod))
    return DistributionMethod(value)


def _context(detail: dict[str, Any]) -> dict[str, Any]:
    context = detail.get("context", {})
    if not isinstance(context, dict):
        raise _wrong("context", context, "a JSON object")
    if _is_deeper(context, MAX_CONTEXT_DEPTH):
        raise InvalidEventError(f"`context` is nested deeper than {MAX_CONTEXT_DEPTH} levels: flatten it")
    text = json.dumps(context, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_CONTEXT_BYTES:
        raise InvalidEventError(
            f"`context` has {size} bytes, at most {MAX_CONTEXT_BYTES} are allowed: send a reference instead"
        )
    return context


def _is_deeper(value: object, levels: int) -> bool:
    """Whether objects and arrays lie in one another on more than so many levels."""
    match value:
        case dict():
            parts = list(value.values())
        case list():
            parts = value
        case _:
            return False
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)


def _wrong(key: str, value: object, wanted: str) -> InvalidEventError:
    return InvalidEventError(f"`{key}` is {_shown(value)}; it must be {wanted}")
