"""Events that come in: each is watched once, or is moved to the dead-letter queue with a clear error in the log.

Anyone may put an event on the bus. It reaches no other secret and no other URL, and stops no other event.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.schemas import EXPORT_CREATED_SAMPLES, read
from tests.world import OAUTH, WSSE, World, deployed, timeline

HOUR = 3600
SAMPLES = [read(path) for path in EXPORT_CREATED_SAMPLES]
CONTEXT = {"price": 1.10, "big": 10**29, "text": "ü \U0001f600 \x00 \n {", "list": [[], {}, None]}
REFUSED: list[dict[str, Any]] = [{}, {"export_id": "5/data"}, {"export_id": 5, "account": "../other"}]
RAW = {
    f'{{"detail": {{"export_id": 5, "context": {{"a": "{"x" * 307_200}"}}}}}}': "`context` has",
    '{"a":' * 10_000 + "0" + "}" * 10_000: "the event is nested too deeply",
    "not JSON \x7f": "not JSON",
}
"""Bodies that come past EventBridge, which takes no event of more than 1 MB, and what is logged of each."""


@pytest.fixture(scope="module")
def calls() -> dict[str, set[str]]:
    """The secrets that were read, and the executions that were to be started."""
    return {"SecretId": set(), "name": set()}


@pytest.fixture(scope="module")
def w(calls) -> Iterator[World]:
    """The end of a day on which all these events came."""
    samples = [sample["detail"] for sample in SAMPLES]
    ids = {5, 6, 7, *(int(detail["export_id"]) for detail in samples)}
    accounts = {"other", "default", *(detail.get("account", "default") for detail in samples)}
    exports = {number: {"timeline": timeline(in_progress=0, done=300)} for number in ids}
    with deployed(exports=exports, secrets={**dict.fromkeys(accounts, OAUTH), "shop-1": WSSE}) as world:
        for operation, key in (
            ("secretsmanager.GetSecretValue", "SecretId"),
            ("stepfunctions.StartExecution", "name"),
        ):
            world.stack.faults.fail(operation, matches=lambda call, key=key: calls[key].add(call[key]))
        for sample in SAMPLES:
            world.stack.put_event(sample)
        inbox = world.stack.outputs["InboxQueueUrl"]
        for body in RAW:
            world.stack.client("sqs").send_message(QueueUrl=inbox, MessageBody=body)
        world.announce({"export_id": 5, "context": CONTEXT}, {"export_id": 5, "context": CONTEXT})
        world.announce(*REFUSED, {"export_id": 6}, {"export_id": 6, "attempt": 2})
        world.announce({"export_id": 7, "account": "shop-1"})
        world.run(until=HOUR)
        world.announce({"export_id": 5, "context": {"later": True}})
        world.run()
        yield world


def test_each_event_is_watched_once_whether_it_comes_twice_or_again_unless_with_another_attempt(w):
    executions = [data["watch"]["execution"] for data in w.data]
    assert sorted(executions) == sorted(w.statuses)
    assert {"default_5", "default_6", "default_6_2", "shop-1_7"} < set(executions)
    assert set(w.outcomes) == {"done"}
    assert [data["context"] for data in w.data if data["export_id"] == 5] == [CONTEXT]


def test_an_event_that_cannot_be_accepted_is_moved_to_the_dead_letter_queue_with_a_clear_error(w):
    letters = {letter.message_id: letter for letter in w.stack.dead_letters()}
    assert {letter.receive_count for letter in letters.values()} == {5}
    details = [letter.event["detail"] for letter in letters.values() if letter.body not in RAW]
    assert sorted(map(repr, details)) == sorted(map(repr, REFUSED))
    records = w.stack.logs.records("start_watch")
    logged = {of["message_id"]: of["message"] for of in records if of.get("level") == "ERROR"}
    assert set(logged) == set(letters)
    for message_id, letter in letters.items():
        assert logged[message_id].startswith("event refused: ")
        assert RAW.get(letter.body, "`") in logged[message_id]
    w.assert_log_is_clean()


def test_no_event_reaches_another_secret_or_bends_the_url(w, calls):
    watched = {execution.name for execution in w.stack.executions()}
    accounts = {name.partition("_")[0] for name in watched} - {"other"}
    assert calls == {"SecretId": {f"emarsys/{account}" for account in accounts}, "name": watched}
    asked = {seen.path for seen in w.server.requests if "/export/" in seen.path}
    exports = {f"/api/v3/export/{name.split('_')[1]}" for name in watched}
    assert asked == exports - {"/api/v3/export/7"} | {"/api/v2/export/7"}  # its account has a secret of WSSE
