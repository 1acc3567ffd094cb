"""Faults on our side: secrets, Lambda, SNS, Step Functions, and events that come in a way they should not.

An export's life begins with the first check that reaches Emarsys. Where a fault hides that, it is done from the start.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.aws import NeverAnswered, Response, crashed, timed_out
from tests.stack.faults.deployed import OnAws, Site, Strike, answers, fails, user
from tests.stack.faults.matrix import (
    ALWAYS,
    DEAD_LETTER,
    FIRST,
    LAST,
    MIDDLE,
    NEVER_SHOWS,
    Cell,
    Course,
    Log,
    Published,
    Timing,
    heals_or_expires,
)
from tests.stack.faults.of_emarsys import CREDENTIALS, REFUSED
from tests.world import WSSE

HOUR = 3600
MISSING = heals_or_expires("credentials_missing")


# Secrets. One that was read serves for ten minutes, so a fault shows later than it strikes.

SECRETS: Course = {
    FIRST: Timing(1300, 0, 0, 31),
    MIDDLE: Timing(1300, 950, 300, 900),
    LAST: Timing(660, 620, 300),
    ALWAYS: Timing(1300, 0, 0),
}
SECRET_KEPT: Published = {**NEVER_SHOWS, ALWAYS: "expired: credentials_missing"}
"""While Secrets Manager is unavailable, what was read before goes on to serve."""
SECRET_UNREAD = {FIRST: "cannot be read", ALWAYS: "cannot be read"}


def secret(text: str | Mapping[str, str]) -> Strike:
    """The account's secret holds this while the fault strikes."""

    def strike(site: Site) -> None:
        site.at(site.cell.timing.begins, lambda: site.put_secret(text))
        site.at(site.cell.timing.ends, lambda: site.put_secret(WSSE))

    return strike


def rotated(site: Site) -> None:
    """Emarsys has a new secret where the fault begins, and Secrets Manager where it ends."""
    name, users = user(site.cell), cast("dict[str, str]", site.w.server.scenario.wsse)
    site.put_secret({"username": name, "secret": "old"})
    site.at(site.cell.timing.begins, lambda: users.update({name: "new"}))
    site.at(site.cell.timing.ends, lambda: site.put_secret({"username": name, "secret": "new"}))


def secrets_manager(code: str, status: int) -> Strike:
    return fails(
        "secretsmanager.GetSecretValue",
        code,
        status,
        lambda cell, call: call["SecretId"].endswith(f"/{cell.account}"),
    )


_SECRETS: list[tuple[str, Published, Log, Strike]] = [
    ("the secret is missing", MISSING, "there is no secret", secrets_manager("ResourceNotFoundException", 400)),
    ("the secret is no JSON", MISSING, "is no JSON object", secret("client_id=x")),
    ("the secret is of the wrong kind", MISSING, "Store the account's credentials as JSON", secret({"password": "x"})),
    ("the secret holds wrong credentials", REFUSED, CREDENTIALS, secret({**WSSE, "secret": "x"})),
    ("the secret is rotated, in Emarsys first", REFUSED, CREDENTIALS, rotated),
    ("Secrets Manager is down", SECRET_KEPT, SECRET_UNREAD, secrets_manager("InternalServiceError", 500)),
    ("Secrets Manager throttles", SECRET_KEPT, SECRET_UNREAD, secrets_manager("ThrottlingException", 400)),
]  # fmt: skip


# Tokens. One lasts a quarter of an hour here, so the fault meets its renewal, or the end of the last one.

TOKENS: Course = {
    FIRST: Timing(600, 0, 0, 31),
    MIDDLE: Timing(2400, 2000, 700, 1400),
    LAST: Timing(2400, 2300, 1000),
    ALWAYS: Timing(600, 0, 0),
}


def token_table(code: str, status: int) -> Strike:
    """DynamoDB fails for the account's client, which is its own."""

    def strike(site: Site) -> None:
        client = user(site.cell)
        site.put_secret({"client_id": client, "client_secret": "old"})
        key = hashlib.sha256(f"{site.w.server.parameters['EmarsysTokenUrl']} {client}".encode()).hexdigest()
        for operation in ("dynamodb.GetItem", "dynamodb.PutItem"):
            fails(operation, code, status, lambda cell, call: key in str(call))(site)

    return strike


# Functions. A check that fails three times is made again after 300 s.

