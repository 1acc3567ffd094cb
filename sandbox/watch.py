"""`python -m sandbox watch`: the template, deployed on this machine, watches exports of any Emarsys.

Notifications go to standard output, a line of JSON each; all else goes to standard error.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.arguments import credentials_file, event_file, host_url, key_and_value, positive_seconds

if TYPE_CHECKING:
    from sandbox.aws import Deployment, LogLine, Notification

EXIT_WATCHED = 0
EXIT_UNFINISHED = 1
_POLL_SECONDS = 0.2

TOKEN_LIMIT = (
    "Emarsys refused this run an access token: a client id is issued two a minute and ten an hour, and each run takes "
    "one. The watch waits for the next one. In virtual time it cannot: run it again in a minute, after ten runs in an "
    "hour"
)


def register(subparsers: Any) -> None:
    """Adds the command to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
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
    parser.set_defaults(run=run)
    add = parser.add_argument
    add(
        "events",
        nargs="+",
        type=event_file,
        metavar="EVENT.json",
        help="an export-created event, like events/export-created.json",
    )
    add(
        "--emarsys",
        required=True,
        type=host_url,
        metavar="URL",
        help="scheme and host of Emarsys, like http://127.0.0.1:8080 or https://api.emarsys.net",
    )
    add(
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
    add(
        "--token-url",
        metavar="URL",
        help="where access tokens are issued (default: /oauth2/token at the URL of --emarsys)",
    )
    add(
        "--parameter",
        action="append",
        default=[],
        type=key_and_value,
        metavar="KEY=VALUE",
        help="a parameter of template.yaml, like MinWaitSeconds=1; may be repeated",
    )
    add("--virtual-time", action="store_true", help="waits take no time: a watch of 24 hours takes seconds")
    add(
        "--timeout",
        type=positive_seconds,
        default=float("inf"),
        metavar="SECONDS",
        help="give up after so many seconds of real time (default: never)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Watches, and returns the exit status."""
    credentials = dict(arguments.credentials)
    if len(credentials) < len(arguments.credentials):
        raise argparse.ArgumentTypeError("--credentials is given twice for one account")
    for path, event in arguments.events:
        if (account := event["detail"].get("account", "default")) not in credentials:
            raise argparse.ArgumentTypeError(
                f"{path} is of the account {account!r}, which has no --credentials {account}=FILE.json"
            )
    # Here, since it takes seconds that `--help` and mistakes need not wait for.
    from sandbox.aws import ParameterError, RealClock, VirtualClock, deploy  # noqa: PLC0415

    parameters = {
        "EmarsysHost": arguments.emarsys,
        "EmarsysTokenUrl": arguments.token_url or f"{arguments.emarsys}/oauth2/token",
        **dict(arguments.parameter),
    }
    clock = VirtualClock() if arguments.virtual_time else RealClock()
    try:
        with deploy(parameters, secrets=credentials, clock=clock) as deployment:
            return _watch(deployment, arguments)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _watch(deployment: "Deployment", arguments: argparse.Namespace) -> int:
    from sandbox.aws import EventNotPutError  # noqa: PLC0415

    time_kind = "virtual" if arguments.virtual_time else "real"
    voice = Voice()
    voice.say(f"template.yaml is deployed on this machine, in {time_kind} time")
    deployment.listeners.append(voice.notify)
    deployment.logs.listeners.append(voice.progress)
    paths, problems = {}, []
    for path, event in arguments.events:
        try:
            event_id = deployment.put_event(event)
        except EventNotPutError as error:
            problems.append(f"{path}: EventBridge does not take it: {error}")
            continue
        paths[event_id] = path
        if not any(delivery.event.get("id") == event_id for delivery in deployment.deliveries):
            kind = event["detail-type"]
            problems.append(
                f"{path}: nothing watches it: no rule of the template matches its detail-type {kind!r}"
            )
    if arguments.virtual_time:
        finished = deployment.run(timeout_seconds=arguments.timeout)
    else:
        finished = bool(problems) or _run_unless_refused(deployment, arguments.timeout)
    problems += _refused(deployment, paths)
    if not finished:
        problems.append(f"given up after {arguments.timeout:g} s")
    problems += _unpublished(deployment)
    if voice.token_refused and arguments.virtual_time:
        voice.say(TOKEN_LIMIT)  # said before, but many lines ago
    for problem in problems:
        voice.say(problem)
    return EXIT_UNFINISHED if problems or voice.unheard else EXIT_WATCHED


def _run_unless_refused(deployment: "Deployment", timeout_seconds: float) -> bool:
    """Runs in real time, and says whether it ended by itself: nobody is to learn of a refused event after hours."""
    give_up = time.monotonic() + timeout_seconds
    while not deployment.dead_letters():
        left = give_up - time.monotonic()
        if left <= 0:
            return False
        if deployment.run(timeout_seconds=min(left, _POLL_SECONDS)):
            break
    return True


def _refused(deployment: "Deployment", paths: Mapping[str, str]) -> Iterator[str]:
    """Events in the dead-letter queue, and why, in the words of the function that refused them."""
    complaints = [line for line in deployment.logs.lines if _is_complaint(line)]
    for letter in deployment.dead_letters():
        path = paths.get(letter.event["id"])
        what = f"{path}: refused" if path else "a failed execution could not be reported as `lost`"
        about_it = [line for line in complaints if letter.message_id in line.text]
        last = (about_it or complaints)[-1:]
        reasons = [str(line.record.get("message", line.text)) for line in last]
        yield f"{what}: {''.join(reasons) or 'for a reason that is not in the log'}"


def _unpublished(deployment: "Deployment") -> Iterator[str]:
    """Watches without a terminal notification."""
    terminal = [n.message for n in deployment.notifications if n.attributes.get("terminal") == "true"]
    ended = {message["data"]["watch"]["execution"] for message in terminal}
    for execution in deployment.executions():
        if execution.name not in ended:
            yield f"{execution.name}: no terminal notification; its execution is {execution.status}"


def _is_complaint(line: "LogLine") -> bool:
    return line.record.get("level") in {"WARNING", "ERROR", "CRITICAL"} or line.text.startswith("[ERROR]")


class Voice:
    """What the command says, on the streams that the process had at its start. `unheard` once nobody listens."""

    def __init__(self) -> None:
        self._out, self._err = sys.stdout, sys.stderr
        self.unheard = self.token_refused = False

    def notify(self, notification: "Notification") -> None:
        # JSON is written here as the functions write it, so that a number of the context stays as it is.
        line = json.dumps({"attributes": dict(notification.attributes), "message": notification.message})
        try:
            print(line, file=self._out, flush=True)
        except BrokenPipeError:
            self.unheard = True

    def progress(self, line: "LogLine") -> None:
        """Passes on what a function logs, but for the frames of tracebacks, and metrics without a message."""
        record = line.record
        if line.text.startswith(" ") or ("_aws" in record and "message" not in record):
            return
        about = record.get("execution") or line.function
        level = "" if record.get("level") in {None, "INFO"} else f"{record['level'].lower()}: "
        message = str(record.get("message", line.text))
        self.say(f"{about}: {level}{message}")
        if message.startswith("rate_limited:") and "token" in message and not self.token_refused:
            self.token_refused = True
            self.say(TOKEN_LIMIT)

    def say(self, text: str) -> None:
        print(text, file=self._err, flush=True)
