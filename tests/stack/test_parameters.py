"""What each optional parameter adds to the deployed stack, and that nothing of it is there without."""

import json
import re
from typing import Any

import pytest

from sandbox.aws import ParameterError
from tests.world import World, timeline

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000000"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
ALL = {
    "DefaultDistributionMethod": "sftp",
    "EventBusName": "exports",
    "SubscriberAccounts": "111122223333,444455556666",
    "PermissionsBoundaryArn": BOUNDARY,
    "SecretsKeyArn": KEY,
    "Dashboard": "false",
    "MaxConcurrentChecks": 50,
    "StateMachineLogLevel": "ALL",
}


def added(w: World) -> dict[str, Any]:
    """What optional parameters have added."""
    client = w.stack.client
    found = client("cloudformation").describe_stack_resources(StackName="sandbox")["StackResources"]
    ids = {of["LogicalResourceId"]: of.get("PhysicalResourceId", "") for of in found}
    roles = [client("iam").get_role(RoleName=of)["Role"] for name, of in ids.items() if name.endswith("Role")]
    boundaries = [role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "") for role in roles]
    dashboards = client("cloudwatch").list_dashboards()["DashboardEntries"]
    concurrency = client("lambda").get_function_concurrency(FunctionName=ids["CheckExportFunction"])
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/vendedlogs/")["logGroups"]
    return {
        "boundaries": boundaries,
        "dashboards": [entry["DashboardName"] for entry in dashboards],
        "concurrent checks": concurrency.get("ReservedConcurrentExecutions", 0),
        "log groups of the state machine": [group["logGroupName"] for group in groups],
    }


def test_without_any_parameter_there_is_no_more_than_a_dashboard_that_names_the_resources_of_the_stack(world):
    w = world()
    assert added(w) == {
        "boundaries": [""] * 4,
        "dashboards": ["sandbox-watches-eu-central-1"],
        "concurrent checks": 0,
        "log groups of the state machine": [],
    }
    dashboard = w.stack.client("cloudwatch").get_dashboard(DashboardName="sandbox-watches-eu-central-1")
    for output in ("InboxQueueUrl", "DeadLetterQueueUrl", "StateMachineArn", "NotificationTopicArn"):
        assert f'{re.split("[:/]", w.stack.outputs[output])[-1]}"' in dashboard["DashboardBody"]
    assert "${" not in dashboard["DashboardBody"]


def test_with_all_parameters_there_is_what_each_adds(world):
    w = world(exports={5: {}, 6: {}, 7: {"timeline": timeline(in_progress=0)}}, parameters=ALL)
    assert added(w) == {
        "boundaries": [BOUNDARY] * 4,
        "dashboards": [],
        "concurrent checks": 50,
        "log groups of the state machine": ["/aws/vendedlogs/states/sandbox"],
    }
    w.announce({"export_id": 5}, {"export_id": 6, "distribution_method": "ftp"}, {"export_id": 7})
    w.run(until=60)
    w.stack.stop("default_7")  # on an event bus of their own, too, what fails is published
    w.run()
    methods = {data["export_id"]: data["file"] and data["file"]["distribution_method"] for data in w.data}
    assert methods == {5: "sftp", 6: "ftp", 7: None}
    assert sorted(w.outcomes) == ["done", "done", "lost"]


@pytest.mark.parametrize("accounts", ["1111", "111122223333 444455556666", "arn:aws:iam::111122223333:root"])
def test_what_is_no_account_id_is_refused(world, accounts):
    with pytest.raises(ParameterError, match="AWS account ids of twelve digits"):
        world(exports={}, parameters={"SubscriberAccounts": accounts})


def test_parameters_that_are_wrong_together_are_refused_in_a_sentence_and_no_event_is_lost(world):
    w = world(parameters={"MinWaitSeconds": 100, "MaxWaitSeconds": 10})
    w.announce({"export_id": 5})
    w.run()
    [letter] = w.stack.dead_letters()
    assert json.loads(letter.body)["detail"] == {"export_id": 5}
    log = "\n".join(line.text for line in w.stack.logs.lines)
    assert "MIN_WAIT_SECONDS is 100, more than MAX_WAIT_SECONDS, which is 10" in log
    assert "deploy with MinWaitSeconds at most MaxWaitSeconds" in log
