"""What may stand on the sandbox's command line: each function is a `type` of argparse, and says what is wrong."""

import json
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any


def event_file(path: str) -> tuple[str, dict[str, Any]]:
    """The path, and the EventBridge event as in `events/` that is there."""
    event = _json(path, _text(path))
    if not isinstance(event, dict):
        raise ArgumentTypeError(f"{path} holds no JSON object")
    event = {"source": "sandbox", **event}  # EventBridge wants one, the contract takes any
    for key, kind in (("source", str), ("detail-type", str), ("detail", dict)):
        value = event.get(key)
        if not isinstance(value, kind) or value == "":
            expected = "an object" if kind is dict else "a string that is not empty"
            raise ArgumentTypeError(f"{path} is no EventBridge event: {key!r} must be {expected}")
    return path, event


def credentials_file(text: str) -> tuple[str, str]:
    """Reads `account=FILE.json`, or `FILE.json` for `default`: the account, and what its secret is to hold."""
    account, equals, path = text.partition("=")
    if not equals:
        account, path = "default", text
    secret = _text(path)
    _json(path, secret)
    return account, secret


def host_url(text: str) -> str:
    """The scheme and host of an Emarsys."""
    if not re.fullmatch(r"https?://[^/?#\s]+/?", text):
        raise ArgumentTypeError(f"{text!r} is not a URL of a scheme and a host, like https://api.emarsys.net")
    return text.removesuffix("/")


def key_and_value(text: str) -> tuple[str, str]:
    """Reads `KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def positive_seconds(text: str) -> float:
    """Reads a number of seconds."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return float(text)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"cannot read {path}: {error}") from error


def _json(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{path} is not JSON: {error}") from error
