"""Designs that look at exports again and again, and what AWS counts for each export and for each month."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.money import assumptions as assume
from benchmarks.money.prices import HOURS_A_MONTH, Item, Usage

GB = 1e9
STATES_A_CHECK = 3
"""Wait, task, choice: a loop of Step Functions whose waits are computed, ours as well as another's."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One export, watched to its end: the mean of many. Lambda bills `check_seconds` for each look."""

    checks: float
    seconds: float
    check_seconds: float


@dataclass(frozen=True, slots=True)
class Design:
    """A way to watch exports.

    `schedule` names the schedule of results/schedule.json that it looks by, `check` the way of results/check.json.
    """

    name: str
    label: str
    schedule: str
    per_export: Callable[[Watched], Usage]
    per_month: Usage = field(default_factory=dict)
    check: str = "common_oauth"


def add(*usages: Usage) -> Usage:
    """The units of all usages together."""
    total: dict[Item, float] = {}
    for usage in usages:
        for item, units in usage.items():
            total[item] = total.get(item, 0) + units
    return total


def _function_calls(calls: float, seconds_each: float) -> Usage:
    return {
        Item.LAMBDA_REQUEST: calls,
        Item.LAMBDA_GB_SECOND: calls * seconds_each * assume.FUNCTION_GB,
        Item.LOG_GB: calls * assume.LOG_BYTES_A_CHECK / GB,
    }


def _secret_calls(checks: float) -> Usage:
    return {Item.SECRET_CALL: checks * assume.SECRET_CALLS_A_CHECK}


TOLD: Usage = {Item.SNS_PUBLISH: 1}
ONE_SECRET: Usage = {Item.SECRET_MONTH: 1}


def state_machine(watched: Watched) -> Usage:
    """A loop of Step Functions: the states of each look, and two for telling and ending."""
    return add(
        {Item.TRANSITION: STATES_A_CHECK * watched.checks + 2},
        _function_calls(watched.checks, watched.check_seconds),
        _secret_calls(watched.checks),
        TOLD,
    )


def retried_task(watched: Watched) -> Usage:
    """A task that fails until the export is over. A retry is one transition, and the wait before it is none.

    The two others are a wait before the first look, and the state that tells.
    """
    return {**state_machine(watched), Item.TRANSITION: watched.checks + 2}


def export_watch(watched: Watched) -> Usage:
    """The loop, and the way in: an event, its message sent, received and deleted, and the function that starts."""
    return add(
        state_machine(watched),
        {Item.EVENT: 1, Item.SQS_REQUEST: 3},
        _function_calls(1, watched.check_seconds),
    )


def sleeping_function(watched: Watched) -> Usage:
    """A Lambda function that sleeps between looks, and is paid for it."""
    calls = watched.seconds / assume.SLEEPER_SECONDS + 1
    return add(
        {Item.LAMBDA_REQUEST: calls, Item.LAMBDA_GB_SECOND: watched.seconds * assume.SLEEPER_GB},
        {Item.LOG_GB: calls * assume.LOG_BYTES_A_CHECK / GB},
        _secret_calls(calls),
        TOLD,
    )


def durable_function(watched: Watched) -> Usage:
    """A Lambda durable function: an operation and a call for each look, and an operation for telling."""
    return add(
        {
            Item.DURABLE_OPERATION: assume.DURABLE_OPERATIONS_A_CHECK * watched.checks + 1,
            Item.DURABLE_GB_WRITTEN: assume.DURABLE_BYTES_A_CHECK * watched.checks / GB,
        },
        _function_calls(watched.checks, watched.check_seconds),
        _secret_calls(watched.checks),
        TOLD,
    )


def always_on_worker(watched: Watched) -> Usage:
    """Nothing for an export but its notification and a line of log for each look."""
    return add({Item.LOG_GB: watched.checks * assume.LOG_LINE_BYTES / GB}, TOLD)


MONITORED: Mapping[Item, float] = {
    Item.METRIC_MONTH: 5,  # three counts, DetectionSeconds, RateLimitHeadroom; others only in hours of trouble
    Item.ALARM_MONTH: 14,  # of seven alarms
    Item.DASHBOARD_MONTH: 1,
    Item.SQS_REQUEST: 2 * assume.IDLE_POLLS_A_MONTH,  # the inbox, and the queue of lost watches
}
WORKER: Mapping[Item, float] = {
    Item.VCPU_HOUR: HOURS_A_MONTH * assume.WORKER_VCPU,
    Item.FARGATE_GB_HOUR: HOURS_A_MONTH * assume.WORKER_GB,
    Item.IPV4_HOUR: HOURS_A_MONTH,
}

OURS = "export_watch"
DESIGNS = (
    Design(
        OURS,
        "Export Watch",
        "export_watch_even_phases",
        export_watch,
        add(ONE_SECRET, MONITORED),
        "ours_oauth",
    ),
    Design("state_machine_5", "state machine, every 5 s", "fixed_5", state_machine, ONE_SECRET),
    Design("state_machine_60", "state machine, every 60 s", "fixed_60", state_machine, ONE_SECRET),
    Design("retried_task_60", "retried task, every 60 s", "fixed_60", retried_task, ONE_SECRET),
    Design(
        "retried_task_backoff",
        "retried task, 1 s x 1.25 to 60 s",
        "google_workflows",
        retried_task,
        ONE_SECRET,
    ),
    Design("durable_function", "durable function", "durable_functions", durable_function, ONE_SECRET),
    Design("sleeping_function", "sleeping Lambda, every 10 s", "fixed_10", sleeping_function, ONE_SECRET),
    Design("worker", "always-on worker, every 10 s", "fixed_10", always_on_worker, add(ONE_SECRET, WORKER)),
)
