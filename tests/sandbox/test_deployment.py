"""A deployment does as AWS does where moto does not: events, queues, and what is left of it all."""

import json
import os
import threading

import boto3
import botocore.client
import moto
import pytest
from moto.sqs.models import Queue

from sandbox.aws import EventNotPutError, ParameterError, RealClock, moto_gaps
from sandbox.aws.event_source import reported


def test_parameters_reach_functions_digit_for_digit_and_outputs_are_those_of_the_template(deploy_chain):
    with deploy_chain({"Limit": "1.50"}) as chain:
        assert chain.outputs["InboxQueueUrl"].startswith(
            "https://sqs.eu-central-1.amazonaws.com/123456789012/"
        )
        environment = chain.function("start").environment
        assert (environment["LIMIT"], environment["MACHINE"]) == ("1.50", chain.outputs["StateMachineArn"])
    with pytest.raises(ParameterError, match=r"Limit is '0\.4'"), deploy_chain({"Limit": 0.4}):
        pass


def test_an_event_arrives_as_it_was_put(chain):
    detail = {"name": "a", "needed": 1, "context": {"text": '<id> "ä" \\ <detail>', "null": None}}
    event_id = chain.announce(detail, source="a.b")
    assert chain.deliveries[0].event == {
        "version": "0",
        "id": event_id,
        "detail-type": "Emarsys Export Created",
        "source": "a.b",
        "account": "123456789012",
        "time": "2027-01-15T08:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def test_a_disabled_rule_matches_nothing_until_it_is_enabled_again(chain):
    events = chain.client("events")
    [rule] = [rule["Name"] for rule in events.list_rules()["Rules"] if "Created" in rule["EventPattern"]]
    events.disable_rule(Name=rule)
    chain.announce({"name": "a"})
    assert chain.deliveries == []
    events.enable_rule(Name=rule)
    chain.announce({"name": "b"}, detail_type="Something Else")
    chain.announce({"name": "b"})
    assert len(chain.deliveries) == 1


@pytest.mark.parametrize(
    ("detail", "complaint"),
    [
        ("no JSON", "MalformedDetail"),
        ({"name": float("inf")}, "no JSON"),
        ({"name": "x" * 1_048_576}, "longer than 1048576 bytes"),
    ],
    ids=["not JSON", "infinity", "too long"],
)
def test_an_event_that_eventbridge_refuses_is_refused(chain, detail, complaint):
    with pytest.raises(EventNotPutError, match=complaint):
        chain.announce(detail)


def test_any_bus_can_be_listened_to_and_status_changes_are_on_the_default_one(deploy_chain):
    with deploy_chain({"EventBusName": "exports"}) as chain:
        chain.announce({"name": "a", "trouble": "big"})
        chain.run()
        assert [notification.attributes["outcome"] for notification in chain.notifications] == ["lost"]


def test_secrets_are_stored_verbatim_and_can_be_replaced(deploy_chain):
    with deploy_chain(secrets={"default": {"username": "a"}, "other": ' {"b":1} '}) as chain:
        chain.put_secret("default", {"username": "b"})
        secrets = chain.client("secretsmanager")
        stored = [secrets.get_secret_value(SecretId=f"emarsys/{name}") for name in ("default", "other")]
        assert [secret["SecretString"] for secret in stored] == ['{"username": "b"}', ' {"b":1} ']


def test_an_event_that_always_fails_comes_again_by_itself_and_ends_in_the_dead_letter_queue(chain):
    names = [*"abcdefghij", "k", "bad"]
    begin = chain.clock.now()
    ids = [chain.announce({"name": name, "needed": 1, "fail": name == "bad"}) for name in names]
    assert chain.run()
    [letter] = chain.dead_letters()
    assert (letter.event["id"], letter.receive_count) == (ids[-1], 3)
    assert letter.message_id == chain.deliveries[-1].message_id
    lines = chain.logs.of("start")
    assert [line.record["message"].split()[1] for line in lines] == [*names, "bad", "bad"]
    requests = [line.request_id for line in lines]
    assert [requests.count(request) for request in dict.fromkeys(requests)] == [10, 2, 1, 1]
    assert [line.at - begin for line in lines[-3:]] == pytest.approx([0, 30.01, 60.02])
    assert [execution.name for execution in chain.executions()] == names[:-1]


def test_an_error_of_the_function_fails_the_whole_batch(chain):
    chain.announce({"name": "good"})
    chain.announce({"name": "bad", "fail_all": True})
    chain.run()
    assert [letter.event["detail"]["name"] for letter in chain.dead_letters()] == ["good", "bad"]
    # The good one was started the first time, and the same start again changes nothing.
    assert [execution.name for execution in chain.executions()] == ["good"]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemidentifier": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"a", "b"}),
        ({"batchItemFailures": "a"}, {"a", "b"}),
    ],
)
def test_a_report_of_failures_means_what_lambda_documents(answer, failed):
    assert reported(json.dumps(answer).encode(), {"a", "b"}) == failed


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_nothing_of_a_deployment_is_left(deploy_chain, monkeypatch, clock):
    def insides():
        return botocore.client.BaseClient._make_api_call, Queue.add_message, boto3.DEFAULT_SESSION  # type: ignore[attr-defined]

    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ), set(threading.enumerate()), insides()
    with deploy_chain(**({"clock": RealClock()} if clock == "real" else {})) as chain:
        assert "AWS_PROFILE" not in os.environ
        chain.announce({"name": "a", "wait": 1000})
        chain.run(until=chain.clock.now() + 0.5)
        assert [execution.status for execution in chain.executions()] == ["RUNNING"]
    assert before == (dict(os.environ), set(threading.enumerate()), insides())


def test_there_is_one_deployment_at_a_time_and_one_that_failed_is_none(deploy_chain, monkeypatch):
    with deploy_chain(), pytest.raises(RuntimeError, match="one deployment at a time"), deploy_chain():
        pass
    monkeypatch.setattr(moto_gaps, "MOTO_VERSION", "1.2.3")
    with pytest.raises(RuntimeError, match=rf"moto 1\.2\.3; this is {moto.__version__}"), deploy_chain():
        pass
    monkeypatch.undo()
    with deploy_chain():
        pass
