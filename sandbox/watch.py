"""`python -m sandbox watch`: the template, deployed on this machine, watches exports of any Emarsys.

Notifications go to standard output, a line of JSON each; all else goes to standard error.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping

from sandbox.aws import (
    Deployment,
    EventNotPutError,
    LogLine,
    Notification,
    ParameterError,
    RealClock,
    VirtualClock,
    deploy,
)

EXIT_WATCHED = 0
EXIT_UNFINISHED = 1
_POLL_SECONDS = 0.2

TOKEN_LIMIT = (
    "Emarsys refused this run an access token: a client id is issued two a minute and ten an hour, and each run takes "
    "one. The watch waits for the next one. In virtual time it cannot: run it again in a minute, after ten runs in an "
    "hour"
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


def _watch(deployment: Deployment, arguments: argparse.Namespace) -> int:
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


def _run_unless_refused(deployment: Deployment, timeout_seconds: float) -> bool:
    """Runs in real time, and says whether it ended by itself: nobody is to learn of a refused event after hours."""
    give_up = time.monotonic() + timeout_seconds
    while not deployment.dead_letters():
        left = give_up - time.monotonic()
        if left <= 0:
            return False
        if deployment.run(timeout_seconds=min(left, _POLL_SECONDS)):
            break
    return True


def _refused(deployment: Deployment, paths: Mapping[str, str]) -> Iterator[str]:
    """Events in the dead-letter queue, and why, in the words of the function that refused them."""
    complaints = [line for line in deployment.logs.lines if _is_complaint(line)]
    for letter in deployment.dead_letters():
        path = paths.get(letter.event["id"])
        what = f"{path}: refused" if path else "a failed execution could not be reported as `lost`"
        about_it = [line for line in complaints if letter.message_id in line.text]
        last = (about_it or complaints)[-1:]
        reasons = [str(line.record.get("message", line.text)) for line in last]
        yield f"{what}: {''.join(reasons) or 'for a reason that is not in the log'}"


def _unpublished(deployment: Deployment) -> Iterator[str]:
    """Watches without a terminal notification."""
    terminal = [n.message for n in deployment.notifications if n.attributes.get("terminal") == "true"]
    ended = {message["data"]["watch"]["execution"] for message in terminal}
    for execution in deployment.executions():
        if execution.name not in ended:
            yield f"{execution.name}: no terminal notification; its execution is {execution.status}"


def _is_complaint(line: LogLine) -> bool:
    return line.record.get("level") in {"WARNING", "ERROR", "CRITICAL"} or line.text.startswith("[ERROR]")


class Voice:
    """What the command says, on the streams that the process had at its start. `unheard` once nobody listens."""

    def __init__(self) -> None:
        self._out, self._err = sys.stdout, sys.stderr
        self.unheard = self.token_refused = False

    def notify(self, notification: Notification) -> None:
        # JSON is written here as the functions write it, so that a number of the context stays as it is.
        line = json.dumps({"attributes": dict(notification.attributes), "message": notification.message})
        try:
            print(line, file=self._out, flush=True)
        except BrokenPipeError:
            self.unheard = True

    def progress(self, line: LogLine) -> None:
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
