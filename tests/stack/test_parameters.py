"""What each optional parameter adds to the deployed stack, and that nothing of it is there without."""

from typing import Any

import pytest

from sandbox.aws import ParameterError
from tests.world import World, timeline

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-0000-0000-000000000000"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


def resources(w: World) -> dict[str, str]:
    """The physical ids of the stack's resources, by their logical ids."""
    found = w.stack.client("cloudformation").describe_stack_resources(StackName="sandbox")["StackResources"]
    return {of["LogicalResourceId"]: of.get("PhysicalResourceId", "") for of in found}


def allows(w: World, role: str, action: str) -> bool:
    """Whether a role's own policy names an action."""
    policy = w.stack.client("iam").get_role_policy(
        RoleName=resources(w)[role], PolicyName=role.removesuffix("Role")
    )
    return f"'{action}'" in str(policy["PolicyDocument"])


@pytest.mark.parametrize("method", [None, "ftp", "sftp"])
def test_the_default_distribution_method_is_that_of_an_event_without_one(world, method) -> None:
    parameters = {"DefaultDistributionMethod": method} if method else {}
    w = world(exports={5: {"timeline": timeline(done=0)}, 6: {}}, parameters=parameters)
    w.announce({"export_id": 5}, {"export_id": 6, "distribution_method": "ftp"})
    w.run()
    methods = {data["export_id"]: data["file"]["distribution_method"] for data in w.data}
    assert methods == {5: method or "ftp", 6: "ftp"}


@pytest.mark.parametrize("accounts", ["", "111122223333", "111122223333,444455556666"])
def test_subscribers_in_other_accounts_are_named_by_their_ids(world, accounts) -> None:
    w = world(exports={}, parameters={"SubscriberAccounts": accounts})
    assert w.stack.parameters["SubscriberAccounts"] == accounts


@pytest.mark.parametrize("accounts", ["1111", "111122223333 444455556666", "arn:aws:iam::111122223333:root"])
def test_what_is_no_account_id_is_refused(world, accounts) -> None:
    with pytest.raises(ParameterError, match="AWS account ids of twelve digits"):
        world(exports={}, parameters={"SubscriberAccounts": accounts})


@pytest.mark.parametrize("arn", ["", BOUNDARY])
def test_every_role_has_the_boundary_that_the_account_demands(world, arn) -> None:
    w = world(exports={}, parameters={"PermissionsBoundaryArn": arn})
    roles = [name for name in resources(w) if name.endswith("Role")]
    assert len(roles) == 4
    for role in roles:
        found: dict[str, Any] = w.stack.client("iam").get_role(RoleName=resources(w)[role])["Role"]
        assert found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "") == arn


@pytest.mark.parametrize("arn", ["", KEY])
def test_the_role_of_the_check_decrypts_by_the_key_of_the_secrets(world, arn) -> None:
    w = world(exports={}, parameters={"SecretsKeyArn": arn})
    assert allows(w, "CheckExportFunctionRole", "kms:Decrypt") == bool(arn)


@pytest.mark.parametrize("wanted", ["true", "false"])
def test_the_dashboard_can_be_left_out(world, wanted) -> None:
    w = world(exports={}, parameters={"Dashboard": wanted})
    assert len(w.stack.client("cloudwatch").list_dashboards()["DashboardEntries"]) == (wanted == "true")


@pytest.mark.parametrize("most", [0, 50])
def test_checks_at_the_same_time_can_be_bounded(world, most) -> None:
    w = world(exports={}, parameters={"MaxConcurrentChecks": most})
    found = w.stack.client("lambda").get_function_concurrency(
        FunctionName=resources(w)["CheckExportFunction"]
    )
    assert found.get("ReservedConcurrentExecutions", 0) == most


@pytest.mark.parametrize("level", ["OFF", "ERROR", "ALL"])
def test_the_state_machine_has_a_log_group_and_may_write_to_it_where_it_logs(world, level) -> None:
    w = world(exports={}, parameters={"StateMachineLogLevel": level})
    groups = w.stack.client("logs").describe_log_groups(logGroupNamePrefix="/aws/vendedlogs/")["logGroups"]
    expected = [] if level == "OFF" else ["/aws/vendedlogs/states/sandbox"]
    assert [group["logGroupName"] for group in groups] == expected
    assert allows(w, "ExportWatchStateMachineRole", "logs:CreateLogDelivery") == (level != "OFF")