FUNCTIONS: Course = {
    FIRST: Timing(900, 0, 0, 330),
    MIDDLE: Timing(900, 500, 100, 420),
    LAST: Timing(900, 850, 850, 1500),
    ALWAYS: Timing(900, 0, 0, HOUR),
}
SIX_HOURS: Course = {ALWAYS: Timing(900, 0, 0, 6 * HOUR)}
TEN_DAYS: Course = {ALWAYS: Timing(900, 0, 0, 240 * HOUR)}
"""The timeout of the state machine."""
CHECK_FAILED = "the check before this one failed with all its retries"


def is_checked(cell: Cell, call: Any) -> bool:
    """Whether a call of lambda.Invoke, or the event of the function, is about the cell."""
    event = json.loads(call["Payload"]) if "Payload" in call else call
    return "watch" in event and event["watch"]["export_id"] == cell.export_id


def check(answer: Callable[[], Any]) -> Strike:
    return answers("check_export", answer, is_checked)


def invoking(code: str, status: int) -> Strike:
    """Lambda refuses to run the check."""
    return fails("lambda.Invoke", code, status, is_checked)


def never() -> Any:
    """No answer comes before the caller gives up."""
    raise NeverAnswered


_FUNCTIONS = [
    ("Lambda throttles the check", invoking("TooManyRequestsException", 429)),
    ("Lambda is down", invoking("ServiceException", 500)),
    ("the check is deleted", invoking("ResourceNotFoundException", 404)),
    ("the check runs out of memory", check(crashed)),
    ("the check times out", check(lambda: timed_out(60))),
    ("the check never answers", answers("lambda.Invoke", never, is_checked)),
]


# Starting a watch. Its event is delivered five times, three minutes apart, and then moved to the dead-letter queue.

DELIVERIES: Course = {FIRST: Timing(900, 0, 0, 400), ALWAYS: Timing(900, 0, 0)}
REDELIVERED: Published = {FIRST: "done", ALWAYS: DEAD_LETTER}


def starting(code: str) -> Strike:
    return fails("stepfunctions.StartExecution", code, 400, lambda cell, call: call["name"] == cell.execution)


def crashes(function: str) -> Strike:
    """A function that reads a queue crashes while the cell's event is among those that it is given."""

    def is_about(cell: Cell, event: Any) -> bool:
        bodies = [json.loads(record["body"]) for record in event["Records"]]
        return any(cell.execution in (body["source"], body["detail"].get("name")) for body in bodies)

    return answers(function, crashed, is_about)


# Publishing. Step Functions tries a final outcome again for a day, and `stuck` for an hour.

SNS_AT_THE_END: Course = {LAST: Timing(900, 0, 0, 6 * HOUR), ALWAYS: Timing(900, 0, 0)}
SNS_WITH_STUCK: Course = {FIRST: Timing(900, 700, 0, 800), MIDDLE: Timing(900, 700, 0, 3 * HOUR)}
STUCK_UNPUBLISHED = {MIDDLE: "`stuck` could not be published for an hour"}
LOST_UNPUBLISHED = {ALWAYS: "`lost` cannot be published"}
ENDS: Published = {LAST: "done", ALWAYS: DEAD_LETTER}


def is_published(cell: Cell, call: Any) -> bool:
    return bool(json.loads(call["Message"])["data"]["watch"]["execution"] == cell.execution)


def publishing(code: str, status: int) -> Strike:
    return fails("sns.Publish", code, status, is_published)


def ready_at_once(cell: Cell) -> dict[str, Any]:
    """Stuck at 300 s, done after the fault has healed or the deadline has come."""
    return {"timeline": [{"at": 0, "status": "ready"}, {"at": cell.timing.done_at, "status": "done"}]}


# Executions that fail. What keeps that from being published lasts for 400 s.

FAILURES: Course = {
    FIRST: Timing(900, 0, 0, 400),
    MIDDLE: Timing(900, 0, 200, 600),
    LAST: Timing(900, 0, 850, 1250),
}


def lost(how: str) -> Published:
    return dict.fromkeys((FIRST, MIDDLE, LAST), f"lost: execution_{how}")


def still_running(cell: Cell) -> dict[str, Any]:
    return {"timeline": [{"at": 0, "status": "in progress"}]}


def stopped(*others: Strike) -> Strike:
    """By an operator, while something else happens, too."""

    def strike(site: Site) -> None:
        site.at(max(0.5, site.cell.timing.begins), lambda: site.w.stack.stop(site.cell.execution))
        for other in others:
            other(site)

    return strike


