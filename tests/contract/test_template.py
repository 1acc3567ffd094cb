"""template.yaml: its public parameters and outputs, and what the sandbox cannot enforce - policies, queues, roles."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch.aws.client import CALL_SECONDS
from export_watch.schedule import Policy
from export_watch.settings import MAX_DEADLINE_SECONDS
from sandbox.aws.deployment import ENTRY_LIMIT_BYTES
from tests.contract.schemas import ROOT
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE, arn_of, of_type

FUNCTIONS = of_type("AWS::Serverless::Function")
QUEUES = of_type("AWS::SQS::Queue")
RULES = of_type("AWS::Events::Rule")
ROLES = of_type("AWS::IAM::Role")
GLOBALS = TEMPLATE["Globals"]["Function"]
DAY_SECONDS = 86_400
SECRETS = (
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${CredentialsPrefix}/*"
)


def timeout_seconds(function: str) -> int:
    seconds: int = FUNCTIONS[function].get("Timeout", GLOBALS["Timeout"])
    return seconds


def statements(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from policy["PolicyDocument"]["Statement"]


def test_parameters_and_their_defaults_are_those_of_the_contract():
    assert {name: parameter["Default"] for name, parameter in PARAMETERS.items()} == {
        "EventBusName": "default",
        "EmarsysHost": "https://api.emarsys.net",
        "EmarsysTokenUrl": "https://auth.emarsys.net/oauth2/token",
        "CredentialsPrefix": "emarsys",
        "CheckCostSeconds": 5,
        "MinWaitSeconds": 10,
        "MaxWaitSeconds": 900,
        "StuckAfterSeconds": 3900,
        "DeadlineSeconds": 86_400,
        "LogLevel": "INFO",
        "LogRetentionDays": 30,
        "AlarmTopicArn": "",
    }


def test_a_deadline_is_at_most_a_week():
    assert PARAMETERS["DeadlineSeconds"]["MaxValue"] == MAX_DEADLINE_SECONDS == 604_800


def test_the_policy_of_the_code_has_the_defaults_of_the_parameters():
    assert Policy() == Policy(
        check_cost_seconds=PARAMETERS["CheckCostSeconds"]["Default"],
        min_wait_seconds=PARAMETERS["MinWaitSeconds"]["Default"],
        max_wait_seconds=PARAMETERS["MaxWaitSeconds"]["Default"],
        stuck_after_seconds=PARAMETERS["StuckAfterSeconds"]["Default"],
    )


def test_every_parameter_is_described_and_bounded():
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"], name
        assert {"AllowedPattern", "AllowedValues", "MaxValue"} & set(parameter), name


@pytest.mark.parametrize("name", ["EmarsysHost", "EmarsysTokenUrl"])
def test_credentials_go_over_https_but_on_one_machine(name):
    pattern, path = PARAMETERS[name]["AllowedPattern"], "/token" if name == "EmarsysTokenUrl" else ""
    for host in (
        "https://suite12.emarsys.net",
        "https://a:8443",
        "http://127.0.0.1:8080",
        "http://localhost",
    ):
        assert re.fullmatch(pattern, host + path)
    for host in (
        "http://suite12.emarsys.net",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com:80",
    ):
        assert not re.fullmatch(pattern, host + path)


def test_parameters_are_grouped_and_none_is_left_out():
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(PARAMETERS)


def test_outputs_are_those_of_the_contract():
    assert {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()} == {
        "NotificationTopicArn": {"Ref": "NotificationTopic"},
        "StateMachineArn": {"Ref": "ExportWatchStateMachine"},
        "InboxQueueUrl": {"Fn::GetAtt": ["InboxQueue", "QueueUrl"]},
        "DeadLetterQueueUrl": {"Fn::GetAtt": ["DeadLetterQueue", "QueueUrl"]},
    }


# Functions.


def test_functions_run_on_python_3_13_and_arm64_in_both_layers():
    assert GLOBALS["Runtime"] == "python3.13"
    assert GLOBALS["Architectures"] == ["arm64"]
    assert GLOBALS["Layers"] == [{"Ref": "DependenciesLayer"}, {"Ref": "ExportWatchLayer"}]
    for function in FUNCTIONS.values():
        assert not {"Runtime", "Architectures", "Layers"} & set(function)
    for layer in of_type("AWS::Serverless::LayerVersion").values():
        assert layer["CompatibleRuntimes"] == ["python3.13"]
        assert layer["CompatibleArchitectures"] == ["arm64"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_its_code_and_no_requirements_of_its_own(name):
    folder = ROOT / FUNCTIONS[name]["CodeUri"]
    assert (folder / "app.py").is_file()
    assert not (folder / "requirements.txt").exists(), "`sam build` would want Python 3.13 on this machine"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_log_group_of_its_own_with_retention(name):
    group = FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]
    assert RESOURCES[group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert [f["LoggingConfig"]["LogGroup"]["Ref"] for f in FUNCTIONS.values()].count(group) == 1


def test_no_function_is_traced_or_reserves_concurrency():
    for function in (GLOBALS, *FUNCTIONS.values()):
        assert not {"Tracing", "ReservedConcurrentExecutions"} & set(function)


# Queues and rules.


@pytest.mark.parametrize(
    ("function", "queue"),
    [("StartWatchFunction", "InboxQueue"), ("ReportLostWatchFunction", "LostWatchQueue")],
)
def test_a_function_reads_its_queue(function, queue):
    [source] = [event["Properties"] for event in FUNCTIONS[function]["Events"].values()]
    assert source["Queue"] == arn_of(queue)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["BatchSize"] * CALL_SECONDS < timeout_seconds(function) - 5  # to be imported, and to answer
    assert QUEUES[queue]["VisibilityTimeout"] == 6 * timeout_seconds(function)
    assert QUEUES[queue]["MessageRetentionPeriod"] == 4 * DAY_SECONDS
    assert QUEUES[queue]["RedrivePolicy"] == {
        "deadLetterTargetArn": arn_of("DeadLetterQueue"),
        "maxReceiveCount": 5,
    }


def test_dead_letters_are_kept_for_fourteen_days():
    assert QUEUES["DeadLetterQueue"]["MessageRetentionPeriod"] == 14 * DAY_SECONDS
    assert set(QUEUES) == {"InboxQueue", "LostWatchQueue", "DeadLetterQueue"}


def test_every_queue_takes_the_largest_event_there_is():
    assert {queue["MaximumMessageSize"] for queue in QUEUES.values()} == {ENTRY_LIMIT_BYTES}


@pytest.mark.parametrize(
    ("rule", "queue"), [("ExportCreatedRule", "InboxQueue"), ("DeadExecutionRule", "LostWatchQueue")]
)
def test_a_rule_delivers_to_its_queue_or_to_the_dead_letter_queue(rule, queue):
    [target] = RULES[rule]["Targets"]
    assert target["Arn"] == arn_of(queue)
    assert target["DeadLetterConfig"] == {"Arn": arn_of("DeadLetterQueue")}


@pytest.mark.parametrize(
    ("policy", "queue", "rules"),
    [
        ("InboxQueuePolicy", "InboxQueue", ["ExportCreatedRule"]),
        ("LostWatchQueuePolicy", "LostWatchQueue", ["DeadExecutionRule"]),
        ("DeadLetterQueuePolicy", "DeadLetterQueue", ["ExportCreatedRule", "DeadExecutionRule"]),
    ],
)
def test_a_queue_takes_messages_from_its_rules_only_and_encrypted_only(policy, queue, rules):
    properties = RESOURCES[policy]["Properties"]
    assert properties["Queues"] == [{"Ref": queue}]
    statement, tls = statements(properties)
    sources = [arn_of(rule) for rule in rules]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn_of(queue),
        "Condition": {"ArnEquals": {"aws:SourceArn": sources if len(sources) > 1 else sources[0]}},
    }
    assert tls == {**NO_TLS, "Action": "sqs:*", "Resource": arn_of(queue)}


NO_TLS = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
"""What refuses calls that are not encrypted on their way."""


def test_the_topic_takes_messages_encrypted_only():
    policy = RESOURCES["NotificationTopicPolicy"]["Properties"]
    assert policy["Topics"] == [{"Ref": "NotificationTopic"}]
    [tls] = statements(policy)
    assert tls == {**NO_TLS, "Action": "sns:Publish", "Resource": {"Ref": "NotificationTopic"}}


def test_what_is_kept_is_encrypted():
    assert RESOURCES["NotificationTopic"]["Properties"] == {"KmsMasterKeyId": "alias/aws/sns"}
    assert all(queue["SqsManagedSseEnabled"] is True for queue in QUEUES.values())
    assert RESOURCES["TokenTable"]["Properties"]["SSESpecification"] == {"SSEEnabled": True}


def test_exports_are_announced_on_the_bus_that_the_parameter_names():
    assert RULES["ExportCreatedRule"]["EventBusName"] == {"Ref": "EventBusName"}
    assert RULES["ExportCreatedRule"]["EventPattern"] == {"detail-type": ["Emarsys Export Created"]}


def test_dead_executions_of_this_state_machine_are_heard_on_the_default_bus():
    rule = RULES["DeadExecutionRule"]
    assert "EventBusName" not in rule
    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": "ExportWatchStateMachine"}],
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
        },
    }


def test_no_rule_is_switched_off():
    assert all(rule.get("State", "ENABLED") == "ENABLED" for rule in RULES.values())


# Roles.


def test_every_function_and_the_state_machine_have_a_role_of_their_own():
    used = [RESOURCES[name]["Properties"]["Role"] for name in (*FUNCTIONS, "ExportWatchStateMachine")]
    assert used == [arn_of(f"{name}Role") for name in (*FUNCTIONS, "ExportWatchStateMachine")]
    assert len(ROLES) == len(used)


@pytest.mark.parametrize("name", ROLES)
def test_a_role_allows_no_wildcard_but_the_secrets_below_the_prefix(name):
    assert "ManagedPolicyArns" not in ROLES[name]
    for policy in ROLES[name]["Policies"]:
        for statement in statements(policy):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action]
            resource = statement["Resource"]
            if actions == ["cloudwatch:PutMetricData"]:  # which has no resources
                assert resource == "*"
                assert statement["Condition"] == {
                    "StringEquals": {"cloudwatch:namespace": "EmarsysExportWatch"}
                }
                continue
            assert isinstance(resource, dict), "a resource of this template"
            assert resource == {"Fn::Sub": SECRETS} or set(resource) <= {"Ref", "Fn::GetAtt"}
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)


def allowed(role: str) -> set[tuple[str, str]]:
    """The actions of a role, but for those of its own logs, and the resources on which it allows them."""
    pairs = set()
    for policy in ROLES[role]["Policies"]:
        for statement in statements(policy):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            resources = statement["Resource"]
            [resource] = [resources] if isinstance(resources, str) else resources.values()
            target = resource[0] if isinstance(resource, list) else resource
            pairs |= {(action, target) for action in actions if not action.startswith("logs:")}
    return pairs


def test_roles_allow_just_what_is_needed():
    read_queue = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    assert {role: allowed(role) for role in ROLES} == {
        "StartWatchFunctionRole": {
            *((action, "InboxQueue") for action in read_queue),
            ("states:StartExecution", "ExportWatchStateMachine"),
        },
        "CheckExportFunctionRole": {
            ("secretsmanager:GetSecretValue", SECRETS),
            ("dynamodb:GetItem", "TokenTable"),
            ("dynamodb:PutItem", "TokenTable"),
        },
        "ReportLostWatchFunctionRole": {
            *((action, "LostWatchQueue") for action in read_queue),
            ("sns:Publish", "NotificationTopic"),
        },
        "ExportWatchStateMachineRole": {
            ("lambda:InvokeFunction", "CheckExportFunction"),
            ("sns:Publish", "NotificationTopic"),
            ("cloudwatch:PutMetricData", "*"),
        },
    }


# What a person is told.


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_says_what_to_do_and_goes_where_the_parameter_says(name):
    alarm = RESOURCES[name]["Properties"]
    assert alarm["AlarmDescription"]
    assert alarm["AlarmActions"] == {
        "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
    }
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_alarm_for_dead_watches_does_not_rest_on_events():
    metrics = RESOURCES["DeadWatchAlarm"]["Properties"]["Metrics"]
    names = {metric["MetricStat"]["Metric"]["MetricName"] for metric in metrics if "MetricStat" in metric}
    assert names == {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "WatchesLost"}
