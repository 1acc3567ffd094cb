"""Each alarm goes off when the thing happens that a person must act upon, once, and not for what passes by itself.

All cases happen to one deployment, one after the other, half a day apart, each to an account of its own: what a
function keeps of an account, others do not have.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.aws import crashed
from tests.stack import cloudwatch
from tests.stack.faults.ours import never, no_outcome, wait_for_ever
from tests.world import START, World, deployed, timeline

HOUR, DAY = 3600, 86_400
ENDLESS = {"timeline": timeline(in_progress=0)}
HEALTHY = range(1001, 1004)
"""Exports that end well."""

Happening = Callable[[World, int], None]
"""What happens, to the watch of the export of this id in particular."""


def account(export_id: int) -> str:
    return f"account-{export_id}"


def execution(export_id: int) -> str:
    return f"{account(export_id)}_{export_id}"


def announced(w: World, export_id: int) -> None:
    w.announce({"export_id": export_id, "account": account(export_id)})


def a_bad_event(w: World, export_id: int) -> None:
    w.announce({"export_id": -export_id})


def failing(operation: str, code: str, status: int = 500, lasts: float = DAY) -> Happening:
    """Calls of AWS fail for so many seconds."""

    def happens(w: World, export_id: int) -> None:
        w.stack.faults.fail(operation, code, status=status, until=w.stack.clock.now() + lasts)
        announced(w, export_id)

    return happens


def answering(operation: str, answer: Callable[[], Any], lasts: float = DAY) -> Happening:
    """Calls of AWS, or checks of the export, are answered in this way for so many seconds."""

    def happens(w: World, export_id: int) -> None:
        until = w.stack.clock.now() + lasts
        w.stack.faults.answer(operation, answer, until=until, matches=lambda call: is_about(call, export_id))
        announced(w, export_id)

    return happens


def is_about(call: Mapping[str, Any], export_id: int) -> bool:
    return "watch" not in call or call["watch"]["export_id"] == export_id


def among_others(happening: Happening) -> Happening:
    """While other exports are watched, with which nothing is wrong."""

    def happens(w: World, export_id: int) -> None:
        for number in HEALTHY:
            w.announce({"export_id": number, "account": account(export_id)})
        happening(w, export_id)

    return happens


def stopped(w: World, export_id: int) -> None:
    announced(w, export_id)
    w.run(until=w.stack.clock.now() - START + 60)
    w.stack.stop(execution(export_id))


def read_no_queue(w: World) -> None:
    """For an hour no function is given what comes to its queue."""
    sources = dict(w.stack.sources)
    w.stack.sources.clear()
    w.stack.clock.call_later(HOUR, lambda: w.stack.sources.update(sources))


def unread(w: World, export_id: int) -> None:
    read_no_queue(w)
    announced(w, export_id)


def stopped_unread(w: World, export_id: int) -> None:
    announced(w, export_id)
    w.run(until=w.stack.clock.now() - START + 60)
    read_no_queue(w)
    w.stack.stop(execution(export_id))


@dataclass(frozen=True)
class Case:
    """Something that happens, how long it is observed, and which alarms have gone off then, each by which metric."""

    name: str
    happens: Happening
    seconds: float
    alarms: Mapping[str, str] = field(default_factory=dict)
    export: Mapping[str, Any] = field(default_factory=lambda: ENDLESS)


def fault(name: str, **when: float) -> dict[str, Any]:
    return {**ENDLESS, "faults": [{"fault": name, **when}]}


DEAD_LETTER = {"DeadLetterAlarm": "ApproximateNumberOfMessagesVisible"}
CREDENTIALS = {"CredentialsAlarm": "NeedsAttention"}
UNAVAILABLE = {"EmarsysUnavailableAlarm": "LongUnanswered"}
CHECKS = {"CheckFunctionAlarm": "ChecksFailed"}
OLD_MESSAGE = {"InboxAlarm": "ApproximateAgeOfOldestMessage"}

CASES = [
    Case("an event is refused", a_bad_event, HOUR, DEAD_LETTER),
    Case("a watch is stopped", stopped, HOUR, {"LostWatchAlarm": "ExecutionsAborted"}),
    Case("an execution fails", answering("check_export", no_outcome), HOUR,
         {"LostWatchAlarm": "ExecutionsFailed"}),
    Case("an execution times out", answering("check_export", wait_for_ever), 11 * DAY,
         {"LostWatchAlarm": "ExecutionsTimedOut"}),
    Case("a permission is not granted, for hours", announced, 6 * HOUR, CREDENTIALS, fault("forbidden_html")),
    Case("Secrets Manager forbids", failing("secretsmanager.GetSecretValue", "AccessDeniedException", 400), HOUR / 4,
         CREDENTIALS),
    Case("Emarsys is down, for hours", announced, 6 * HOUR, UNAVAILABLE, fault("bad_gateway")),
    Case("one of many exports gets no answer", among_others(announced), 2 * HOUR, UNAVAILABLE, fault("html")),
    Case("DynamoDB is down", failing("dynamodb.GetItem", "InternalServerError"), 2 * HOUR, UNAVAILABLE),
    Case("the checks of one of many watches crash", among_others(answering("check_export", crashed)), 6 * HOUR, CHECKS),
    Case("no check can be invoked", failing("check_export", "AccessDeniedException", 403), HOUR, CHECKS),
    Case("SNS refuses", failing("sns.Publish", "AuthorizationError", 403), HOUR / 2,
         {"NotificationAlarm": "ServiceIntegrationsFailed"}, {}),
    Case("SNS never answers", answering("sns.Publish", never), HOUR / 2,
         {"NotificationAlarm": "ServiceIntegrationsTimedOut"}, {}),
    Case("nobody reads the inbox", unread, HOUR, OLD_MESSAGE),
    Case("nobody reads of a failed execution", stopped_unread, HOUR,
         {**OLD_MESSAGE, "LostWatchAlarm": "ExecutionsAborted"}),
    Case("Emarsys is down for less than an hour", announced, 4 * HOUR, {},
         fault("bad_gateway", **{"from": 5000, "until": 8600})),
    Case("Secrets Manager is down for a minute", failing("secretsmanager.GetSecretValue", "InternalServiceError",
         lasts=60), HOUR),
    Case("DynamoDB is down for an hour", failing("dynamodb.GetItem", "InternalServerError", lasts=HOUR), 3 * HOUR),
    Case("checks crash for ten minutes", answering("check_export", crashed, lasts=600), 3 * HOUR),
]  # fmt: skip

CONDITIONS = [(alarm, metric, case.name) for case in CASES for alarm, metric in case.alarms.items()]
"""An alarm, one of its metrics, and what has moved that."""


@pytest.fixture(scope="module")
def w() -> Iterator[World]:
    exports = {number: dict(case.export) for number, case in enumerate(CASES, 1)}
    clients = {account(number): "secret" for number in exports}
    secrets = {client: {"client_id": client, "client_secret": secret} for client, secret in clients.items()}
    healthy = {number: {"timeline": timeline(in_progress=0, done=600)} for number in HEALTHY}
    with deployed(secrets=secrets, credentials={"oauth": clients}, exports={**exports, **healthy}) as world:
        yield world


@pytest.fixture(autouse=True)
def peace(w) -> Iterator[None]:
    """Afterwards all is well again: nothing runs, nothing waits, and that for half a day."""
    yield
    w.stack.faults.clear()
    for execution in w.stack.executions():
        if execution.status == "RUNNING":
            w.stack.stop(execution.name)
    w.run(until=w.stack.clock.now() - START + DAY / 2)
    sqs = w.stack.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        sqs.purge_queue(QueueUrl=url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_alarm_goes_off_for_what_a_person_must_act_upon_and_for_nothing_else(w, case):
    begin = w.stack.clock.now()
    case.happens(w, 1 + CASES.index(case))
    w.run(until=begin - START + case.seconds)
    points = cloudwatch.measured(w.stack, begin)
    alarms = cloudwatch.alarms(w.stack)
    times = {
        name: cloudwatch.times_it_goes_off(alarm, points, w.stack.clock.now())
        for name, alarm in alarms.items()
    }
    assert {name: count for name, count in times.items() if count} == dict.fromkeys(case.alarms, 1)
    for name, metric in case.alarms.items():
        of_this_name = [key for key in cloudwatch.metrics(alarms[name]) if key[1] == metric]
        assert any(value > 0 for key in of_this_name for _, value in points.get(key, []))
