"""template.yaml: its public parameters and outputs, and what the sandbox cannot enforce - policies, queues, roles."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch.aws import CALL_SECONDS
from export_watch.schedule import Policy
from sandbox.aws.deployment import ENTRY_LIMIT_BYTES
from tests.contract.schemas import ROOT, read
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE, arn_of, of_type, translated

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
        "SecretsKeyArn": "",
        "DefaultDistributionMethod": "ftp",
        "CheckCostSeconds": 2,
        "MinWaitSeconds": 10,
        "MaxWaitSeconds": 900,
        "StuckAfterSeconds": 3900,
        "DeadlineSeconds": 86_400,
        "SubscriberAccounts": "",
        "AlarmTopicArn": "",
        "Dashboard": "true",
        "LogLevel": "INFO",
        "StateMachineLogLevel": "OFF",
        "LogRetentionDays": 30,
        "MaxConcurrentChecks": 0,
        "PermissionsBoundaryArn": "",
    }


def test_a_deadline_is_at_most_a_week():
    assert PARAMETERS["DeadlineSeconds"]["MaxValue"] == 604_800


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


def test_the_application_repository_takes_what_the_template_says_of_itself():
    about = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (about["Name"], about["SemanticVersion"]) == (project["name"], project["version"])
    assert about["SpdxLicenseId"] == project["license"]
    assert f"Version {about['SemanticVersion']} ·" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / about["LicenseUrl"]).exists()
    assert (ROOT / about["ReadmeUrl"]).exists()
    assert re.fullmatch(r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?", about["Author"])
    assert len(about["Description"]) <= 256
    assert len(about["Labels"]) <= 10


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


def test_no_function_is_traced_and_only_checks_reserve_concurrency_if_they_are_bounded():
    for function in (GLOBALS, *FUNCTIONS.values()):
        assert "Tracing" not in function
    assert {
        name: of["ReservedConcurrentExecutions"]
        for name, of in FUNCTIONS.items()
        if "ReservedConcurrentExecutions" in of
    } == {"CheckExportFunction": {"Fn::If": ["BoundsChecks", {"Ref": "MaxConcurrentChecks"}, NO_VALUE]}}


NO_VALUE = {"Ref": "AWS::NoValue"}


def test_the_functions_are_given_what_they_read():
    given = {name: set(of["Environment"]["Variables"]) for name, of in FUNCTIONS.items()}
    assert given == {
        "StartWatchFunction": {
            "STATE_MACHINE_ARN",
            "CHECK_COST_SECONDS",
            "MIN_WAIT_SECONDS",
            "MAX_WAIT_SECONDS",
            "STUCK_AFTER_SECONDS",
            "DEADLINE_SECONDS",
            "DEFAULT_DISTRIBUTION_METHOD",
        },
        "CheckExportFunction": {"EMARSYS_HOST", "EMARSYS_TOKEN_URL", "CREDENTIALS_PREFIX", "TOKEN_TABLE"},
        "ReportLostWatchFunction": {"NOTIFICATION_TOPIC_ARN"},
    }


def test_the_state_machine_logs_no_inputs_and_outputs_and_only_where_it_is_asked_to():
    level, off = RESOURCES["ExportWatchStateMachine"]["Properties"]["Logging"]["Fn::If"][1:]
    assert level["Level"] == {"Ref": "StateMachineLogLevel"}
    assert level["IncludeExecutionData"] is False
    assert level["Destinations"] == [
        {"CloudWatchLogsLogGroup": {"LogGroupArn": arn_of("StateMachineLogGroup")}}
    ]
    assert off == NO_VALUE


def test_layers_are_named_after_the_stack():
    names = {name: of["LayerName"] for name, of in of_type("AWS::Serverless::LayerVersion").items()}
    assert names == {
        "DependenciesLayer": {"Fn::Sub": "${AWS::StackName}-dependencies"},
        "ExportWatchLayer": {"Fn::Sub": "${AWS::StackName}-export-watch"},
    }


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


def test_messages_are_kept_in_the_dead_letter_queue_for_fourteen_days():
    assert QUEUES["DeadLetterQueue"]["MessageRetentionPeriod"] == 14 * DAY_SECONDS
    assert set(QUEUES) == {"InboxQueue", "LostWatchQueue", "DeadLetterQueue"}


def test_every_queue_takes_the_largest_event_there_is():
    assert {queue["MaximumMessageSize"] for queue in QUEUES.values()} == {ENTRY_LIMIT_BYTES}


@pytest.mark.parametrize(
    ("rule", "queue"), [("ExportCreatedRule", "InboxQueue"), ("FailedExecutionRule", "LostWatchQueue")]
)
def test_a_rule_delivers_to_its_queue_or_to_the_dead_letter_queue(rule, queue):
    [target] = RULES[rule]["Targets"]
    assert target["Arn"] == arn_of(queue)
    assert target["DeadLetterConfig"] == {"Arn": arn_of("DeadLetterQueue")}


@pytest.mark.parametrize(
    ("policy", "queue", "rules"),
    [
        ("InboxQueuePolicy", "InboxQueue", ["ExportCreatedRule"]),
        ("LostWatchQueuePolicy", "LostWatchQueue", ["FailedExecutionRule"]),
        ("DeadLetterQueuePolicy", "DeadLetterQueue", ["ExportCreatedRule", "FailedExecutionRule"]),
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


def test_the_topic_takes_messages_encrypted_only_and_subscriptions_of_the_accounts_that_are_named():
    policy = RESOURCES["NotificationTopicPolicy"]["Properties"]
    assert policy["Topics"] == [{"Ref": "NotificationTopic"}]
    tls, subscribe = statements(policy)
    assert subscribe["Fn::If"] == [
        "HasSubscriberAccounts",
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Ref": "SubscriberAccounts"}},
            "Action": "sns:Subscribe",
            "Resource": {"Ref": "NotificationTopic"},
        },
        NO_VALUE,
    ]
    assert tls == {**NO_TLS, "Action": "sns:Publish", "Resource": {"Ref": "NotificationTopic"}}


def test_what_is_kept_is_encrypted():
    assert RESOURCES["NotificationTopic"]["Properties"] == {"KmsMasterKeyId": "alias/aws/sns"}
    assert all(queue["SqsManagedSseEnabled"] is True for queue in QUEUES.values())
    assert RESOURCES["TokenTable"]["Properties"]["SSESpecification"] == {"SSEEnabled": True}


def test_export_created_events_come_from_the_bus_that_the_parameter_names():
    assert RULES["ExportCreatedRule"]["EventBusName"] == {"Ref": "EventBusName"}
    assert RULES["ExportCreatedRule"]["EventPattern"] == {"detail-type": ["Emarsys Export Created"]}


def test_failed_executions_of_this_state_machine_are_matched_on_the_default_bus():
    rule = RULES["FailedExecutionRule"]
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


def policy_statements(role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements of a role, its attached policies included, with the condition of the template that adds it."""
    attached = [
        policy for policy in of_type("AWS::IAM::Policy").values() if policy["Roles"] == [{"Ref": role}]
    ]
    for policy in (*ROLES[role]["Policies"], *attached):
        for statement in statements(policy):
            condition, given, _ = statement.get("Fn::If", ("", statement, NO_VALUE))
            yield condition, given


