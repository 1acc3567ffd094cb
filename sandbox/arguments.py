"""What may stand on the sandbox's command line: each function is a `type` of argparse, and says what is wrong."""

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class AnnouncedExport:
    """An event file."""

    path: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A credentials file: what the secret of an account is to hold, verbatim."""

    account: str
    secret: str


def event_file(path: str) -> AnnouncedExport:
    """Reads an EventBridge event as in `events/`."""
    event = _json(path, _text(path))
    if not isinstance(event, dict):
        raise argparse.ArgumentTypeError(f"{path} holds no JSON object")
    event = {"source": "sandbox", **event}  # EventBridge wants one, the contract takes any
    for key, kind in (("source", str), ("detail-type", str), ("detail", dict)):
        value = event.get(key)
        if not isinstance(value, kind) or value == "":
            expected = "an object" if kind is dict else "a string that is not empty"
            raise argparse.ArgumentTypeError(f"{path} is no EventBridge event: {key!r} must be {expected}")
    return AnnouncedExport(path, event)


def credentials_file(text: str) -> Credentials:
    """Reads `FILE.json`, the credentials of the account `default`, or `account=FILE.json`."""
    account, equals, path = text.partition("=")
    if not equals or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", account):
        account, path = "default", text
    secret = _text(path)
    _json(path, secret)
    return Credentials(account, secret)


def host_url(text: str) -> str:
    """The scheme and host of an Emarsys."""
    if not re.fullmatch(r"https?://[^/?#\s]+/?", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a URL of a scheme and a host, like https://api.emarsys.net"
        )
    return text.removesuffix("/")


def port(text: str) -> int:
    """Reads the number of a TCP port; 0 is any free one."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")
    return int(text)


def key_and_value(text: str) -> tuple[str, str]:
    """Reads `KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def positive_seconds(text: str) -> float:
    """Reads a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot read {path}: {error}") from error


def _json(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{path} is not JSON: {error}") from error
