"""The export-created event: untrusted JSON in, a valid WatchRequest or a clear error out."""

import json
import re
from itertools import accumulate
from typing import Any

from export_watch.watch import DistributionMethod, WatchRequest

MIN_DEADLINE_SECONDS = 60
MAX_ATTEMPT = 9999
MAX_CONTEXT_BYTES = 8192
MAX_CONTEXT_DEPTH = 32

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_EXPORT_ID = re.compile(r"[1-9][0-9]{0,14}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_OUTSIDE_STRINGS_BLANK = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_JSON_BLANK = re.compile(r"[ \t\r\n]*")


class InvalidEventError(ValueError):
    """The event cannot be accepted: says which key is wrong, what it holds and what it should hold."""


def parse(body: str, max_deadline_seconds: int) -> WatchRequest:
    """The request of an EventBridge event, given as the text of its JSON.

    Raises InvalidEventError. Keys of the detail that the contract does not name are ignored.
    """
    detail = _detail(body)
    return WatchRequest(
        export_id=_export_id(detail),
        account=_account(detail),
        attempt=_integer(detail, "attempt", 1, 1, MAX_ATTEMPT),
        deadline_seconds=_integer(
            detail, "deadline_seconds", max_deadline_seconds, MIN_DEADLINE_SECONDS, max_deadline_seconds
        ),
        distribution_method=_distribution_method(detail),
        context=_context(detail, body),
    )


def _detail(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body, parse_constant=_refuse_constant)
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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


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


def _integer(detail: dict[str, Any], key: str, default: int, low: int, high: int) -> int:
    value = detail.get(key, default)
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


def _context(detail: dict[str, Any], body: str) -> str:
    if "context" not in detail:
        return "{}"
    context = detail["context"]
    if not isinstance(context, dict):
        raise _wrong("context", context, "a JSON object")
    # Its own text, not `context` written again: that may change a number (1.10, 1e400, 20 digits). And all of the
    # text counts, since a key that is there twice hides its first value from `context`.
    text = _OUTSIDE_STRINGS_BLANK.sub(r"\1", _text_of(_text_of(body, "detail"), "context"))
    # To measure takes long. An escape has six characters and stands for a byte at least, so this is too long anyhow.
    if (size := len(text)) <= 6 * MAX_CONTEXT_BYTES:
        if _depth(text) > MAX_CONTEXT_DEPTH:
            raise InvalidEventError(f"`context` is nested deeper than {MAX_CONTEXT_DEPTH} levels: flatten it")
        size = _size(text)
    if size > MAX_CONTEXT_BYTES:
        raise InvalidEventError(
            f"`context` has {size} bytes, at most {MAX_CONTEXT_BYTES} are allowed: send a reference instead"
        )
    return text


def _depth(text: str) -> int:
    steps = {"{": 1, "[": 1, "}": -1, "]": -1}
    return max(accumulate(steps.get(character, 0) for character in _STRING.sub("", text)))


def _size(text: str) -> int:
    r"""Bytes in UTF-8, with each escape (`\u00fc`) counted as the character that it stands for."""
    unescaped = _STRING.sub(lambda string: json.dumps(json.loads(string[0]), ensure_ascii=False), text)
    return len(unescaped.encode("utf-8", "surrogatepass"))


def _text_of(text: str, key: str) -> str:
    """The text of the last value that a JSON object, given as valid text, has under a key."""
    decoder, found = json.JSONDecoder(), ""
    at = _after_blank(text, 0) + 1
    while text[at := _after_blank(text, at)] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _after_blank(text, _after_blank(text, at) + 1)
        _, end = decoder.raw_decode(text, at)
        if name == key:
            found = text[at:end]
        at = _after_blank(text, end)
        at += text[at] == ","
    return found


def _after_blank(text: str, at: int) -> int:
    blank = _JSON_BLANK.match(text, at)
    return blank.end() if blank else at


def _wrong(key: str, value: object, wanted: str) -> InvalidEventError:
    """Quotes the value cut and escaped: it comes from outside."""
    shown = ascii(value)
    return InvalidEventError(
        f"`{key}` is {shown[:60] + '…' if len(shown) > 60 else shown}; it must be {wanted}"
    )
