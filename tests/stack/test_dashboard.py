"""The dashboard of the deployed stack names its resources, and what it draws of watches is what happened."""

import json

import pytest

from tests.stack import cloudwatch
from tests.world import WSSE, timeline

OWN = ("EmarsysExportWatch", {"service": "sandbox"})


def test_the_dashboard_names_the_resources_of_the_stack(world) -> None:
    w = world(exports={})
    [entry] = w.stack.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert entry["DashboardName"] == "sandbox-watches-eu-central-1"
    text = w.stack.client("cloudwatch").get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"]
    body = json.loads(text)
    assert len(body["widgets"]) == 9
    for url in (w.stack.outputs["InboxQueueUrl"], w.stack.outputs["DeadLetterQueueUrl"]):
        assert f'"{url.rpartition("/")[2]}"' in text
    for arn in (w.stack.outputs["StateMachineArn"], w.stack.outputs["NotificationTopicArn"]):
        assert f'"{arn}"' in text or f'"{arn.rpartition(":")[2]}"' in text
    assert "${" not in text


def test_an_export_is_detected_no_later_than_the_wait_before_the_check(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=600)}})
    w.announce({"export_id": 5})
    w.run()
    at_most = cloudwatch.value(w, OWN[0], "DetectionDelay", OWN[1])
    late = w.stack.clock.now() - w.server.requests[0].at - 600
    assert late <= at_most
    checks = [seen.at for seen in w.server.requests if "/export/" in seen.path]
    assert abs(at_most - (checks[-1] - checks[-2])) <= 1


def test_an_export_that_was_done_before_the_first_check_is_counted_from_the_start(world) -> None:
    w = world(exports={5: {}})
    w.announce({"export_id": 5})
    w.run()
    assert cloudwatch.value(w, OWN[0], "DetectionDelay", OWN[1]) == w.only["watch"]["elapsed_seconds"]


def test_what_is_left_of_the_rate_limit_is_measured_where_it_is_little(world) -> None:
    w = world(secret=WSSE, exports={5: {}, 6: {}}, requests_per_minute=3)
    w.announce({"export_id": 5}, {"export_id": 6})
    w.run()
    assert cloudwatch.value(w, OWN[0], "RateLimitHeadroom", OWN[1]) == pytest.approx(100 / 3)
