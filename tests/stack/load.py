"""A back-fill: many exports announced at once, while AWS throttles part of the calls; and what a long watch weighs.

All of it is the deployed template on the sandbox, in virtual time.
"""

import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import Deployment, VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, parse

START = 1_800_000_000
CREDENTIALS = {"client_id": "load", "client_secret": "load"}


@dataclass(frozen=True, slots=True)
class Load:
    """What came of many exports that were announced at once."""

    announced: int
    outcomes: Mapping[str, int]
    told_twice: int
    dead_letters: int
    executions: Mapping[str, int]
    throttled: Mapping[str, int]
    status_calls: int
    token_calls: int
    real_seconds: float
    largest_state_bytes: int


@dataclass(frozen=True, slots=True)
class Weight:
    """An execution as it enters its check number `check`: its state, and its history up to there."""

    check: int
    state_bytes: int
    events: int
    history_bytes: int


def back_fill(count: int) -> Load:
    """Announce `count` exports at the same moment, and let AWS throttle a part of each of its services."""
    lives = ((15, "done"), (45, "done"), (90, "done"), (30, "error"))
    exports = {
        number: {"timeline": [{"at": 0, "status": "in progress"}, {"at": at, "status": status}]}
        for number, (at, status) in zip(range(1, count + 1), itertools.cycle(lives), strict=False)
    }
    with _deployed(exports) as (stack, server):
        throttles = {
            "StartExecution": _throttle_first_calls(stack, "stepfunctions.StartExecution", "name", every=3),
            "Publish": _throttle_first_calls(stack, "sns.Publish", "Message", every=5),
            "Invoke": _throttle_first_calls(stack, "lambda.Invoke", "Payload", every=4),
        }
        begin = time.monotonic()
        for number in exports:
            stack.announce({"export_id": number})
        stack.run()
        real_seconds = time.monotonic() - begin
        messages = [told.message for told in stack.notifications]
        executions = stack.executions()
        return Load(
            announced=count,
            outcomes=dict(Counter(message["data"]["outcome"] for message in messages)),
            told_twice=len(messages) - len({(message["source"], message["id"]) for message in messages}),
            dead_letters=len(stack.dead_letters()),
            executions=dict(Counter(execution.status for execution in executions)),
            throttled={name: fault.hits for name, fault in throttles.items()},
            status_calls=sum("/export/" in seen.path for seen in server.requests),
            token_calls=sum("/oauth2/" in seen.path for seen in server.requests),
            real_seconds=real_seconds,
            largest_state_bytes=max(
                _state_bytes(event) for execution in executions for event in stack.history(execution.name)
            ),
        )


def long_watch(parameters: Mapping[str, Any] | None = None) -> list[Weight]:
    """What one watch of an export that never ends weighs, check by check; it may carry a context of 8 KiB."""
    export = {
        "file_name": "f" * 200,
        "ftp_dir": "d/" * 100,
        "timeline": [{"at": 0, "status": "in progress"}, {"at": 3600, "status": "ready"}],
    }
    with _deployed({1: export}, parameters) as (stack, _):
        stack.announce({"export_id": 1, "context": {"note": "x" * 8000}})
        stack.run()
        weights: list[Weight] = []
        history_bytes = 0
        for number, event in enumerate(stack.history("default_1"), 1):
            history_bytes += sum(len(text.encode()) for text in _texts(event))
            if event.get("stateEnteredEventDetails", {}).get("name") == "Check export":
                weights.append(Weight(len(weights) + 1, _state_bytes(event), number, history_bytes))
        return weights


BUSIEST = {
    "CheckCostSeconds": 0.1,
    "MinWaitSeconds": 1,
    "MaxWaitSeconds": 1,
    "DeadlineSeconds": 604_800,
}
"""The parameters that make the most checks: 1,600, where the budget of a watch ends."""


@contextlib.contextmanager
def _deployed(
    exports: Mapping[int, Any], parameters: Mapping[str, Any] | None = None
) -> Iterator[tuple[Deployment, EmarsysServer]]:
    """The deployed template and an Emarsys with these exports, on one virtual clock."""
    clock = VirtualClock(START)
    clients = {CREDENTIALS["client_id"]: CREDENTIALS["client_secret"]}
    scenario = parse({"credentials": {"oauth": clients}, "exports": exports})
    with EmarsysServer(scenario, clock=clock.now) as server:
        given = {**server.parameters, **(parameters or {})}
        with deploy(given, secrets={"default": CREDENTIALS}, clock=clock) as stack:
            yield stack, server


def _throttle_first_calls(stack: Deployment, operation: str, key: str, every: int) -> Any:
    """Of every so many different calls one is throttled, each time it comes for the first time."""
    seen: set[str] = set()
    turn = itertools.cycle(range(every))

    def is_hit(parameters: Mapping[str, Any]) -> bool:
        names = _names(parameters[key])
        is_new = seen.isdisjoint(names)
        seen.update(names)
        return is_new and next(turn) == 0

    return stack.faults.fail(operation, "ThrottlingException", status=429, matches=is_hit)


def _names(call: str | bytes) -> list[str]:
    """What stays the same when a call is made again: its text, or the messages of a batch, which is received anew."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return [record["messageId"] for record in json.loads(call)["Records"]]
    return [str(call)]


def _state_bytes(event: Mapping[str, Any]) -> int:
    return max((len(text.encode()) for text in _texts(event)), default=0)


def _texts(event: Mapping[str, Any]) -> Iterator[str]:
    """The inputs, outputs and parameters in an event of a history."""
    for details in event.values():
        if isinstance(details, Mapping):
            yield from (str(details[key]) for key in ("input", "output", "parameters") if key in details)
