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
    "Emarsys, and the sandbox's, gives a client id 2 tokens a minute and 10 an hour, and each run of this command asks "
    "for one: it refuses another one for now. The watch waits it out; a run in virtual time expires meanwhile"
)


def register(subparsers: Any) -> None:
    """Adds the command to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "watch",
        help="watch exports of any Emarsys with the template deployed on this machine",
        description=(
            "Deploys the template on this machine and watches the exports of these events against an Emarsys. Each "
            "notification is one line of JSON on standard output. The exit status is 0 when every watch had its "
            "terminal notification, and 1 at the timeout or when an event was refused."
        ),
    )
    parser.set_defaults(run=lambda arguments: run(arguments, parser))
    add = parser.add_argument
    add("events", nargs="+", type=event_file, metavar="EVENT.json", help="an EventBridge event")
    add(
        "--emarsys", required=True, type=host_url, metavar="URL", help="scheme and host of the Emarsys to ask"
    )
    add(
        "--credentials",
        required=True,
        action="append",
        type=credentials_file,
        metavar="[ACCOUNT=]FILE.json",
        help="what the secret of an account holds; may be repeated (account: default)",
    )
    add("--token-url", metavar="URL", help="where OAuth tokens are issued (URL/oauth2/token)")
    add(
        "--parameter",
        action="append",
        default=[],
        type=key_and_value,
        metavar="KEY=VALUE",
        help="a parameter of the template; may be repeated",
    )
    add("--virtual-time", action="store_true", help="waits take no time: a watch of 24 hours takes seconds")
    add(
        "--timeout",
        type=positive_seconds,
        default=float("inf"),
        metavar="SECONDS",
        help="give up after so many seconds of real time (never)",
    )


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Watches, and returns the exit status."""
    # Here, since it takes two seconds that `--help` and mistakes need not wait for.
    from sandbox.aws import ParameterError, RealClock, VirtualClock, deploy  # noqa: PLC0415

    credentials = dict(arguments.credentials)
    if len(credentials) < len(arguments.credentials):
        parser.error("argument --credentials: given twice for one account")
    parameters = {
        "EmarsysHost": arguments.emarsys,
        "EmarsysTokenUrl": arguments.token_url or f"{arguments.emarsys}/oauth2/token",
        **dict(arguments.parameter),
    }
    voice = Voice()
    time_kind = "virtual" if arguments.virtual_time else "real"
    voice.say(f"deploying the template on this machine, in {time_kind} time")
    clock = VirtualClock() if arguments.virtual_time else RealClock()
    try:
        with deploy(parameters, secrets=credentials, clock=clock) as deployment:
            return _watch(deployment, arguments, voice)
    except ParameterError as error:
        parser.error(str(error))


def _watch(deployment: "Deployment", arguments: argparse.Namespace, voice: "Voice") -> int:
    from sandbox.aws import EventNotPutError  # noqa: PLC0415

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
        self.unheard = self._token_limit_said = False

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
        if message.startswith("rate_limited:") and "token" in message and not self._token_limit_said:
            self._token_limit_said = True
            self.say(f"{about}: {TOKEN_LIMIT}")

    def say(self, text: str) -> None:
        print(text, file=self._err, flush=True)
