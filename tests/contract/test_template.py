"""template.yaml: what neither a linter nor the sandbox shows - permissions, queues, timeouts, partitions."""

import contextlib
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch.aws import CALL_SECONDS
from export_watch.emarsys import credentials
from export_watch.errors import CredentialsMissingError
from export_watch.schedule import Policy
from sandbox.aws.deployment import ENTRY_LIMIT_BYTES
from tests.contract.schemas import ROOT, read
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE, arn_of, of_type, translated

FUNCTIONS = of_type("AWS::Serverless::Function")
QUEUES = of_type("AWS::SQS::Queue")
ROLES = of_type("AWS::IAM::Role")
GLOBALS = TEMPLATE["Globals"]["Function"]
NO_VALUE = {"Ref": "AWS::NoValue"}


# Parameters, and what the template says of itself.


def test_every_parameter_is_described_bounded_and_in_one_group():
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"], name
        assert {"AllowedPattern", "AllowedValues", "MaxValue"} & set(parameter), name
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(PARAMETERS)


def test_the_policy_of_the_code_has_the_defaults_of_the_parameters():
    keys = [f"{key}Seconds" for key in ("CheckCost", "MinWait", "MaxWait", "StuckAfter")]
    assert Policy() == Policy(*(PARAMETERS[key]["Default"] for key in [*keys, "DefaultDistributionMethod"]))


@pytest.mark.parametrize(
    "origin",
    [
        *("https://suite12.emarsys.net", "https://a:8443", "http://127.0.0.1:8080", "http://localhost"),
        *("http://suite12.emarsys.net", "http://127.0.0.1.example.com", "http://localhost.h:80", "ftp://a"),
    ],
)
@pytest.mark.parametrize(
    ("parameter", "key", "path"), [("EmarsysHost", "host", ""), ("EmarsysTokenUrl", "token_url", "/token")]
)
def test_a_parameter_takes_the_hosts_that_a_secret_may_name(origin, parameter, key, path):
    taken = re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], origin + path)
    secret = {"client_id": "id", "client_secret": "s", key: origin + path}
    with contextlib.nullcontext() if taken else pytest.raises(CredentialsMissingError):
        credentials.parse(json.dumps(secret), "", "", "")


def test_the_application_repository_takes_what_the_template_says_of_itself():
    about = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = (about["Name"], about["SemanticVersion"], about["SpdxLicenseId"])
    assert named == (project["name"], project["version"], project["license"])
    assert f"Version {about['SemanticVersion']} ·" in (ROOT / "README.md").read_text("utf-8")
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", about["Author"])
    assert (len(about["Description"]) <= 256, len(about["Labels"]) <= 10) == (True, True)


# Functions and queues.


def test_the_layers_are_for_what_the_functions_run_on_and_so_are_the_packages_in_them():
    [runtime, [architecture]] = GLOBALS["Runtime"], GLOBALS["Architectures"]
    for layer in of_type("AWS::Serverless::LayerVersion").values():
        assert layer["CompatibleRuntimes"] == [runtime]
        assert layer["CompatibleArchitectures"] == [architecture]
        assert layer["LayerName"]["Fn::Sub"].startswith("${AWS::StackName}-")  # two stacks in an account
    lock = {"arm64": "aarch64"}[architecture], runtime.removeprefix("python")
    locked = "--python-platform {}-manylinux2014 --python-version {} ".format(*lock)
    assert locked in (ROOT / "Makefile").read_text("utf-8")


def test_the_log_of_the_state_machine_holds_no_data():
    level, off = RESOURCES["ExportWatchStateMachine"]["Properties"]["Logging"]["Fn::If"][1:]
    assert (level["IncludeExecutionData"], off) == (False, NO_VALUE)


@pytest.mark.parametrize(
    ("function", "queue"),
    [("StartWatchFunction", "InboxQueue"), ("ReportLostWatchFunction", "LostWatchQueue")],
)
def test_a_queue_waits_for_its_function_and_takes_the_largest_event_there_is(function, queue):
    [source] = [event["Properties"] for event in FUNCTIONS[function]["Events"].values()]
    timeout = FUNCTIONS[function].get("Timeout", GLOBALS["Timeout"])
    assert source["BatchSize"] * CALL_SECONDS < timeout - 5  # to be imported, and to answer
    assert QUEUES[queue]["VisibilityTimeout"] == 6 * timeout  # as AWS wants it
    assert QUEUES[queue]["MaximumMessageSize"] == ENTRY_LIMIT_BYTES
    assert QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"] == arn_of("DeadLetterQueue")


# Who may do what.


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