def allowed(role: str) -> Iterator[tuple[str, str, str]]:
    """The actions of a role, the resources on which it allows them, and the template's condition for it."""
    for condition, statement in policy_statements(role):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"]
        [resource] = [resources] if isinstance(resources, str) else resources.values()
        target = resource[0] if isinstance(resource, list) else resource
        yield from ((action, target, condition) for action in actions)


READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
WRITE_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
DELIVER_LOGS = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
)
"""What a state machine needs to log (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html)."""


def test_roles_allow_just_what_is_needed():
    assert {role: set(allowed(role)) for role in ROLES} == {
        "StartWatchFunctionRole": {
            *((action, "StartWatchLogGroup", "") for action in WRITE_LOG),
            *((action, "InboxQueue", "") for action in READ_QUEUE),
            ("states:StartExecution", "ExportWatchStateMachine", ""),
        },
        "CheckExportFunctionRole": {
            *((action, "CheckExportLogGroup", "") for action in WRITE_LOG),
            ("secretsmanager:GetSecretValue", SECRETS, ""),
            ("kms:Decrypt", "SecretsKeyArn", "HasSecretsKey"),
            ("dynamodb:GetItem", "TokenTable", ""),
            ("dynamodb:PutItem", "TokenTable", ""),
        },
        "ReportLostWatchFunctionRole": {
            *((action, "ReportLostWatchLogGroup", "") for action in WRITE_LOG),
            *((action, "LostWatchQueue", "") for action in READ_QUEUE),
            ("sns:Publish", "NotificationTopic", ""),
        },
        "ExportWatchStateMachineRole": {
            ("lambda:InvokeFunction", "CheckExportFunction", ""),
            ("sns:Publish", "NotificationTopic", ""),
            ("cloudwatch:PutMetricData", "*", ""),
            *((f"logs:{action}", "*", "HasStateMachineLog") for action in DELIVER_LOGS),
        },
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_no_managed_policies_and_the_boundary_that_the_account_demands(role):
    assert "ManagedPolicyArns" not in ROLES[role]
    assert ROLES[role]["PermissionsBoundary"] == {
        "Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundaryArn"}, NO_VALUE]
    }
    for _, statement in policy_statements(role):
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}


