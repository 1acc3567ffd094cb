"""Faults on our side: secrets, Lambda, SNS, Step Functions, and events that come in a way they should not."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.aws import NeverAnswered, Response, crashed, timed_out
from tests.stack.faults.matrix import (
    ALWAYS,
    DEAD_LETTER,
    FIRST,
    LAST,
    MIDDLE,
    NEVER_SHOWS,
    Cell,
    Course,
    Row,
    Timing,
    Told,
    heals_or_expires,
)
from tests.stack.faults.of_emarsys import CREDENTIALS
from tests.stack.faults.of_the_way import TOKENS, token_endpoint
from tests.stack.faults.rig import Rig, user
from tests.world import WSSE

Strike = Callable[[Rig, Cell], None]
Call = Mapping[str, Any]

HOUR = 3600


# Secrets. One that was read serves for ten minutes, so a fault shows later than it strikes.

SECRETS: Course = {
    FIRST: Timing(1300, 950, 0, 31),
    MIDDLE: Timing(1300, 950, 300, 900),
    LAST: Timing(660, 645, 300),
    ALWAYS: Timing(1300, 950, 0),
}
MISSING = heals_or_expires("credentials_missing")
REFUSED = heals_or_expires("credentials_refused")
SEE_CREDENTIALS = "Store the account's credentials as JSON"


def secret(text: str | Mapping[str, Any] | None) -> Strike:
    """The account's secret holds this while the fault strikes, or is gone."""

    def strike(rig: Rig, cell: Cell) -> None:
        def break_it() -> None:
            if text is None:
                name = f"emarsys/{cell.account}"
                rig.stack.client("secretsmanager").delete_secret(
                    SecretId=name, ForceDeleteWithoutRecovery=True
                )
            else:
                rig.stack.put_secret(cell.account, text)

        rig.stack.put_secret(cell.account, WSSE)
        rig.at(cell.timing.begins, cell, break_it)
        if cell.timing.ends < float("inf"):
            rig.at(cell.timing.ends, cell, lambda: rig.stack.put_secret(cell.account, WSSE))

    return strike


def rotated(rig: Rig, cell: Cell) -> None:
    """Emarsys has a new secret where the fault begins, and Secrets Manager where it ends."""
    users = cast("dict[str, str]", rig.emarsys.scenario.wsse)
    name = user(cell)
    rig.stack.put_secret(cell.account, {"username": name, "secret": "old"})
    rig.at(cell.timing.begins, cell, lambda: users.update({name: "new"}))
    if cell.timing.ends < float("inf"):
        renewed = {"username": name, "secret": "new"}
        rig.at(cell.timing.ends, cell, lambda: rig.stack.put_secret(cell.account, renewed))


def secrets_manager(code: str, status: int) -> Strike:
    def strike(rig: Rig, cell: Cell) -> None:
        rig.fails(
            cell,
            "secretsmanager.GetSecretValue",
            code,
            lambda call: bool(call["SecretId"].endswith(f"/{cell.account}")),
            status,
        )

    return strike


def token_table(code: str, status: int) -> Strike:
    """DynamoDB fails for the account's client, which has an Emarsys, and so a token, of its own."""

    def strike(rig: Rig, cell: Cell) -> None:
        token_endpoint(None)(rig, cell)
        answer = rig.stack.client("secretsmanager").get_secret_value(SecretId=f"emarsys/{cell.account}")
        own = json.loads(answer["SecretString"])
        client = hashlib.sha256(f"{own['token_url']} {own['client_id']}".encode()).hexdigest()
        for operation in ("GetItem", "PutItem"):
            rig.fails(cell, f"dynamodb.{operation}", code, lambda call: client in str(call), status)

    return strike


SECRET_KEPT: Told = {FIRST: "done", MIDDLE: "done", LAST: "done", ALWAYS: "expired: credentials_missing"}
"""While Secrets Manager is unavailable, what was read before goes on to serve."""
SECRET_UNREAD = {FIRST: "cannot be read", ALWAYS: "cannot be read"}

