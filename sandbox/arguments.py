"""The sandbox's command line: what may stand on it, and what is said where something else does.

The functions below the parser are types of argparse. They read the file that they are given the name of, so that a
wrong one is refused before anything is deployed. A command is named, not imported: that takes seconds, which `--help`
and mistakes need not wait for.
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


def parser() -> Parser:
    """What `python -m sandbox` takes; `run` is the name of the function that does it."""
    made = Parser(
        prog="python -m sandbox",
        description="Emarsys Export Watch on this machine: the whole deployment, without AWS, and an Emarsys.",
        epilog="How to use them together: docs/how-to/run-locally.md",
    )
    commands = made.add_subparsers(required=True, metavar="demo|watch|emarsys")
    commands.add_parser(
        "demo",
        help="watch ten exports end, live, in half a minute",
        description=(
            "Deploys template.yaml on this machine, sends it the events of ten exports, and shows every watch to its "
            "end. Exit status: 0 when all have ended as they should, else 1."
        ),
    ).set_defaults(run="sandbox.demo.command:run")

    watch = commands.add_parser(
        "watch",
        help="watch exports of your own, in the Emarsys of the sandbox or a real one",
        description=(
            "Deploys template.yaml on this machine, sends these events to it, and watches their exports until each has "
            "ended. A real Emarsys is only read. Notifications go to standard output, a line of JSON each; progress "
            "goes to standard error."
        ),
        epilog=(
            "Exit status: 0 when every watch has had its terminal notification, 1 at the timeout or when an event was "
            "refused, 2 when the command line or a file is wrong."
        ),
    )
    watch.set_defaults(run="sandbox.watch:run")
    watch.add_argument(
        "events",
        nargs="+",
        type=event_file,
        metavar="EVENT.json",
        help="an export-created event, like events/export-created.json",
    )
    watch.add_argument(
        "--emarsys",
        required=True,
        type=host_url,
        metavar="URL",
        help="scheme and host of Emarsys, like http://127.0.0.1:8080 or https://api.emarsys.net",
    )
    watch.add_argument(
        "--credentials",
        required=True,
        action="append",
        type=credentials_file,
        metavar="[ACCOUNT=]FILE.json",
        help=(
            'the API credentials of an account (default: "default"), as {"client_id": "...", "client_secret": "..."} '
            'or {"username": "...", "secret": "..."}; may be repeated'
        ),
    )
    watch.add_argument(
        "--token-url",
        metavar="URL",
        help="where access tokens are issued (default: /oauth2/token at the URL of --emarsys)",
    )
    watch.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=key_and_value,
        metavar="KEY=VALUE",
        help="a parameter of template.yaml, like MinWaitSeconds=1; may be repeated",
    )
    watch.add_argument(
        "--virtual-time", action="store_true", help="waits take no time: a watch of 24 hours takes seconds"
    )
    watch.add_argument(
        "--timeout",
        type=positive_seconds,
        default=float("inf"),
        metavar="SECONDS",
        help="give up after so many seconds of real time (default: never)",
    )

    emarsys = commands.add_parser(
        "emarsys",
        help="serve an Emarsys to talk to, on a port of this machine",
        description="Serves an Emarsys whose exports live as a scenario says, until Ctrl-C. Requests are logged.",
    )
    emarsys.set_defaults(run="sandbox.emarsys.command:run")
    emarsys.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    emarsys.add_argument(
        "--port", type=port, default=8080, help="port to listen on, 0 for any free one (default: 8080)"
    )
    emarsys.add_argument(
        "--scenario",
        metavar="FILE.yaml",
        help="credentials, exports and faults (default: sandbox/emarsys/scenarios/default.yaml, with every key)",
    )
    return made


def event_file(path: str) -> tuple[str, dict[str, Any]]:
    """The path, and the EventBridge event as in `events/` that is there."""
    # EventBridge wants a source, the contract takes any.
    event = {"source": "sandbox", **_object(path)}
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
    secret = json.dumps(_object(path))
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


def port(text: str) -> int:
    """Reads a TCP port, or 0."""
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not a port: they go from 1 to 65535, and 0 is any free one")
    return int(text)


def positive_seconds(text: str) -> float:
    """Reads a number of seconds."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return float(text)


def _object(path: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise ArgumentTypeError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{path} is not JSON in UTF-8: {error}") from error
    if not isinstance(content, dict):
        raise ArgumentTypeError(f"{path} holds no JSON object")
    return content
