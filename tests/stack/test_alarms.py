"""Each alarm goes off when the thing happens that a person must act upon, once, and not for what passes by itself."""

from collections.abc import Callable

import pytest

from sandbox.aws import NeverAnswered, crashed
from tests.stack import cloudwatch
from tests.world import OAUTH, START, WSSE, World, timeline

HOUR = 3600
ENDLESS = {"timeline": timeline(in_progress=0)}

Condition = Callable[[Callable[..., World]], World]

CONDITIONS: list[tuple[str, str, Condition]] = []
"""An alarm, one of its metrics, and a world in which that has moved."""


def moves(alarm: str, *names: str) -> Callable[[Condition], Condition]:
    """Marks what makes these metrics of an alarm move, and the alarm go off."""

    def register(condition: Condition) -> Condition:
        CONDITIONS.extend((alarm, name, condition) for name in names)
        return condition

    return register


@moves("DeadLetterAlarm", "ApproximateNumberOfMessagesVisible")
def an_event_is_refused(world) -> World:
    w: World = world()
    w.announce({"export_id": 0})
    w.run()
    return w


@moves("LostWatchAlarm", "ExecutionsAborted")
def a_watch_is_stopped(world) -> World:
    w: World = world(exports={5: ENDLESS})
    w.announce({"export_id": 5})
    w.run(until=60)
    w.stack.stop("default_5")
    w.run()
    return w


@moves("LostWatchAlarm", "ExecutionsFailed")
def an_execution_has_no_watch(world) -> World:
    w: World = world()
    w.stack.client("stepfunctions").start_execution(
        stateMachineArn=w.stack.outputs["StateMachineArn"], name="by-hand", input="{}"
    )
    w.run()
    return w


