"""What AWS counts for each design, and what that costs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.money import assumptions as assume
from benchmarks.money.benchmark import check_seconds
from benchmarks.money.designs import (
    DASHBOARD,
    DESIGNS,
    MONITORED,
    SECRET,
    Watched,
    add,
    always_on_worker,
    durable_function,
    export_watch,
    failing_watch,
    retried_task,
    state_machine,
)
from benchmarks.money.prices import PRICES, Item, dollars
from benchmarks.money.tables import cheaper_than_ours
from tests.contract.schemas import ROOT
from tests.contract.template import of_type

TEN_CHECKS = Watched(checks=10, seconds=900, check_seconds=0.25)


def design(thousand: float, month: float) -> dict[str, Any]:
    return {"thousand_exports": {"a": thousand}, "month": month}


def test_every_item_has_a_price():
    assert set(PRICES) == set(Item)


def path(machine: dict[str, Any], choice: Callable[[dict[str, Any]], str], first: str) -> list[str]:
    """The states from `first` on, to the end or until one comes again; `choice` says where a choice goes."""
    states = [first]
    while True:
        state = machine["States"][states[-1]]
        following = choice(state) if state["Type"] == "Choice" else state.get("Next")
        if following is None or following in states:
            return states
        states.append(following)


def test_our_state_machine_makes_as_many_transitions_as_are_paid_for():
    machine = json.loads((ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8"))
    check = path(machine, lambda choice: choice["Default"], machine["StartAt"])
    last_check = path(machine, lambda choice: choice["Choices"][0]["Next"], machine["StartAt"])
    assert export_watch(TEN_CHECKS)[Item.TRANSITION] == 9 * len(check) + len(last_check)


def test_a_retried_task_pays_a_transition_a_check_and_in_all_else_as_a_loop():
    retried, loop = retried_task(TEN_CHECKS), state_machine(TEN_CHECKS)
    assert retried[Item.TRANSITION] == 12
    assert {item for item in loop if retried[item] != loop[item]} == {Item.TRANSITION}


def test_export_watch_pays_for_the_way_in_as_well():
    usage = export_watch(TEN_CHECKS)
    assert usage[Item.EVENT] == 1
    assert usage[Item.LAMBDA_REQUEST] == 11
    assert dollars(usage) > dollars(state_machine(TEN_CHECKS))


def test_a_check_is_billed_for_its_wait_its_work_and_its_share_of_cold_starts():
    way = {"warm_cpu": 0.0, "import_cpu": 0.0, "first_cpu": 0.0}
    assert check_seconds(way) == assume.ANSWER_SECONDS
    slow = {"warm_cpu": assume.FUNCTION_VCPU, "import_cpu": 0.0, "first_cpu": assume.FUNCTION_VCPU}
    assert check_seconds(slow) == pytest.approx(assume.ANSWER_SECONDS + 1)
    cold = {"warm_cpu": 0.0, "import_cpu": 1.0, "first_cpu": 0.0}
    assert check_seconds(cold) == pytest.approx(assume.ANSWER_SECONDS + assume.COLD_SHARE)


def test_a_durable_function_pays_no_transitions():
    assert Item.TRANSITION not in durable_function(TEN_CHECKS)


def test_a_worker_pays_by_the_month():
    worker = next(each for each in DESIGNS if each.name == "worker")
    assert dollars(worker.per_month) > 100 * dollars(always_on_worker(TEN_CHECKS))


def test_every_metric_of_an_alarm_and_the_dashboard_are_paid_for():
    metrics = [
        [metric for metric in alarm.get("Metrics", []) if "MetricStat" in metric] or [alarm]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
    ]
    assert sum(map(len, metrics)) == MONITORED[Item.ALARM_MONTH]
    assert len(of_type("AWS::CloudWatch::Dashboard")) == DASHBOARD[Item.DASHBOARD_MONTH]


def test_usages_add_up_item_by_item():
    assert add({Item.EVENT: 1}, {Item.EVENT: 2, Item.SNS_PUBLISH: 1}) == {Item.EVENT: 3, Item.SNS_PUBLISH: 1}


@pytest.mark.parametrize(
    ("other", "cheaper"),
    [
        (design(1, 12), "from 10,000 exports"),
        (design(3, 1), "up to 1,000 exports"),
        (design(1, 1), "always"),
        (design(3, 3), "never"),
    ],
)
def test_a_table_says_for_how_many_exports_another_design_is_cheaper(other, cheaper):
    assert cheaper_than_ours(design(2, 2), other) == cheaper


def test_a_month_without_the_dashboard_costs_at_most_three_dollars():
    assert dollars(add(SECRET, MONITORED)) <= 3.00


def test_a_check_that_hangs_is_paid_for_at_the_timeout_of_the_function_and_by_the_states_of_a_failed_round():
    assert (
        of_type("AWS::Serverless::Function")["CheckExportFunction"]["Timeout"]
        == assume.FUNCTION_TIMEOUT_SECONDS
    )
    machine = json.loads((ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8"))
    names = [name for name in machine["States"] if machine["States"][name].get("Seconds") == 900]
    seconds, states, _ = assume.FAILING_ROUNDS["now"]
    count = machine["States"]["Check export"]["Catch"][0]["Next"]
    after = path(machine, lambda choice: choice["Choices"][0]["Next"], count)
    round_of_states = after[: after.index("Check export") + 1]
    assert names == [round_of_states[-2]]
    assert len(round_of_states) == states
    assert failing_watch(1, states)[Item.LAMBDA_REQUEST] == 3
    assert seconds == 3 * assume.FUNCTION_TIMEOUT_SECONDS + 5 + 10 + 900
