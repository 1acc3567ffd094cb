"""The CloudEvents that go out, field for field as the contract has them."""

import json
from typing import Any

import pytest

from export_watch import reason
from export_watch.decision import End, Stuck, decide
from export_watch.notification import Notification, Origin, of_decision, of_lost_watch
from export_watch.watch import (
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    Scalar,
    Watch,
)
from tests.unit.examples import ARN, DEFAULTS, STARTED_AT, a_watch, an_export, seen

ORIGIN = Origin("my-stack", ARN)
NOW = STARTED_AT + 844


def published(outcome: Outcome, watch: Watch) -> Notification:
    """The notification of an outcome of a watch, published at NOW."""
    match outcome:
        case Outcome.STUCK:
            decision: Stuck | End = Stuck(watch, reason.expired(seen(ExportStatus.READY), 1), None, 60)
        case Outcome.LOST:
            return of_lost_watch(watch, reason.lost(reason.ReasonCode.EXECUTION_FAILED), NOW, ORIGIN)
        case _:
            decision = End(watch, outcome, reason.export_failed())
    return of_decision(decision, NOW, ORIGIN)


def decided(watch: Watch, observation: Observation, now: float = NOW) -> Notification:
    decision = decide(watch, observation, now, DEFAULTS)
    assert isinstance(decision, End)
    return of_decision(decision, now, ORIGIN)


def done(watch: Watch, **export: Scalar) -> Notification:
    return decided(watch, seen(ExportStatus.DONE, **export))


def data(notification: Notification) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(notification.message)["data"]
    return parsed


def test_done_is_published_as_in_the_contract() -> None:
    notification = done(a_watch(checks=13))
    assert json.loads(notification.message) == {
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
                "ready_since": None,
                "checks": 14,
                "elapsed_seconds": 844,
            },
            "context": {},
        },
    }
    assert notification.attributes == {
        "outcome": "done",
        "account": "default",
        "export_type": "responses",
        "terminal": "true",
    }


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_named_alike_wherever_it_stands(outcome: Outcome) -> None:
    notification = published(outcome, a_watch())
    event = json.loads(notification.message)
    terminal = outcome is not Outcome.STUCK
    assert event["id"] == f"default_123/{outcome}"
    assert event["type"] == f"emarsys.export.{outcome}"
    assert (event["data"]["outcome"], event["data"]["terminal"]) == (outcome.value, terminal)
    assert notification.attributes["outcome"] == outcome.value
    assert notification.attributes["terminal"] == ("true" if terminal else "false")
    assert set(event["data"]["reason"]) == {"code", "message"}


@pytest.mark.parametrize("outcome", Outcome)
def test_a_repeated_publish_of_the_same_thing_has_the_same_source_and_id(outcome: Outcome) -> None:
    first, again = (json.loads(published(outcome, a_watch(checks=n)).message) for n in (1, 2))
    assert (first["source"], first["id"]) == (again["source"], again["id"])


def test_another_account_or_attempt_is_another_thing() -> None:
    watch = a_watch(execution="shop-2_123_7", account="shop-2")
    event = json.loads(done(watch).message)
    assert (event["source"], event["id"], event["subject"]) == (
        "emarsys-export-watch/my-stack/shop-2",
        "shop-2_123_7/done",
        "123",
    )


def test_a_lost_watch_says_nothing_that_is_not_known() -> None:
    watch = a_watch(checks=5, ready_since=STARTED_AT, export=an_export())
    notification = published(Outcome.LOST, watch)
    lost = data(notification)
    assert (lost["watch"]["checks"], lost["watch"]["ready_since"]) == (None, None)
    assert (lost["export"], lost["file"]) == (None, None)
    assert lost["reason"]["code"] == "execution_failed"
    assert lost["watch"]["elapsed_seconds"] == 844
    assert notification.attributes["export_type"] == "unknown"


def test_ready_since_is_published_in_utc() -> None:
    decision = decide(a_watch(), seen(ExportStatus.READY), STARTED_AT + 3600, DEFAULTS)
    notification = decided(decision.watch, seen(ExportStatus.ERROR), STARTED_AT + 7200)
    assert data(notification)["watch"]["ready_since"] == "2026-11-23T17:50:01Z"


def test_an_export_that_was_never_seen_is_null() -> None:
    notification = decided(a_watch(), Obstacle(ObstacleCode.RATE_LIMITED, "x"), a_watch().deadline_at)
    assert data(notification)["export"] is None
    assert notification.attributes["export_type"] == "unknown"


@pytest.mark.parametrize(
    ("export_type", "attribute"),
    [
        ("Responses", "responses"),
        ("registrations", "registrations"),
        ("CONTACT LIST", "contact list"),
        (None, "unknown"),
        ("", "unknown"),
        (" ", "unknown"),
        ("NULL", "unknown"),
        (7, "7"),
    ],
)
def test_the_export_type_serves_filters_in_lower_case(export_type: Scalar, attribute: str) -> None:
    notification = done(a_watch(), type=export_type)
    assert notification.attributes["export_type"] == attribute
    assert data(notification)["export"]["type"] == export_type


@pytest.mark.parametrize("export_type", ["a\x00b", "line\nbreak", "x" * 5000, "😀", "\ufffd"])
def test_no_export_type_breaks_or_floods_an_attribute(export_type: str) -> None:
    attribute = done(a_watch(), type=export_type).attributes["export_type"]
    assert attribute
    assert attribute.isprintable()
    assert len(attribute) <= 256


@pytest.mark.parametrize("outcome", Outcome)
def test_the_context_comes_back_as_the_same_value(outcome: Outcome) -> None:
    context = {"a": 1.1, "n": 10**29, "s": "\ud800ü", "data": {"context": [{"z": None}, True]}}
    assert data(published(outcome, a_watch(context=context)))["context"] == context


def test_a_message_is_ascii() -> None:
    assert done(a_watch(), file_name="Käufer\u2028\ufffd.csv").message.isascii()


def test_a_clock_that_went_back_makes_no_negative_age() -> None:
    notification = of_decision(End(a_watch(), Outcome.DONE), STARTED_AT - 5, ORIGIN)
    assert data(notification)["watch"]["elapsed_seconds"] == 0
