import json
import os
import threading

import boto3
import botocore.client
import moto
import pytest
from moto.sqs.models import Queue

from sandbox.aws import EventNotPutError, Notification, ParameterError, RealClock, moto_gaps


def test_outputs_are_those_of_the_template(chain):
    assert set(chain.outputs) == {
        "NotificationTopicArn",
        "StateMachineArn",
        "InboxQueueUrl",
        "DeadLetterQueueUrl",
    }
    assert chain.outputs["InboxQueueUrl"].startswith(
        "https://sqs.eu-central-1.amazonaws.com/123456789012/sandbox-Inbox"
    )
    start = chain.function("start")
    assert start.environment["MACHINE"] == chain.outputs["StateMachineArn"]


def test_a_parameter_that_cloudformation_would_refuse_is_refused(deploy_chain):
    with (
        pytest.raises(ParameterError, match="Limit failed to satisfy constraint: must be at least"),
        deploy_chain({"Limit": 0.4}),
    ):
        pass


def test_any_bus_can_be_listened_to_and_status_changes_are_on_the_default_one(deploy_chain):
    with deploy_chain({"EventBusName": "exports"}) as chain:
        chain.announce({"name": "a", "trouble": "big"})
        chain.run()
        assert [notification.attributes["outcome"] for notification in chain.notifications] == ["lost"]


def test_an_event_of_another_detail_type_goes_nowhere(chain):
    chain.announce({"name": "a"}, detail_type="Something Else")
    chain.run()
    assert chain.deliveries == []


def test_a_disabled_rule_matches_nothing_until_it_is_enabled_again(chain):
    events = chain.client("events")
    [rule] = [rule["Name"] for rule in events.list_rules()["Rules"] if "Created" in rule["EventPattern"]]
    events.disable_rule(Name=rule)
    chain.announce({"name": "a"})
    assert chain.deliveries == []
    events.enable_rule(Name=rule)
    chain.announce({"name": "b"})
    assert len(chain.deliveries) == 1


def test_an_event_arrives_as_it_was_put(chain):
    detail = {"name": "a", "needed": 1, "context": {"text": '<id> "ä" \\ <detail>', "null": None}}
    event_id = chain.announce(detail, source="a.b")
    event = json.loads(chain.deliveries[0].body)
    assert event == {
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


def test_an_event_that_eventbridge_refuses_is_refused(chain):
    with pytest.raises(EventNotPutError, match="MalformedDetail"):
        chain.put_event({"source": "a", "detail-type": "b", "detail": "no JSON"})
    with pytest.raises(EventNotPutError, match="no JSON"):
        chain.announce({"name": float("inf")})
    with pytest.raises(EventNotPutError, match="longer than 1048576 bytes"):
        chain.announce({"name": "x" * 1_048_576})


def test_secrets_are_stored_verbatim_and_can_be_replaced(deploy_chain):
    with deploy_chain(secrets={"default": {"username": "a"}, "other": ' {"b":1} '}) as chain:
        secrets = chain.client("secretsmanager")
        assert secrets.get_secret_value(SecretId="emarsys/default")["SecretString"] == '{"username": "a"}'
        assert secrets.get_secret_value(SecretId="emarsys/other")["SecretString"] == ' {"b":1} '
        chain.put_secret("other", {"c": 2})
        assert secrets.get_secret_value(SecretId="emarsys/other")["SecretString"] == '{"c": 2}'


def test_anybody_can_subscribe_with_a_filter_policy(chain):
    sqs, sns = chain.client("sqs"), chain.client("sns")
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    sns.subscribe(
        TopicArn=chain.outputs["NotificationTopicArn"],
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-central-1:123456789012:mine",
        Attributes={"FilterPolicy": json.dumps({"outcome": ["lost"]})},
    )
    chain.announce({"name": "a", "needed": 1})
    chain.announce({"name": "b", "trouble": "big"})
    chain.run()
    assert len(chain.notifications) == 2
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(m["Body"])["MessageAttributes"]["outcome"]["Value"] for m in messages] == ["lost"]


def test_listeners_hear_each_notification(chain):
    heard: list[Notification] = []
    chain.listeners.append(heard.append)
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert heard == chain.notifications


def test_nothing_of_a_deployment_is_left(deploy_chain, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    environment, threads = dict(os.environ), set(threading.enumerate())
    insides = botocore.client.BaseClient._make_api_call, Queue.add_message, boto3.DEFAULT_SESSION  # type: ignore[attr-defined]
    with deploy_chain() as chain:
        assert "AWS_PROFILE" not in os.environ
        assert "AWS_ENDPOINT_URL" not in os.environ
        chain.announce({"name": "a", "wait": 1000})
        chain.run(until=chain.clock.now() + 10)
    assert dict(os.environ) == environment
    assert set(threading.enumerate()) <= threads
    assert insides == (botocore.client.BaseClient._make_api_call, Queue.add_message, boto3.DEFAULT_SESSION)  # type: ignore[attr-defined]


def test_a_deployment_on_the_real_clock_ends_what_is_under_way(deploy_chain):
    threads = set(threading.enumerate())
    with deploy_chain(clock=RealClock()) as chain:
        for name in "abc":
            chain.announce({"name": name, "wait": 1000})
        chain.run(timeout_seconds=0.5)
        assert len(chain.executions()) == 3
    assert set(threading.enumerate()) <= threads


def test_there_is_one_deployment_at_a_time(chain, deploy_chain):
    with pytest.raises(RuntimeError, match="one deployment at a time"), deploy_chain():
        pass


def test_a_deployment_that_failed_does_not_stand_in_the_way(deploy_chain, monkeypatch):
    monkeypatch.setattr(moto_gaps, "MOTO_VERSION", "1.2.3")
    with pytest.raises(RuntimeError, match=rf"moto 1\.2\.3; this is {moto.__version__}"), deploy_chain():
        pass
    monkeypatch.undo()
    with deploy_chain():
        pass
