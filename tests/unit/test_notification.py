"""The CloudEvents that go out, field for field as the contract has them."""

import json
from pathlib import Path

import pytest

from export_watch import reason
from export_watch.decision import End, Stuck, decide
from export_watch.notification import Origin, of_decision
from export_watch.watch import ExportStatus, Outcome
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export, seen

EVENTS = Path(__file__).parents[2] / "events"
NOW = STARTED_AT + 844


def published(outcome=Outcome.DONE, now=NOW, **watch):
    """The notification of an outcome of a watch: its event and its attributes."""
    why = reason.export_failed()
    stuck, end = Stuck(a_watch(**watch), why, None, 60), End(a_watch(**watch), outcome, why)
    return read(stuck if outcome is Outcome.STUCK else end, now, Origin("my-stack", ARN))


def read(decision, now, origin):
    notification = of_decision(decision, now, origin)
    event = json.loads(notification.message)
    assert notification.message == json.dumps(event, ensure_ascii=True, separators=(",", ":"))
    return event, notification.attributes


def test_done_is_published_as_in_the_sample_of_the_contract():
    sample = json.loads((EVENTS / "notifications" / "done-ftp.json").read_text("utf-8"))
    about = sample["message"]["data"]["watch"]
    watch = a_watch(checks=about["checks"] - 1, ready_since=STARTED_AT + 701)
    now = STARTED_AT + about["elapsed_seconds"] + 0.9
    decision = decide(watch, seen(ExportStatus.DONE, created="2026-11-23 17:49:58"), now, DEFAULTS)
    event, attributes = read(decision, now, Origin("emarsys-export-watch", about["execution_arn"]))
    assert (event, attributes) == (sample["message"], sample["attributes"])


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_named_alike_wherever_it_stands(outcome):
    context = {"a": 1.1, "n": 10**29, "s": "\ud800ü", "data": {"context": [{"z": None}, True]}}
    event, attributes = published(outcome, context=context, execution="shop_123_2", account="shop")
    data, terminal = event["data"], outcome is not Outcome.STUCK
    assert (event["id"], event["type"]) == (f"shop_123_2/{outcome}", f"emarsys.export.{outcome}")
    assert event["source"] == "emarsys-export-watch/my-stack/shop"
    assert (data["outcome"], data["terminal"], data["account"]) == (outcome, terminal, "shop")
    assert (data["export"], data["file"], data["context"]) == (None, None, context)
    assert data["reason"] == {"code": "export_failed", "message": reason.export_failed().message}
    about = {"outcome": outcome, "account": "shop", "terminal": "true" if terminal else "false"}
    assert attributes == about | {"export_type": "unknown"}


def test_a_lost_watch_says_nothing_that_is_not_known():
    watch = {"checks": 5, "ready_since": STARTED_AT, "export": an_export()}
    event, attributes = published(Outcome.LOST, **watch)
    about = event["data"]["watch"]
    assert (about["checks"], about["ready_since"], event["data"]["export"]) == (None, None, None)
    assert (about["elapsed_seconds"], attributes["export_type"]) == (844, "unknown")


@pytest.mark.parametrize(
    ("export_type", "attribute"),
    [
        ("Responses", "responses"),
        (" CONTACT list 1.5-a ", "contact list 1.5-a"),
        *((nothing, "unknown") for nothing in (None, "", " ", "NULL")),
        (7, "7"),
        ("a\x00b\n😀\ufffdü", "a?b???ü"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_the_export_type_serves_filters_and_neither_breaks_nor_floods_them(export_type, attribute):
    event, attributes = published(export=an_export(type=export_type))
    assert (event["data"]["export"]["type"], attributes["export_type"]) == (export_type, attribute)


def test_a_clock_that_went_back_makes_no_negative_age():
    assert published(now=STARTED_AT - 5)[0]["data"]["watch"]["elapsed_seconds"] == 0