NO_TLS = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
"""What refuses calls that are not encrypted on their way."""


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_takes_messages_of_the_rules_that_have_it_as_their_target_only_and_encrypted_only(queue):
    policy = RESOURCES[f"{queue}Policy"]["Properties"]
    rules = []
    for rule, of in of_type("AWS::Events::Rule").items():
        [target] = of["Targets"]
        if arn_of(queue) in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
            rules.append(arn_of(rule))
    allow, deny = statements(policy)
    sources = allow["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert (sources if isinstance(sources, list) else [sources]) == rules
    assert (allow["Action"], allow["Principal"]) == ("sqs:SendMessage", {"Service": "events.amazonaws.com"})
    assert deny == {**NO_TLS, "Action": "sqs:*", "Resource": arn_of(queue)}


def test_the_topic_takes_messages_encrypted_only_and_subscriptions_of_the_accounts_that_are_named():
    deny, subscribe = statements(RESOURCES["NotificationTopicPolicy"]["Properties"])
    assert deny == {**NO_TLS, "Action": "sns:Publish", "Resource": {"Ref": "NotificationTopic"}}
    condition, allow, off = subscribe["Fn::If"]
    assert (condition, allow["Action"], off) == ("HasSubscriberAccounts", "sns:Subscribe", NO_VALUE)
    assert allow["Principal"] == {"AWS": {"Ref": "SubscriberAccounts"}}


def policy_statements(role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements of a role, its attached policies included, with the condition of the template that adds it."""
    attached = [of for of in of_type("AWS::IAM::Policy").values() if of["Roles"] == [{"Ref": role}]]
    for policy in (*ROLES[role]["Policies"], *attached):
        for statement in statements(policy):
            condition, given, _ = statement.get("Fn::If", ("", statement, NO_VALUE))
            yield condition, given


def allowed(role: str) -> dict[str, set[str]]:
    """The actions of a role by the resource on which it allows them, with the template's condition for it."""
    found: dict[str, set[str]] = {}
    for condition, statement in policy_statements(role):
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
        resource = statement["Resource"]
        [resource] = [resource] if isinstance(resource, str) else resource.values()
        target = resource[0] if isinstance(resource, list) else resource
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found.setdefault(f"{target} {condition}".strip(), set()).update(actions)
    return found


SECRETS = (
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${CredentialsPrefix}/*"
)
READ_QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
WRITE_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
DELIVER_LOGS = {
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    *("logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
}
"""What a state machine needs to log (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html)."""


def test_each_role_is_for_one_and_allows_just_what_is_needed():
    users = [*FUNCTIONS, "ExportWatchStateMachine"]
    assert {f"{name}Role" for name in users} == set(ROLES)
    assert all(RESOURCES[name]["Properties"]["Role"] == arn_of(f"{name}Role") for name in users)
    assert not [role for role in ROLES.values() if "ManagedPolicyArns" in role]
    assert {role: allowed(role) for role in ROLES} == {
        "StartWatchFunctionRole": {
            "StartWatchLogGroup": WRITE_LOG,
            "InboxQueue": READ_QUEUE,
            "ExportWatchStateMachine": {"states:StartExecution"},
        },
        "CheckExportFunctionRole": {
            "CheckExportLogGroup": WRITE_LOG,
            SECRETS: {"secretsmanager:GetSecretValue"},
            "SecretsKeyArn HasSecretsKey": {"kms:Decrypt"},
            "TokenTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
        },
        "ReportLostWatchFunctionRole": {
            "ReportLostWatchLogGroup": WRITE_LOG,
            "LostWatchQueue": READ_QUEUE,
            "NotificationTopic": {"sns:Publish"},
        },
        "ExportWatchStateMachineRole": {
            "CheckExportFunction": {"lambda:InvokeFunction"},
            "NotificationTopic": {"sns:Publish"},
            "*": {"cloudwatch:PutMetricData"},
            "* HasStateMachineLog": DELIVER_LOGS,
        },
    }


def test_metrics_are_put_in_one_namespace_and_the_key_decrypts_secrets_only():
    conditions = [s["Condition"] for role in ROLES for _, s in policy_statements(role) if "Condition" in s]
    assert conditions == [
        {"StringLike": {"kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.*"}}},
        {"StringEquals": {"cloudwatch:namespace": "EmarsysExportWatch"}},
    ]


def test_tokens_are_for_the_role_of_the_check_only_and_the_table_can_still_be_managed():
    [statement] = statements(RESOURCES["TokenTable"]["Properties"]["ResourcePolicy"])
    but_for = {"ArnNotEquals": {"aws:PrincipalArn": arn_of("CheckExportFunctionRole")}}
    assert (statement["Effect"], statement["Principal"], statement["Condition"]) == ("Deny", "*", but_for)
    assert {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"} < set(statement["Action"])
    assert not any(action.endswith(("Table", "Policy", "*")) for action in statement["Action"])


def test_whoever_deploys_needs_actions_for_each_type_of_resource_and_no_others():
    _stack, _packages, *given = read(ROOT / "operations" / "deploying-role.json")["Statement"]
    types = {resource["Type"] for resource in translated("eu-central-1")["Resources"].values()}
    assert {statement["Sid"] for statement in given} == {of.replace(":", "") for of in types}
    for statement in given:
        assert len({action.partition(":")[0] for action in statement["Action"]}) == 1
        assert not [action for action in statement["Action"] if "*" in action]


# Partitions.


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws", "eu-central-1", "amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_nothing_names_another_partition_than_the_one_it_is_deployed_in(partition, region, suffix):
    template = translated(region)
    machine = template["Resources"]["ExportWatchStateMachine"]["Properties"]
    assert machine["DefinitionSubstitutions"]["Partition"] == {"Ref": "AWS::Partition"}
    # What a parameter may be is for every partition.
    patterns = [of.pop("AllowedPattern") for of in template["Parameters"].values() if "AllowedPattern" in of]
    for arn in ("sns:{}:123456789012:alarms", "iam::123456789012:policy/x/y"):
        assert any(re.fullmatch(pattern, f"arn:{partition}:{arn.format(region)}") for pattern in patterns)
    text = json.dumps(template).replace("${Partition}", partition)
    for name, value in {"Partition": partition, "Region": region, "URLSuffix": suffix}.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    assert set(re.findall(r"\barn:([^:]*):", text)) == {partition}
    assert set(re.findall(r"\b(?:eu|us|cn|eusc)-[a-z-]+-\d\b", text)) == {region}
    hosts = {f"{service}.amazonaws.com" for service in ("events", "lambda", "states")}  # the same everywhere
    hosts |= {f"secretsmanager.{region}.amazonaws.*"}
    assert set(re.findall(r"[\w.-]*amazonaws[\w.*]*", text)) == hosts
