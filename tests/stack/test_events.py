"""Events that come in: each is watched once, or lies in the dead-letter queue with a clear error in the log."""

import json

import pytest

from sandbox.aws import VirtualClock, deploy
from tests.contract.schemas import EXPORT_CREATED_SAMPLES
from tests.world import WSSE, timeline


def test_an_event_that_comes_twice_starts_nothing_twice(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=600)}})
    w.announce({"export_id": 5}, {"export_id": 5})
    w.run()
    w.announce({"export_id": 5, "context": {"later": True}})
    w.run()
    assert w.outcomes == ["done"]
    assert w.only["context"] == {}
    assert w.log("start_watch").count("EventsDuplicate") >= 2
    assert "`attempt`" in w.log("start_watch")
    assert w.stack.dead_letters() == []


def test_a_new_attempt_watches_an_export_again(world) -> None:
    w = world(exports={5: {}})
    w.announce({"export_id": 5}, {"export_id": 5, "attempt": 2})
    w.run()
    assert sorted(told["message"]["id"] for told in w.told) == ["default_5/done", "default_5_2/done"]


def test_each_account_has_its_own_credentials_and_host(world) -> None:
    w = world(exports={5: {}}, secrets={})
    w.stack.put_secret("shop-1", {**WSSE, "host": w.server.url})
    w.announce({"export_id": 5, "account": "shop-1"})
    w.run()
    assert w.only["account"] == "shop-1"
    assert w.told[0]["message"]["source"] == "emarsys-export-watch/sandbox/shop-1"


def test_an_event_on_a_bus_of_its_own_is_watched_and_its_failure_published(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0)}}, parameters={"EventBusName": "exports"})
    w.announce({"export_id": 5})
    w.run(until=60)
    w.stack.stop("default_5")
    w.run()
    assert w.outcomes == ["lost"]


def test_parameters_that_are_wrong_together_are_refused_in_a_sentence_and_no_event_is_lost(world) -> None:
    w = world(exports={5: {}}, parameters={"MinWaitSeconds": 100, "MaxWaitSeconds": 10})
    w.announce({"export_id": 5})
    w.run()
    [letter] = w.stack.dead_letters()
    assert json.loads(letter.body)["detail"] == {"export_id": 5}
    log = "\n".join(line.text for line in w.stack.logs.lines)
    assert "MIN_WAIT_SECONDS is 100, more than MAX_WAIT_SECONDS, which is 10" in log
    assert "deploy with MinWaitSeconds at most MaxWaitSeconds" in log


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"export_id": True},
        {"export_id": 12.5},
        {"export_id": "0123"},
        {"export_id": "../../oauth2/token"},
        {"export_id": 5, "account": "a/../b"},
        {"export_id": 5, "deadline_seconds": 86401},
        {"export_id": 5, "attempt": 0},
        {"export_id": 5, "distribution_method": "FTP"},
        {"export_id": 5, "context": []},
        {"export_id": 5, "context": {"long": "x" * 8192}},
    ],
)
def test_an_event_that_cannot_be_accepted_lies_in_the_dead_letter_queue(world, detail) -> None:
    w = world(exports={5: {}, 6: {}})
    w.announce(detail, {"export_id": 6})
    w.run()
    assert w.outcomes == ["done"]  # the other one of the batch
    [letter] = w.stack.dead_letters()
    assert letter.event["detail"] == detail
    assert letter.receive_count == 5
    assert "event refused: `" in w.log("start_watch")


def test_a_context_comes_back_untouched(world) -> None:
    context = {
        "price": 1.10,
        "big": 123456789012345678901234567890,
        "text": "ü \U0001f600 \x00 \n {",
        "list": [[], {}, None],
    }
    w = world(exports={5: {}})
    w.announce({"export_id": 5, "context": context})
    w.run()
    assert w.only["context"] == context


@pytest.mark.parametrize("sample", EXPORT_CREATED_SAMPLES, ids=lambda path: path.stem)
def test_each_sample_event_starts_a_watch(sample) -> None:
    with deploy({}, secrets={}, clock=VirtualClock()) as stack:
        stack.put_event(json.loads(sample.read_text()))
        stack.run(until=stack.clock.now())
        assert len(stack.executions()) == 1
        assert stack.dead_letters() == []