_SECRETS = [
    ("the secret is missing", MISSING, "there is no secret", secret(None)),
    ("the secret is no JSON", MISSING, "is no JSON", secret("client_id=x")),
    ("the secret is no object", MISSING, "is no JSON object", secret('["x"]')),
    ("the secret is of the wrong kind", MISSING, SEE_CREDENTIALS, secret({"password": "x"})),
    ("the secret names a host that is no URL", MISSING, "a host that is no URL", secret({**WSSE, "host": "api"})),
    ("the secret holds wrong credentials", REFUSED, CREDENTIALS, secret({**WSSE, "secret": "x"})),
    ("the secret is rotated, in Emarsys first", REFUSED, CREDENTIALS, rotated),
]  # fmt: skip


# Functions. A check that fails three times is made again after 300 s.

FUNCTIONS: Course = {
    FIRST: Timing(900, 500, 0, 330),
    MIDDLE: Timing(900, 500, 100, 420),
    LAST: Timing(900, 850, 850, 1500),
    ALWAYS: Timing(900, 500, 0, HOUR),
}
SIX_HOURS: Course = {ALWAYS: Timing(900, 500, 0, 6 * HOUR)}
CHECK_FAILED = "the check before this one failed with all its retries"


def of_check(cell: Cell) -> Callable[[Call], bool]:
    """Whether a call of lambda.Invoke, or the event of the function, is about the cell."""

    def matches(call: Call) -> bool:
        event = json.loads(call["Payload"]) if "Payload" in call else call
        return "watch" in event and event["watch"]["export_id"] == cell.export_id

    return matches


def check(answer: Callable[[], Any]) -> Strike:
    """The function that looks answers in this way."""
    return lambda rig, cell: rig.answers(cell, "check_export", answer, of_check(cell))


def invoking(code: str, status: int) -> Strike:
    """Lambda refuses to run the function that looks."""
    return lambda rig, cell: rig.fails(cell, "lambda.Invoke", code, of_check(cell), status)


def never_answers(rig: Rig, cell: Cell) -> None:
    rig.answers(cell, "lambda.Invoke", never, of_check(cell))


def never() -> Any:
    """No answer comes before the caller gives up."""
    raise NeverAnswered


_FUNCTIONS = [
    ("Lambda throttles the check", invoking("TooManyRequestsException", 429)),
    ("Lambda is down", invoking("ServiceException", 500)),
    ("the check is deleted", invoking("ResourceNotFoundException", 404)),
    ("the check runs out of memory", check(crashed)),
    ("the check times out", check(lambda: timed_out(60))),
    ("the check never answers", never_answers),
]


# Starting a watch. Its event is delivered five times, three minutes apart, and then lies in the dead-letter queue.

DELIVERIES: Course = {FIRST: Timing(900, 500, 0, 400), ALWAYS: Timing(900, 500, 0)}
REDELIVERED: Told = {FIRST: "done", ALWAYS: DEAD_LETTER}


def starting(code: str) -> Strike:
    return lambda rig, cell: rig.fails(
        cell, "stepfunctions.StartExecution", code, lambda call: bool(call["name"] == cell.execution), 400
    )


def start_crashes(rig: Rig, cell: Cell) -> None:
    def matches(event: Call) -> bool:
        events = [json.loads(record["body"]) for record in event["Records"]]
        return any(event["detail"].get("export_id") == cell.export_id for event in events)

    rig.answers(cell, "start_watch", crashed, matches)


# Telling. Step Functions tries a final outcome again for a day, and `stuck` for an hour.

SNS_AT_THE_END: Course = {LAST: Timing(900, 500, 0, 6 * HOUR), ALWAYS: Timing(900, 500, 0)}
SNS_WITH_STUCK: Course = {FIRST: Timing(900, 700, 0, 800), MIDDLE: Timing(900, 700, 0, 3 * HOUR)}
STUCK_UNTOLD = {MIDDLE: "`stuck` could not be published for an hour"}
LOST_UNTOLD = {ALWAYS: "`lost` cannot be published"}
ENDS: Told = {LAST: "done", ALWAYS: DEAD_LETTER}