@moves("LostWatchAlarm", "ExecutionsTimedOut")
def the_check_never_answers(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("lambda.Invoke", _never, matches=lambda call: "CheckExport" in call["FunctionName"])
    w.announce({"export_id": 5})
    w.run()
    return w


@moves("CredentialsAlarm", "NeedsAttention")
def the_secret_is_missing(world) -> World:
    return _watched_for(HOUR / 4, world(secrets={}, exports={5: {}}))


@moves("CredentialsAlarm", "NeedsAttention")
def the_secret_is_wrong(world) -> World:
    return _watched_for(HOUR / 4, world(secret={**WSSE, "secret": "wrong"}, exports={5: {}}))


@moves("CredentialsAlarm", "NeedsAttention")
def a_permission_is_not_granted(world) -> World:
    return _watched_for(HOUR / 4, world(exports={5: {"faults": [{"fault": "forbidden_html"}]}}))


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def emarsys_is_down(world) -> World:
    return _watched_for(2 * HOUR, world(exports={5: {"faults": [{"fault": "bad_gateway"}]}}))


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def the_host_is_not_emarsys(world) -> World:
    return _watched_for(2 * HOUR, world(exports={5: {"faults": [{"fault": "html"}]}}))


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def the_rate_limit_is_used_up(world) -> World:
    return _watched_for(2 * HOUR, world(exports={5: {"faults": [{"fault": "rate_limited"}]}}))


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def one_of_many_exports_gets_no_answer(world) -> World:
    return _watched_for(2 * HOUR, _among_healthy_ones(world, {"faults": [{"fault": "html"}]}))


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def emarsys_is_down_for_half_of_a_short_watch(world) -> World:
    w: World = world(exports={5: {**ENDLESS, "faults": [{"from": 1200, "fault": "bad_gateway"}]}})
    w.announce({"export_id": 5, "deadline_seconds": HOUR})
    w.run(until=HOUR - 1)
    return w


@moves("EmarsysUnavailableAlarm", "LongUnanswered")
def aws_does_not_give_the_token(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("dynamodb.GetItem")
    return _watched_for(2 * HOUR, w)


@moves("CheckFunctionAlarm", "ChecksFailed")
def the_check_crashes(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("check_export", crashed)
    return _watched_for(HOUR, w)


@moves("CheckFunctionAlarm", "ChecksFailed")
def the_check_is_throttled(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("check_export", "TooManyRequestsException", status=429)
    return _watched_for(HOUR, w)


@moves("CheckFunctionAlarm", "ChecksFailed")
def the_check_cannot_be_invoked(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("check_export", "AccessDeniedException", status=403)
    return _watched_for(HOUR, w)


@moves("CheckFunctionAlarm", "ChecksFailed")
def no_check_ends_in_time(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("check_export", _never)
    return _watched_for(HOUR, w)


@moves("CheckFunctionAlarm", "ChecksFailed")
def the_checks_of_one_of_many_watches_crash(world) -> World:
    w = _among_healthy_ones(world, {})
    w.stack.faults.answer("check_export", crashed, matches=lambda event: event["watch"]["export_id"] == 5)
    return _watched_for(HOUR, w)


@moves("NotificationAlarm", "ServiceIntegrationsFailed")
def sns_refuses(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("sns.Publish", "AuthorizationError", status=403)
    return _watched_for(HOUR / 2, w)


@moves("NotificationAlarm", "ServiceIntegrationsTimedOut")
def sns_never_answers(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("sns.Publish", _never)
    return _watched_for(HOUR / 2, w)


@moves("InboxAlarm", "ApproximateAgeOfOldestMessage")
def nobody_reads_the_inbox(world) -> World:
    w: World = world()
    w.stack.sources.clear()
    w.announce({"export_id": 5})
    w.stack.clock.call_later(HOUR, lambda: None)
    w.run()
    return w


def _among_healthy_ones(world: Callable[..., World], export: dict[str, object]) -> World:
    """A world with this export, and ten others that are watched already."""
    healthy = dict.fromkeys(range(10, 20), ENDLESS)
    w = world(exports={**healthy, 5: export})
    w.announce(*({"export_id": number} for number in healthy))
    return w


def _watched_for(seconds: float, w: World) -> World:
    w.announce({"export_id": 5})
    w.run(until=seconds)
    return w


def _never() -> object:
    raise NeverAnswered


@pytest.mark.parametrize(("alarm", "name", "condition"), CONDITIONS)
def test_an_alarm_goes_off_and_by_this_metric(world, alarm, name, condition) -> None:
    w = condition(world)
    of = cloudwatch.alarms(w)[alarm]
    found = [metric for metric in cloudwatch.metrics(of) if metric[1] == name]
    assert found
    assert any(cloudwatch.value(w, *metric) > 0 for metric in found)
    assert cloudwatch.times_it_goes_off(w, of) == 1


def gone_off(w: World) -> dict[str, int]:
    """How often each alarm has gone off that has."""
    times = {name: cloudwatch.times_it_goes_off(w, alarm) for name, alarm in cloudwatch.alarms(w).items()}
    return {name: count for name, count in times.items() if count}


@pytest.mark.parametrize(
    "operation", ["secretsmanager.GetSecretValue", "dynamodb.GetItem", "dynamodb.PutItem"]
)
@pytest.mark.parametrize(("code", "status"), [("InternalServerError", 500), ("ThrottlingException", 400)])
def test_an_error_of_aws_that_passes_by_itself_raises_no_alarm(world, operation, code, status) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=60)}})
    w.stack.faults.fail(operation, code, status=status, until=START + 60)
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    assert gone_off(w) == {}
    cannot = f"cannot be {'claimed' if 'Put' in operation else 'read'}: {code}"
    logged = [line for line in w.stack.logs.records("check_export") if cannot in line.get("message", "")]
    assert {line["level"] for line in logged} == {"WARNING"}
    assert any("AwsUnavailable" in line for line in w.stack.logs.records("check_export"))


@pytest.mark.parametrize("operation", ["secretsmanager.GetSecretValue", "dynamodb.GetItem"])
def test_what_aws_forbids_raises_the_alarm(world, operation) -> None:
    w = world(exports={5: {}})
    w.stack.faults.fail(operation, "AccessDeniedException", status=400)
    _watched_for(HOUR / 4, w)
    assert gone_off(w) == {"CredentialsAlarm": 1}


def test_a_watch_that_ends_well_moves_no_alarm(world) -> None:
    w = world(secret=OAUTH, exports={5: {"timeline": timeline(in_progress=0, done=600)}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    for alarm in cloudwatch.alarms(w).values():
        for metric in cloudwatch.metrics(alarm):
            assert cloudwatch.value(w, *metric) == 0, (alarm["AlarmName"], metric)


@pytest.mark.parametrize(
    ("alarm", "fault"), [("CredentialsAlarm", "forbidden_html"), ("EmarsysUnavailableAlarm", "bad_gateway")]
)
def test_what_lasts_for_a_day_raises_one_alarm(world, alarm, fault) -> None:
    """Though a lone watch checks every quarter of an hour only, at moments that wander through the periods."""
    w = world(exports={5: {"faults": [{"fault": fault}]}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["expired"]
    assert gone_off(w) == {alarm: 1}


def test_an_outage_of_less_than_an_hour_raises_no_alarm(world) -> None:
    w = world(exports={5: {**ENDLESS, "faults": [{"from": 5000, "until": 8600, "fault": "bad_gateway"}]}})
    w.announce({"export_id": 5})
    w.run()
    assert gone_off(w) == {}


def test_an_hour_without_aws_raises_no_alarm(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=2 * HOUR)}})
    w.stack.faults.fail("dynamodb.GetItem", until=START + HOUR)
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    assert gone_off(w) == {}


def test_checks_that_fail_for_ten_minutes_raise_no_alarm(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=2 * HOUR)}})
    w.stack.faults.answer("check_export", crashed, until=START + 600)
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    assert gone_off(w) == {}


def test_a_check_that_cannot_be_counted_goes_on_all_the_same(world) -> None:
    w = world(exports={5: {}})
    w.stack.faults.answer("check_export", crashed, until=START + 600)
    w.stack.faults.fail("cloudwatch.PutMetricData")
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]


def test_a_failed_execution_that_is_not_published_is_seen_in_the_queue_of_lost_watches(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0)}})
    w.announce({"export_id": 5})
    w.run(until=60)
    w.stack.sources.clear()
    w.stack.stop("default_5")
    w.run()
    w.stack.clock.call_later(HOUR, lambda: None)
    w.run()
    inbox, lost_watches = cloudwatch.metrics(cloudwatch.alarms(w)["InboxAlarm"])
    assert cloudwatch.value(w, *inbox) == 0
    assert cloudwatch.value(w, *lost_watches) >= HOUR
    assert w.stack.clock.now() >= START + HOUR