def no_outcome() -> Response:
    """The state machine has nothing to branch on: States.Runtime, which nothing inside it can catch."""
    return Response(b"{}")


def too_long() -> Response:
    """States.DataLimitExceeded, which nothing inside it can catch either."""
    return Response(json.dumps({"outcome": "wait", "watch": "x" * 300_000}).encode())


def wait_for_ever() -> Response:
    return Response(json.dumps({"outcome": "wait", "wait_seconds": 950_400}).encode())


# Events.


def comes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Strike:
    """Two events of an export come, with these keys; the one at the last moment after the end of the watch."""

    def announce(site: Site) -> None:
        site.announce(0, **first)
        site.announce({FIRST: 1.6, MIDDLE: 200.6, LAST: 2000.6}[site.cell.moment], **second)

    return announce


ONCE: Published = dict.fromkeys((FIRST, MIDDLE, LAST), "done")
EACH: Published = dict.fromkeys((FIRST, MIDDLE, LAST), "done, done")

OF_CHECKS = [
    *(OnAws(fault, published, log, SECRETS, strike=strike) for fault, published, log, strike in _SECRETS),
    OnAws("DynamoDB is down", MISSING, "cannot be read", TOKENS, strike=token_table("InternalServerError", 500)),
    OnAws("DynamoDB throttles", MISSING, "cannot be read", TOKENS, strike=token_table("ThrottlingException", 400)),
    *(OnAws(fault, NEVER_SHOWS, CHECK_FAILED, FUNCTIONS, strike=strike) for fault, strike in _FUNCTIONS),
    OnAws("Lambda is down for six hours", {ALWAYS: "done"}, CHECK_FAILED, SIX_HOURS,
          strike=invoking("ServiceException", 500)),
]  # fmt: skip

OF_ALL_ELSE = [
    OnAws("StartExecution is throttled", REDELIVERED, "cannot be started", DELIVERIES,
          strike=starting("ThrottlingException")),
    OnAws("too many executions are running", REDELIVERED, "cannot be started", DELIVERIES,
          strike=starting("ExecutionLimitExceeded")),
    OnAws("SNS throttles", ENDS, LOST_UNPUBLISHED, SNS_AT_THE_END, strike=publishing("ThrottledException", 429)),
    OnAws("SNS refuses", ENDS, LOST_UNPUBLISHED, SNS_AT_THE_END,
          strike=publishing("AuthorizationErrorException", 403)),
    OnAws("SNS throttles a `stuck`", {FIRST: "stuck, done", MIDDLE: "done"}, STUCK_UNPUBLISHED, SNS_WITH_STUCK,
          ready_at_once, publishing("ThrottledException", 429)),
    OnAws("the execution is stopped", lost("aborted"), "was stopped by an operator", FAILURES,
          still_running, stopped()),
    OnAws("the execution is stopped, and SNS throttles", lost("aborted"), "lost", FAILURES,
          still_running, stopped(publishing("ThrottledException", 429))),
    OnAws("the execution is stopped, and the function that tells it crashes", lost("aborted"), "was stopped", FAILURES,
          still_running, stopped(crashes("report_lost_watch"))),
    OnAws("the execution fails: States.Runtime", lost("failed"), "failed", FAILURES, still_running, check(no_outcome)),
    OnAws("the execution fails: States.DataLimitExceeded", lost("failed"), "failed", FAILURES,
          still_running, check(too_long)),
    OnAws("the execution runs into its timeout", {ALWAYS: "lost: execution_timed_out"}, "ran into its timeout",
          TEN_DAYS, still_running, check(wait_for_ever)),
    OnAws("SNS never answers, for days", {ALWAYS: DEAD_LETTER}, "`lost` cannot be published", TEN_DAYS,
          strike=answers("sns.Publish", never, is_published)),
    OnAws("an event comes twice", ONCE, "event dropped", FUNCTIONS, announce=comes({}, {})),
    OnAws("an event comes again, changed", ONCE, "event dropped", FUNCTIONS,
          announce=comes({}, {"deadline_seconds": 60, "context": {"another": True}})),
    OnAws("a later attempt comes first", EACH, None, FUNCTIONS, announce=comes({"attempt": 2}, {})),
    OnAws("an event that is malformed", {ALWAYS: DEAD_LETTER}, "event refused",
          announce=lambda site: site.announce(account="../x")),
    OnAws("the function that starts watches crashes", REDELIVERED, None, DELIVERIES, strike=crashes("start_watch")),
]  # fmt: skip