def test_metrics_are_put_in_one_namespace_and_the_key_decrypts_secrets_only():
    conditions = [s["Condition"] for role in ROLES for _, s in policy_statements(role) if "Condition" in s]
    assert conditions == [
        {"StringLike": {"kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.*"}}},
        {"StringEquals": {"cloudwatch:namespace": "EmarsysExportWatch"}},
    ]


def test_tokens_are_for_the_role_of_the_check_only_and_the_table_can_still_be_managed():
    [statement] = statements(RESOURCES["TokenTable"]["Properties"]["ResourcePolicy"])
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == statement["Resource"] == "*"
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": arn_of("CheckExportFunctionRole")}}
    denied = {action.removeprefix("dynamodb:") for action in statement["Action"]}
    assert denied == {
        *("GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect"),
        # Writes can return what was there.
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
        *("PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    }


def test_whoever_deploys_needs_actions_for_each_type_of_resource_and_no_others():
    policy = read(ROOT / "operations" / "deploying-role.json")
    types = {resource["Type"] for resource in translated("eu-central-1")["Resources"].values()}
    assert [statement["Sid"] for statement in policy["Statement"]][:2] == ["Stack", "Packages"]
    assert {statement["Sid"] for statement in policy["Statement"][2:]} == {
        resource_type.replace(":", "") for resource_type in types
    }
    for statement in policy["Statement"][2:]:
        services = {action.partition(":")[0] for action in statement["Action"]}
        assert len(services) == 1
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
    pseudo = {
        "Partition": partition,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::URLSuffix": suffix,
    }
    text = json.dumps(template)
    for name, value in pseudo.items():
        text = text.replace(f"${{{name}}}", value)
    # What a parameter may be is for every partition.
    rendered = json.loads(text)
    patterns = [of.pop("AllowedPattern") for of in rendered["Parameters"].values() if "AllowedPattern" in of]
    text = json.dumps(rendered)
    assert set(re.findall(r"\barn:([^:]*):", text)) == {partition}
    for arn in (
        f"arn:{partition}:sns:{region}:123456789012:alarms",
        f"arn:{partition}:iam::123456789012:policy/x/y",
    ):
        assert any(re.fullmatch(pattern, arn) for pattern in patterns)
    hosts = set(re.findall(r"[\w.-]*amazonaws[\w.*]*", text))
    principals = {f"{service}.amazonaws.com" for service in ("events", "lambda", "states")}
    assert hosts == principals | {
        f"secretsmanager.{region}.amazonaws.*"
    }  # principals are the same everywhere
    assert set(re.findall(r"\b(?:eu|us|cn|eusc)-[a-z-]+-\d\b", text)) == {region}


# Alarms.


@pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
def test_an_alarm_says_what_to_do_and_goes_where_the_parameter_says(name):
    alarm = RESOURCES[name]["Properties"]
    assert re.search(r" Runbook: docs/runbooks/[a-z-]+\.md$", alarm["AlarmDescription"])
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], NO_VALUE]}
    assert alarm["AlarmActions"] == alarm["OKActions"] == topic
    assert alarm["TreatMissingData"] == "notBreaching"


def test_each_alarm_has_a_runbook_of_its_own():
    described = [alarm["AlarmDescription"] for alarm in of_type("AWS::CloudWatch::Alarm").values()]
    assert [text.rpartition("/")[2] for text in described] == [
        "dead-letter-queue.md",
        "lost-watch.md",
        "credentials.md",
        "emarsys-unavailable.md",
        "check-function.md",
        "notification.md",
        "inbox.md",
    ]
    assert max(map(len, described)) <= 1024  # CloudWatch's limit


def test_the_alarm_for_lost_watches_does_not_rest_on_events():
    metrics = RESOURCES["LostWatchAlarm"]["Properties"]["Metrics"]
    names = {metric["MetricStat"]["Metric"]["MetricName"] for metric in metrics if "MetricStat" in metric}
    assert names == {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}
