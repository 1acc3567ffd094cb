"""What AWS counts for each design, and what that costs."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.money import assumptions as assume
from benchmarks.money.benchmark import cheaper_than_ours, check_seconds
from benchmarks.money.designs import (
    OURS,
    Watched,
    always_on_worker,
    durable_function,
    export_watch,
    failing_watch,
    retried_task,
    sleeping_function,
    state_machine,
)
from benchmarks.money.prices import Item
from tests.contract.schemas import ROOT, read
from tests.contract.template import of_type

STATES = read(ROOT / "statemachine" / "export_watch.asl.json")["States"]
TEN_CHECKS = Watched(checks=10, seconds=900, check_seconds=0.25)


def path(first: str, choice: Callable[[dict[str, Any]], str]) -> list[str]:
    """The states from `first` on, to the end or until one comes again; `choice` says where a choice goes."""
    states = [first]
    while True:
        state = STATES[states[-1]]
        following = choice(state) if state["Type"] == "Choice" else state.get("Next")
        if following is None or following in states:
            return states
        states.append(following)


@pytest.mark.parametrize(
    ("design", "counted"),
    [
        (export_watch, {Item.TRANSITION: 31, Item.LAMBDA_REQUEST: 11, Item.EVENT: 1, Item.SQS_REQUEST: 3}),
        (state_machine, {Item.TRANSITION: 31, Item.LAMBDA_REQUEST: 10, Item.LAMBDA_GB_SECOND: 0.625}),
        (retried_task, {Item.TRANSITION: 12, Item.LAMBDA_REQUEST: 10, Item.SECRET_CALL: 0.5}),
        (durable_function, {Item.TRANSITION: 0, Item.DURABLE_OPERATION: 11, Item.LAMBDA_REQUEST: 10}),
        (sleeping_function, {Item.TRANSITION: 0, Item.LAMBDA_REQUEST: 2, Item.LAMBDA_GB_SECOND: 112.5}),
        (always_on_worker, {Item.LAMBDA_REQUEST: 0, Item.SNS_PUBLISH: 1, Item.LOG_GB: 2e-6}),
    ],
)
def test_a_design_pays_for_what_it_uses_in_ten_checks(design, counted):
    usage = design(TEN_CHECKS)
    assert {item: usage.get(item, 0) for item in counted} == pytest.approx(counted)
    assert usage[Item.SNS_PUBLISH] == 1


def test_our_state_machine_makes_as_many_transitions_as_are_paid_for():
    first = next(iter(STATES))
    check = path(first, lambda choice: choice["Default"])
    last_check = path(first, lambda choice: choice["Choices"][0]["Next"])
    assert export_watch(TEN_CHECKS)[Item.TRANSITION] == 9 * len(check) + len(last_check)


def test_a_check_that_hangs_is_paid_for_at_the_timeout_of_the_function_and_by_the_states_of_a_failed_round():
    check_export = of_type("AWS::Serverless::Function")["CheckExportFunction"]
    after = path(STATES["Check export"]["Catch"][0]["Next"], lambda choice: choice["Choices"][0]["Next"])
    failed_round = after[: after.index("Check export") + 1]
    longest_wait = STATES[failed_round[-2]]["Seconds"]
    assert check_export["Timeout"] == assume.FUNCTION_TIMEOUT_SECONDS
    assert len(failed_round) == assume.FAILING_ROUND_STATES
    assert 3 * check_export["Timeout"] + 5 + 10 + longest_wait == assume.FAILING_ROUND_SECONDS
    assert failing_watch(1)[Item.LAMBDA_REQUEST] == 3


def test_a_check_is_billed_for_its_wait_its_work_and_its_share_of_cold_starts():
    def billed(**cpu: float) -> float:
        return check_seconds({"warm_cpu": 0.0, "import_cpu": 0.0, "first_cpu": 0.0, **cpu})

    assert billed() == assume.ANSWER_SECONDS
    assert billed(warm_cpu=assume.FUNCTION_VCPU, first_cpu=assume.FUNCTION_VCPU) == pytest.approx(1.2)
    assert billed(import_cpu=1.0) == pytest.approx(assume.ANSWER_SECONDS + assume.COLD_SHARE)


def test_a_month_pays_for_every_metric_of_an_alarm_and_the_dashboard():
    metrics = [
        [metric for metric in alarm.get("Metrics", []) if "MetricStat" in metric] or [alarm]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
    ]
    assert sum(map(len, metrics)) == OURS.per_month[Item.ALARM_MONTH]
    assert len(of_type("AWS::CloudWatch::Dashboard")) == OURS.per_month[Item.DASHBOARD_MONTH]


@pytest.mark.parametrize(
    ("thousand", "month", "cheaper"),
    [
        (1, 12, "from 10,000 exports a month"),
        (3, 1, "up to 1,000 exports a month"),
        (1, 1, "always"),
        (3, 3, "never"),
    ],
)
def test_a_table_says_for_how_many_exports_another_design_is_cheaper(thousand, month, cheaper):
    ours, other = (
        {"thousand_exports": {"a": each[0]}, "month": {"a": each[1]}} for each in ((2, 2), (thousand, month))
    )
    assert cheaper_than_ours(ours, other) == cheaper
