"""Events that come in: each is watched once, or is moved to the dead-letter queue with a clear error in the log.

Anyone may put an event on the bus. It reaches no other secret and no other URL, and stops no other event.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch import export_created
from tests.contract.schemas import EXPORT_CREATED_SAMPLES, read
from tests.world import OAUTH, WSSE, World, deployed, timeline

HOUR = 3600

SAMPLES = [read(path) for path in EXPORT_CREATED_SAMPLES]
SAMPLE_REQUESTS = [export_created.parse(json.dumps(sample), 86_400) for sample in SAMPLES]

CONTEXT = {
    "price": 1.10,
    "big": 123456789012345678901234567890,
    "text": "ü \U0001f600 \x00 \n {",
    "list": [[], {}, None],
}

REFUSED: list[dict[str, Any]] = [
    {},
    {"export_id": True},
    {"export_id": 10**15},
    {"export_id": "../../oauth2/token"},
    {"export_id": "5/data"},
    {"export_id": "5\n"},
    {"export_id": "\uff15"},
    {"export_id": 5, "account": "../other"},
    {"export_id": 5, "account": "other\n"},
    {"export_id": 5, "account": "other\x00"},
    {"export_id": 5, "account": "\ud800"},
    {"export_id": 5, "account": ["other"]},
    {"export_id": 5, "deadline_seconds": 86_401},
    {"export_id": 5, "attempt": 0},
    {"export_id": 5, "distribution_method": "FTP"},
    {"export_id": 5, "context": []},
]


def with_context(context: str) -> str:
    return f'{{"detail": {{"export_id": 5, "context": {context}}}}}'


RAW = {
    with_context(json.dumps({"a": "x" * 307_200})): "`context` has",
    with_context('{"a":' * 10_000 + "0" + "}" * 10_000): "the event is nested too deeply",
    with_context('{"a":' * 500 + "0" + "}" * 500): "`context` is nested deeper than 32 levels",
    with_context('{"a": NaN}'): "NaN is no number that can be sent on",
    '{"detail": {"export_id": "' + "5" * 200_000 + '"}}': "`export_id` is '555",
    "not JSON \x7f": "not JSON",
    "null": "no `detail`",
}
"""Bodies that come past EventBridge, which takes no event of more than 1 MB, and what is logged of each."""


@pytest.fixture(scope="module")
def calls() -> dict[str, set[str]]:
    """The secrets that were read, and the executions that were to be started."""
    return {"SecretId": set(), "name": set()}


@pytest.fixture(scope="module")
def w(calls) -> Iterator[World]:
    """The end of a day on which all these events came."""
    ids = {5, 6, 7, *(request.export_id for request in SAMPLE_REQUESTS)}
    accounts = {"other", "default", *(request.account for request in SAMPLE_REQUESTS)}
    exports = {number: {"timeline": timeline(in_progress=0, done=300)} for number in ids}
    with deployed(exports=exports, secrets=dict.fromkeys(accounts, OAUTH)) as world:
        world.stack.put_secret("shop-1", {**WSSE, "host": world.server.url})
        for operation, key in (
            ("secretsmanager.GetSecretValue", "SecretId"),
            ("stepfunctions.StartExecution", "name"),
        ):
            world.stack.faults.fail(operation, matches=lambda call, key=key: calls[key].add(call[key]))
        for sample in SAMPLES:
            world.stack.put_event(sample)
        for body in RAW:
            world.stack.client("sqs").send_message(
                QueueUrl=world.stack.outputs["InboxQueueUrl"], MessageBody=body
            )
        world.announce({"export_id": 5, "context": CONTEXT}, {"export_id": 5, "context": CONTEXT})
        world.announce(*REFUSED, {"export_id": 6}, {"export_id": 6, "attempt": 2})
        world.announce({"export_id": 7, "account": "shop-1"})
        world.run(until=HOUR)
        world.announce({"export_id": 5, "context": {"later": True}})
        world.run()
        yield world


def published(w: World, execution: str) -> list[dict[str, Any]]:
    return [told["message"] for told in w.told if told["message"]["data"]["watch"]["execution"] == execution]


def test_an_event_that_comes_twice_starts_nothing_twice(w) -> None:
    [message] = published(w, "default_5")
    records = [
        record for record in w.stack.logs.records("start_watch") if record.get("execution") == "default_5"
    ]
    dropped = [record["message"] for record in records if record.get("level") == "WARNING"]
    assert len(dropped) == 2
    assert all("`attempt`" in message for message in dropped)
    assert message["data"]["outcome"] == "done"


def test_a_context_comes_back_untouched(w) -> None:
    [message] = published(w, "default_5")
    assert message["data"]["context"] == CONTEXT


def test_a_new_attempt_watches_an_export_again(w) -> None:
    assert [published(w, name)[0]["id"] for name in ("default_6", "default_6_2")] == [
        "default_6/done",
        "default_6_2/done",
    ]


def test_each_account_has_its_own_credentials_and_host(w) -> None:
    [message] = published(w, "shop-1_7")
    assert message["source"] == "emarsys-export-watch/sandbox/shop-1"
    assert "/api/v2/export/7" in {seen.path for seen in w.server.requests}


@pytest.mark.parametrize("name", sorted({request.execution_name for request in SAMPLE_REQUESTS}))
def test_each_sample_event_is_watched(w, name) -> None:
    assert [message["data"]["outcome"] for message in published(w, name)] == ["done"]


def test_an_event_that_cannot_be_accepted_is_moved_to_the_dead_letter_queue_with_a_clear_error(w) -> None:
    letters = w.stack.dead_letters()
    assert {letter.receive_count for letter in letters} == {5}
    assert {letter.body for letter in letters} >= set(RAW)
    details = [letter.event["detail"] for letter in letters if letter.body not in RAW]
    assert sorted(map(repr, details)) == sorted(map(repr, REFUSED))
    logged = {
        record["message_id"]: record["message"]
        for record in w.stack.logs.records("start_watch")
        if record.get("level") == "ERROR"
    }
    assert set(logged) == {letter.message_id for letter in letters}
    for letter in letters:
        assert logged[letter.message_id].startswith("event refused: ")
        assert RAW.get(letter.body, "`") in logged[letter.message_id]
    w.assert_log_is_clean()


def test_no_event_reaches_another_secret_or_bends_the_url(w, calls) -> None:
    watched = {execution.name for execution in w.stack.executions()}
    accounts = {name.partition("_")[0] for name in watched}
    assert "other" not in accounts
    assert calls == {"SecretId": {f"emarsys/{account}" for account in accounts}, "name": watched}
    asked = {seen.path for seen in w.server.requests} - {"/oauth2/token", "/api/v2/export/7"}
    assert asked == {f"/api/v3/export/{name.split('_')[1]}" for name in watched - {"shop-1_7"}}
