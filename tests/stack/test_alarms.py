"""Each metric that an alarm rests on moves when the thing happens that a person must act upon, and not before."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from sandbox.aws import NeverAnswered, crashed
from tests.stack import cloudwatch
from tests.stack.conftest import OAUTH, START, WSSE, World, timeline

HOUR = 3600
SHARED_OUT = {"Checks", "Invocations"}
"""What a share is taken of: these move when all is well, too."""

CONDITIONS: dict[tuple[str, str], Callable[[Callable[..., World]], World]] = {}
"""A world in which an alarm's metric has moved, by the alarm and the metric."""


def moves(alarm: str, *names: str) -> Callable[..., Callable[..., World]]:
    """Marks what makes these metrics of an alarm move."""

    def register(condition: Callable[..., World]) -> Callable[..., World]:
        CONDITIONS.update({(alarm, name): condition for name in names})
        return condition

    return register


@moves("DeadLetterAlarm", "ApproximateNumberOfMessagesVisible")
def an_event_is_refused(world) -> World:
    w: World = world()
    w.announce({"export_id": 0})
    w.run()
    return w


@moves("DeadWatchAlarm", "ExecutionsAborted", "WatchesLost")
def a_watch_is_stopped(world) -> World:
    w: World = world(exports={5: {"timeline": timeline(in_progress=0)}})
    w.announce({"export_id": 5})
    w.run(until=60)
    w.stack.stop("default_5")
    w.run()
    return w


@moves("DeadWatchAlarm", "ExecutionsFailed")
def an_execution_has_no_watch(world) -> World:
    w: World = world()
    w.stack.client("stepfunctions").start_execution(
        stateMachineArn=w.stack.outputs["StateMachineArn"], name="by-hand", input="{}"
    )
    w.run()
    return w


@moves("DeadWatchAlarm", "ExecutionsTimedOut")
def the_check_never_answers(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("lambda.Invoke", _never, matches=lambda call: "CheckExport" in call["FunctionName"])
    w.announce({"export_id": 5})
    w.run()
    return w


@moves("CredentialsAlarm", "CredentialsMissing")
def the_secret_is_missing(world) -> World:
    return _a_quarter_of_an_hour(world(secrets={}, exports={5: {}}))


@moves("CredentialsAlarm", "CredentialsRefused")
def the_secret_is_wrong(world) -> World:
    return _a_quarter_of_an_hour(world(secret={**WSSE, "secret": "wrong"}, exports={5: {}}))


@moves("CredentialsAlarm", "PermissionMissing")
def a_permission_is_not_granted(world) -> World:
    return _a_quarter_of_an_hour(world(exports={5: {"faults": [{"fault": "forbidden_html"}]}}))


@moves("EmarsysUnavailableAlarm", "EmarsysUnavailable", "Checks")
def emarsys_is_down(world) -> World:
    return _a_quarter_of_an_hour(world(exports={5: {"faults": [{"fault": "bad_gateway"}]}}))


@moves("EmarsysUnavailableAlarm", "UnexpectedReply")
def the_host_is_not_emarsys(world) -> World:
    return _a_quarter_of_an_hour(world(exports={5: {"faults": [{"fault": "html"}]}}))


@moves("EmarsysUnavailableAlarm", "RateLimited")
def the_rate_limit_is_used_up(world) -> World:
    return _a_quarter_of_an_hour(world(exports={5: {"faults": [{"fault": "rate_limited"}]}}))


@moves("CheckFunctionAlarm", "Errors", "Invocations")
def the_check_crashes(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("check_export", crashed)
    return _a_quarter_of_an_hour(w)


@moves("CheckFunctionAlarm", "Throttles")
def the_check_is_throttled(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("check_export", "TooManyRequestsException", status=429)
    return _a_quarter_of_an_hour(w)


@moves("NotificationAlarm", "ServiceIntegrationsFailed")
def sns_refuses(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.fail("sns.Publish", "AuthorizationError", status=403)
    return _a_quarter_of_an_hour(w)


@moves("NotificationAlarm", "ServiceIntegrationsTimedOut")
def sns_never_answers(world) -> World:
    w: World = world(exports={5: {}})
    w.stack.faults.answer("sns.Publish", _never)
    return _a_quarter_of_an_hour(w)


@moves("InboxAlarm", "ApproximateAgeOfOldestMessage")
def nobody_reads_the_inbox(world) -> World:
    w: World = world()
    w.stack.sources.clear()
    w.announce({"export_id": 5})
    w.stack.clock.call_later(HOUR, lambda: None)
    w.run()
    return w


def _a_quarter_of_an_hour(w: World) -> World:
    w.announce({"export_id": 5})
    w.run(until=900)
    return w


def _never() -> object:
    raise NeverAnswered


@pytest.mark.parametrize(("alarm", "name"), CONDITIONS)
def test_the_metric_of_an_alarm_moves(world, alarm, name) -> None:
    w = CONDITIONS[alarm, name](world)
    found = [metric for metric in cloudwatch.metrics(cloudwatch.alarms(w)[alarm]) if metric[1] == name]
    assert found
    assert any(cloudwatch.value(w, *metric) > 0 for metric in found)


def test_a_watch_that_ends_well_moves_no_alarm(world) -> None:
    w = world(secret=OAUTH, exports={5: {"timeline": timeline(in_progress=0, done=600)}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    for alarm in cloudwatch.alarms(w).values():
        for namespace, name, dimensions in cloudwatch.metrics(alarm):
            moved = cloudwatch.value(w, namespace, name, dimensions) > 0
            assert moved == (name in SHARED_OUT), (alarm["AlarmName"], name)


def test_a_single_watch_looks_in_each_period_of_an_outage(world) -> None:
    """Or the alarm for it, which wants four of them in a row, would miss some."""
    w = world(exports={5: {"faults": [{"fault": "bad_gateway"}]}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["expired"]
    looks = [seen.at for seen in w.server.requests if "/export/" in seen.path]
    queries = cloudwatch.alarms(w)["EmarsysUnavailableAlarm"]["Metrics"]
    [period] = {query["MetricStat"]["Period"] for query in queries if "MetricStat" in query}
    assert max(later - look for look, later in pairwise(looks)) <= period


def test_a_death_that_is_not_told_is_seen_in_the_queue_of_lost_watches(world) -> None:
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
