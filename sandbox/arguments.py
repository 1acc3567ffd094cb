"""The sandbox's command line: what may stand on it, and what is said where something else does.

Each function is a `type` of argparse. It reads the file that it is given the name of, so that a wrong one is refused
before anything is deployed.
"""

import argparse
import json
import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, NoReturn

from export_watch.errors import CredentialsMissingError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence: argparse would bury it under the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def event_file(path: str) -> tuple[str, dict[str, Any]]:
    """The path, and the EventBridge event as in `events/` that is there."""
    event = {
        "source": "sandbox",
        **_object(path, _text(path)),
    }  # EventBridge wants one, the contract takes any
    for key, kind in (("source", str), ("detail-type", str), ("detail", dict)):
        value = event.get(key)
        if not isinstance(value, kind) or value == "":
            expected = "an object" if kind is dict else "a string that is not empty"
            raise ArgumentTypeError(
                f"{path} is no EventBridge event: {key!r} must be {expected}, as in events/export-created.json"
            )
    return path, event


def credentials_file(text: str) -> tuple[str, str]:
    """Reads `account=FILE.json`, or `FILE.json` for `default`: the account, and what its secret is to hold."""
    from export_watch.emarsys.credentials import parse  # noqa: PLC0415 - `--help` is quick

    account, equals, path = text.partition("=")
    if not equals:
        account, path = "default", text
    secret = _text(path)
    _object(path, secret)
    try:
        parse(secret, path, "https://api.emarsys.net", "https://auth.emarsys.net/oauth2/token")
    except CredentialsMissingError as error:
        raise ArgumentTypeError(str(error).removeprefix("the secret ")) from error
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
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE, like MinWaitSeconds=1")
    return key, value


def positive_seconds(text: str) -> float:
    """Reads a number of seconds."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return float(text)


def port(text: str) -> int:
    """Reads a TCP port, or 0."""
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not a port: they go from 1 to 65535, and 0 is any free one")
    return int(text)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ArgumentTypeError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ArgumentTypeError(f"{path} is not text in UTF-8") from error


def _object(path: str, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ArgumentTypeError(f"{path} holds no JSON object")
    return content
