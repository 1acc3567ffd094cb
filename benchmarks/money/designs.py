"""Designs that poll exports, and what AWS counts for each export and for each month."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.money import assumptions as assume
from benchmarks.money.prices import HOURS_A_MONTH, Item, Usage, add

GB = 1e9


class Watched(NamedTuple):
    """One export, watched to its end: the mean of many. Lambda bills `check_seconds` for each check."""

    checks: float
    seconds: float
    check_seconds: float


def _calls(calls: float, seconds_each: float) -> Usage:
    """Invocations of a function."""
    return {
        Item.LAMBDA_REQUEST: calls,
        Item.LAMBDA_GB_SECOND: calls * seconds_each * assume.FUNCTION_GB,
        Item.LOG_GB: calls * assume.LOG_BYTES_A_CHECK / GB,
    }


def checked(watched: Watched) -> Usage:
    """What each design of functions pays: the checks, their secrets, and a notification."""
    secrets = {Item.SECRET_CALL: watched.checks * assume.SECRET_CALLS_A_CHECK, Item.SNS_PUBLISH: 1}
    return add(_calls(watched.checks, watched.check_seconds), secrets)


def state_machine(watched: Watched) -> Usage:
    """A loop of Step Functions: a wait, a task and a choice for each check, and a state that publishes and ends."""
    return {**checked(watched), Item.TRANSITION: 3 * watched.checks + 1}


def retried_task(watched: Watched) -> Usage:
    """A task that fails until the export is over. A retry is one transition, and the wait before it is none.

    The two others are a wait before the first check, and the state that publishes.
    """
    return {**checked(watched), Item.TRANSITION: watched.checks + 2}


def export_watch(watched: Watched) -> Usage:
    """The loop, and the way in: an event, its message sent, received and deleted, and the function that starts."""
    return add(state_machine(watched), {Item.EVENT: 1, Item.SQS_REQUEST: 3}, _calls(1, watched.check_seconds))


def sleeping_function(watched: Watched) -> Usage:
    """A Lambda function that sleeps between checks, and is paid for it."""
    calls = watched.seconds / assume.SLEEPER_SECONDS + 1
    paid = checked(Watched(calls, watched.seconds, 0))
    return {**paid, Item.LAMBDA_GB_SECOND: watched.seconds * assume.SLEEPER_GB}


def durable_function(watched: Watched) -> Usage:
    """A Lambda durable function: an operation and a call for each check, and an operation for publishing."""
    operations = {
        Item.DURABLE_OPERATION: assume.DURABLE_OPERATIONS_A_CHECK * watched.checks + 1,
        Item.DURABLE_GB_WRITTEN: assume.DURABLE_BYTES_A_CHECK * watched.checks / GB,
    }
    return add(checked(watched), operations)


def always_on_worker(watched: Watched) -> Usage:
    """Nothing for an export but its notification and a line of log for each check."""
    return {Item.LOG_GB: watched.checks * assume.LOG_LINE_BYTES / GB, Item.SNS_PUBLISH: 1}


def failing_watch(rounds: float) -> Usage:
    """A watch whose check runs into its timeout each time: three invocations a round, each state and each retry."""
    tries = 3
    transitions = {Item.TRANSITION: (assume.FAILING_ROUND_STATES + tries - 1) * rounds}
    return add(_calls(tries * rounds, assume.FUNCTION_TIMEOUT_SECONDS), transitions)


SECRET: Usage = {Item.SECRET_MONTH: 1}
MONITORED: Usage = {
    **SECRET,
    Item.METRIC_MONTH: 2,  # WatchesDone, DetectionDelay; others only in hours of trouble
    Item.ALARM_MONTH: 11,  # of seven alarms
    Item.SQS_REQUEST: 2 * assume.IDLE_POLLS_A_MONTH,  # the inbox, and the queue of lost watches
    Item.DASHBOARD_MONTH: 1,
}
WORKER: Usage = {
    **SECRET,
    Item.VCPU_HOUR: HOURS_A_MONTH * assume.WORKER_VCPU,
    Item.FARGATE_GB_HOUR: HOURS_A_MONTH * assume.WORKER_GB,
    Item.IPV4_HOUR: HOURS_A_MONTH,
}


class Design(NamedTuple):
    """A way to watch exports.

    `schedule` names the schedule of results/schedule.json by which it checks, `check` the way of results/check.json.
    """

    label: str
    schedule: str
    per_export: Callable[[Watched], Usage]
    per_month: Usage = SECRET
    check: str = "common_oauth"


# On exports that pass through scheduled, in progress and ready: each change of status begins the waits anew.
OURS = Design("Export Watch", "export_watch_even_phases", export_watch, MONITORED, "ours_oauth")
DESIGNS = (
    OURS,
    Design("state machine, every 5 s", "fixed_5", state_machine),
    Design("state machine, every 60 s", "fixed_60", state_machine),
    Design("retried task, every 60 s", "fixed_60", retried_task),
    Design("retried task, 1 s x 1.25 to 60 s", "google_workflows", retried_task),
    Design("durable function", "durable_functions", durable_function),
    Design("sleeping Lambda, every 10 s", "fixed_10", sleeping_function),
    Design("always-on worker, every 10 s", "fixed_10", always_on_worker, WORKER),
)
