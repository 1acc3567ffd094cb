"""The CloudEvents that go out, field for field as the contract has them."""

import json

import pytest

from export_watch import reason
from export_watch.decision import End, Stuck, decide
from export_watch.notification import Origin, of_decision
from export_watch.watch import ExportStatus, Outcome
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export, seen

NOW = STARTED_AT + 844.9
WHY = reason.export_failed()


def published(outcome=Outcome.DONE, now=NOW, **watch):
    """The notification of an outcome of a watch: its event and its attributes."""
    stuck = Stuck(a_watch(**watch), WHY, None, 60)
    decision = stuck if outcome is Outcome.STUCK else End(stuck.watch, outcome, WHY)
    return read(decision, now)


def read(decision, now=NOW):
    notification = of_decision(decision, now, Origin("my-stack", ARN))
    event = json.loads(notification.message)
    assert notification.message == json.dumps(event, ensure_ascii=True, separators=(",", ":"))
    return event, notification.attributes


def test_done_is_published_as_in_the_contract():
    watch = a_watch(checks=13, ready_since=STARTED_AT + 3600)
    event, attributes = read(decide(watch, seen(ExportStatus.DONE), NOW, DEFAULTS))
    assert event == {
        "specversion": "1.0",
        "id": "default_123/done",
        "source": "emarsys-export-watch/my-stack/default",
        "type": "emarsys.export.done",
        "subject": "123",
        "time": "2026-11-23T17:04:05Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:emarsys-export-watch:notification:1",
        "data": {
            "export_id": 123,
            "account": "default",
            "outcome": "done",
            "terminal": True,
            "reason": None,
            "file": {
                "name": "clicks_3931993_1_en-df0ef2.csv",
                "distribution_method": "ftp",
                "host": "88.99.123.23",
                "directory": "folder/subfolder",
                "uri": "ftp://88.99.123.23/folder/subfolder/clicks_3931993_1_en-df0ef2.csv",
            },
            "export": {
                "id": "123",
                "created": "2012-05-23 11:08:56",
                "status": "done",
                "type": "Responses",
                "file_name": "clicks_3931993_1_en-df0ef2.csv",
                "ftp_host": "88.99.123.23",
                "ftp_dir": "folder/subfolder",
            },
            "watch": {
                "execution": "default_123",
                "execution_arn": ARN,
                "started_at": "2026-11-23T16:50:01Z",
                "deadline_at": "2026-11-24T16:50:01Z",
                "ready_since": "2026-11-23T17:50:01Z",
                "checks": 14,
                "elapsed_seconds": 844,
            },
            "context": {},
        },
    }
    assert attributes == {
        "outcome": "done",
        "account": "default",
        "export_type": "responses",
        "terminal": "true",
    }


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_named_alike_wherever_it_stands(outcome):
    context = {"a": 1.1, "n": 10**29, "s": "\ud800ü", "data": {"context": [{"z": None}, True]}}
    event, attributes = published(outcome, context=context, execution="shop_123_2", account="shop")
    data, terminal = event["data"], outcome is not Outcome.STUCK
    assert (event["id"], event["type"]) == (f"shop_123_2/{outcome}", f"emarsys.export.{outcome}")
    assert event["source"] == "emarsys-export-watch/my-stack/shop"
    assert (data["outcome"], data["terminal"], data["account"]) == (outcome, terminal, "shop")
    assert (data["export"], data["file"], data["context"]) == (None, None, context)
    assert data["reason"] == {"code": "export_failed", "message": WHY.message}
    assert attributes == {
        "outcome": outcome,
        "account": "shop",
        "export_type": "unknown",
        "terminal": "true" if terminal else "false",
    }


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