def of_notification(cell: Cell) -> Callable[[Call], bool]:
    """Whether a call of sns.Publish is about the cell."""
    return lambda call: bool(json.loads(call["Message"])["data"]["watch"]["execution"] == cell.execution)


def publishing(code: str, status: int) -> Strike:
    return lambda rig, cell: rig.fails(cell, "sns.Publish", code, of_notification(cell), status)


def ready_at_once(cell: Cell) -> dict[str, Any]:
    """Stuck at 300 s, done after the fault has healed or the deadline has come."""
    return {"timeline": [{"at": 0, "status": "ready"}, {"at": cell.timing.done_at, "status": "done"}]}


# Executions that die.

DEATHS: Course = {FIRST: Timing(900, 500, 0), MIDDLE: Timing(900, 500, 200), LAST: Timing(900, 500, 850)}


def lost(how: str) -> Told:
    return dict.fromkeys((FIRST, MIDDLE, LAST), f"lost: execution_{how}")


def still_running(cell: Cell) -> dict[str, Any]:
    return {"timeline": [{"at": 0, "status": "in progress"}]}


def stopped(rig: Rig, cell: Cell) -> None:
    """By an operator."""
    rig.at(max(0.5, cell.timing.begins), cell, lambda: rig.stack.stop(cell.execution))


def stopped_while_sns_throttles(rig: Rig, cell: Cell) -> None:
    stopped(rig, cell)
    until = cell.announced_at + cell.timing.begins + 400
    about_it = of_notification(cell)
    rig.fails(
        cell,
        "sns.Publish",
        "ThrottledException",
        lambda call: about_it(call) and rig.stack.clock.now() < until,
        429,
    )


def stopped_while_telling_crashes(rig: Rig, cell: Cell) -> None:
    stopped(rig, cell)
    until = cell.announced_at + cell.timing.begins + 400

    def matches(event: Call) -> bool:
        names = [json.loads(record["body"])["detail"]["name"] for record in event["Records"]]
        return cell.execution in names and rig.stack.clock.now() < until

    rig.answers(cell, "report_lost_watch", crashed, matches)


TIMED_OUT: Told = {ALWAYS: "lost: execution_timed_out"}
TEN_DAYS: Course = {ALWAYS: Timing(900, 500, 0, 10 * 24 * HOUR)}
"""The timeout of the state machine."""


def sns_never_answers(rig: Rig, cell: Cell) -> None:
    rig.answers(cell, "sns.Publish", never, of_notification(cell))


def no_outcome() -> Response:
    """The state machine has nothing to branch on: States.Runtime, which nothing inside it can catch."""
    return Response(b"{}")


def too_long() -> Response:
    """States.DataLimitExceeded, which nothing inside it can catch either."""
    return Response(json.dumps({"outcome": "wait", "watch": "x" * 300_000}).encode())


# Events.


def twice(rig: Rig, cell: Cell) -> None:
    """Once more at the moment at which the fault strikes; the last moment is after the end."""
    rig.announce_at(0, cell, cell.detail())
    rig.announce_at(_again(cell), cell, cell.detail())


def changed(rig: Rig, cell: Cell) -> None:
    """Once more with another detail."""
    rig.announce_at(0, cell, cell.detail())
    rig.announce_at(_again(cell), cell, cell.detail(deadline_seconds=60, context={"another": True}))


def out_of_order(rig: Rig, cell: Cell) -> None:
    """A later attempt comes first."""
    rig.announce_at(0, cell, cell.detail(attempt=2))
    rig.announce_at(_again(cell), cell, cell.detail())


def _again(cell: Cell) -> float:
    return {FIRST: 1.6, MIDDLE: 200.6, LAST: 2000.6}[cell.moment]


def malformed(**wrong: Any) -> Callable[[Rig, Cell], None]:
    return lambda rig, cell: rig.announce_at(0, cell, cell.detail(**wrong))


ONCE: Told = dict.fromkeys((FIRST, MIDDLE, LAST), "done")
EACH: Told = dict.fromkeys((FIRST, MIDDLE, LAST), "done, done")
REFUSED_EVENT: Told = {ALWAYS: DEAD_LETTER}
DROPPED = "event dropped"

