import json
import time

import pytest

from sandbox.aws import RealClock
from sandbox.aws.event_source import reported


def test_an_event_that_always_fails_ends_in_the_dead_letter_queue_after_its_receives(chain):
    begin = chain.clock.now()
    event_id = chain.announce({"name": "a", "fail": True})
    assert chain.run()
    [letter] = chain.dead_letters()
    assert letter.event["id"] == event_id
    assert letter.event["detail"] == {"name": "a", "fail": True}
    assert letter.receive_count == 3
    assert letter.message_id == chain.deliveries[0].message_id
    assert [record["receive"] for record in chain.logs.records("start")] == ["1", "2", "3"]
    assert [line.at - begin for line in chain.logs.of("start")] == pytest.approx([0, 30.01, 60.02])
    assert chain.executions() == []


def test_only_the_records_that_failed_come_again(chain):
    chain.announce({"name": "good"})
    chain.announce({"name": "bad", "fail": True})
    chain.announce({"name": "fine"})
    chain.run()
    assert [execution.name for execution in chain.executions()] == ["good", "fine"]
    names = [record["message"].split()[1] for record in chain.logs.records("start")]
    assert names == ["good", "bad", "fine", "bad", "bad"]
    assert [letter.event["detail"]["name"] for letter in chain.dead_letters()] == ["bad"]


def test_an_error_of_the_function_fails_the_whole_batch(chain):
    chain.announce({"name": "good"})
    chain.announce({"name": "bad", "fail_all": True})
    chain.run()
    assert [letter.event["detail"]["name"] for letter in chain.dead_letters()] == ["good", "bad"]
    # The good one was started the first time, and the same start again changes nothing.
    assert [execution.name for execution in chain.executions()] == ["good"]


def test_twelve_events_come_in_two_batches(chain):
    for number in range(12):
        chain.announce({"name": f"n{number}", "needed": 1})
    chain.run()
    requests = [line.request_id for line in chain.logs.of("start")]
    assert [requests.count(request) for request in dict.fromkeys(requests)] == [10, 2]
    assert len(chain.notifications) == 12


def test_a_throttled_invocation_is_tried_again_after_the_visibility_timeout(chain):
    fault = chain.faults.fail("lambda.Invoke", "TooManyRequestsException", status=429, times=1)
    begin = chain.clock.now()
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert fault.hits == 1
    assert chain.executions()[0].started_at - begin == pytest.approx(30.01, abs=0.001)


def test_on_the_real_clock_a_message_comes_again_after_a_second(deploy_chain):
    with deploy_chain(clock=RealClock()) as chain:
        begin = time.monotonic()
        chain.announce({"name": "a", "fail": True})
        assert chain.run(timeout_seconds=20)
        assert 3 < time.monotonic() - begin < 6
        assert len(chain.dead_letters()) == 1


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemidentifier": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"a", "b"}),
        ({"batchItemFailures": ["a"]}, {"a", "b"}),
        ({"batchItemFailures": "a"}, {"a", "b"}),
    ],
)
def test_a_report_of_failures_means_what_lambda_documents(answer, failed):
    assert reported(json.dumps(answer).encode(), {"a", "b"}) == failed