DEEP: dict[str, Any] = {}
for _ in range(100):
    DEEP = {"x": DEEP}

OF_CHECKS = [
    *(Row(fault, told, log, SECRETS, strike=strike) for fault, told, log, strike in _SECRETS),
    Row("Secrets Manager is down", SECRET_KEPT, SECRET_UNREAD, SECRETS,
        strike=secrets_manager("InternalServiceError", 500)),
    Row("Secrets Manager throttles", SECRET_KEPT, SECRET_UNREAD, SECRETS,
        strike=secrets_manager("ThrottlingException", 400)),
    Row("DynamoDB is down", MISSING, "cannot be read", TOKENS, strike=token_table("InternalServerError", 500)),
    Row("DynamoDB throttles", MISSING, "cannot be read", TOKENS, strike=token_table("ThrottlingException", 400)),
    *(Row(fault, NEVER_SHOWS, CHECK_FAILED, FUNCTIONS, strike=strike) for fault, strike in _FUNCTIONS),
    Row("Lambda is down for six hours", {ALWAYS: "done"}, CHECK_FAILED, SIX_HOURS,
        strike=invoking("ServiceException", 500)),
    Row("the check never answers, for ten days", TIMED_OUT, "ran into its timeout", TEN_DAYS,
        still_running, never_answers),
]  # fmt: skip

OF_ALL_ELSE = [
    Row("StartExecution is throttled", REDELIVERED, "cannot be started", DELIVERIES,
        strike=starting("ThrottlingException")),
    Row("too many executions are running", REDELIVERED, "cannot be started", DELIVERIES,
        strike=starting("ExecutionLimitExceeded")),
    Row("SNS throttles", ENDS, LOST_UNTOLD, SNS_AT_THE_END, strike=publishing("ThrottledException", 429)),
    Row("SNS refuses", ENDS, LOST_UNTOLD, SNS_AT_THE_END, strike=publishing("AuthorizationErrorException", 403)),
    Row("SNS throttles a `stuck`", {FIRST: "stuck, done", MIDDLE: "done"}, STUCK_UNTOLD, SNS_WITH_STUCK,
        plan=ready_at_once, strike=publishing("ThrottledException", 429)),
    Row("the execution is stopped", lost("aborted"), "was stopped by an operator", DEATHS, still_running, stopped),
    Row("the execution is stopped, and SNS throttles", lost("aborted"), "lost", DEATHS,
        still_running, stopped_while_sns_throttles),
    Row("the execution is stopped, and the function that tells it crashes", lost("aborted"), "was stopped", DEATHS,
        still_running, stopped_while_telling_crashes),
    Row("the execution fails: States.Runtime", lost("failed"), "failed", DEATHS, still_running, check(no_outcome)),
    Row("the execution fails: States.DataLimitExceeded", lost("failed"), "failed", DEATHS,
        still_running, check(too_long)),
    Row("SNS never answers, for days", {ALWAYS: "dead-letter queue"}, None, TEN_DAYS, strike=sns_never_answers),
    Row("an event comes twice", ONCE, DROPPED, FUNCTIONS, announce=twice),
    Row("an event comes again, changed", ONCE, DROPPED, FUNCTIONS, announce=changed),
    Row("a later attempt comes first", EACH, None, FUNCTIONS, announce=out_of_order),
    Row("an event without an id", REFUSED_EVENT, "event refused", announce=malformed(export_id=None)),
    Row("an event with a path for an account", REFUSED_EVENT, "event refused", announce=malformed(account="../x")),
    Row("an event with a context nested 100 deep", REFUSED_EVENT, "event refused", announce=malformed(context=DEEP)),
    Row("an event with a context of 100 KiB", REFUSED_EVENT, "event refused",
        announce=malformed(context={"x": "x" * 102_400})),
    Row("the function that starts watches crashes", REDELIVERED, None, DELIVERIES, strike=start_crashes),
]  # fmt: skip
