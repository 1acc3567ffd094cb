"""What moto lacks: each patch says in a line what AWS does. They are applied while a deployment lives.

A line that begins with `Bug of moto:` can be sent to its maintainers. The patches take hold of moto's insides, so the
version is fixed: another one is refused before anything is patched.
"""

import collections
import contextlib
import datetime
import functools
import json
import logging
import random
import threading
import types
import uuid
from collections.abc import Callable, Iterator
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import moto
from moto.core.common_models import CloudFormationModel
from moto.events.models import events_backends
from moto.moto_api._internal import mock_random
from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.quotas import is_within_size_quota

from sandbox.aws.client import client
from sandbox.aws.clock import VirtualClock
from sandbox.aws.faults import NeverAnswered

if TYPE_CHECKING:
    from sandbox.aws.deployment import Deployment

MOTO_VERSION = "5.2.5"

_LANGUAGE = "moto.stepfunctions.parser.asl"
_EXECUTION = "moto.stepfunctions.parser.backend.execution"


@contextlib.contextmanager
def filled(deployment: "Deployment") -> Iterator[None]:
    """moto with its gaps filled, for a deployment."""
    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(
            f"The sandbox takes hold of the insides of moto {MOTO_VERSION}; this is {moto.__version__}."
        )
    mock_random.seed(0)  # the same names and ids in each deployment
    log = logging.getLogger("moto")
    with _Gaps() as gaps:
        gaps.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL)  # it logs every failed state as an error of its own
        _calls(gaps, deployment)
        _queues_and_events(gaps, deployment)
        _resources(gaps)
        _times(gaps, deployment.clock)
        _language(gaps)
        _executions(gaps, deployment.clock)
        _waits(gaps, deployment.clock)
        _made_once(gaps)
        yield


class _Gaps(contextlib.ExitStack):
    """Patches, each by the name of what is replaced, until the stack is closed."""

    def replace(self, name: str, replacement: Any) -> None:
        self.enter_context(patch(name, replacement))

    def around(self, name: str) -> Callable[[Callable[..., Any]], None]:
        """Puts a function in the place of another one, which it is passed before the arguments."""
        original = resolve_name(name)

        def put(function: Callable[..., Any]) -> None:
            self.replace(name, lambda *args, **options: function(original, *args, **options))

        return put


def _calls(gaps: _Gaps, deployment: "Deployment") -> None:
    # Any call of AWS can fail.
    @gaps.around("botocore.client.BaseClient._make_api_call")
    def call(original: Any, caller: Any, operation: str, parameters: Any) -> Any:
        service = caller.meta.service_model.service_name
        fault = deployment.faults.strike(f"{service}.{operation}", parameters)
        return fault.answer() if fault else original(caller, operation, parameters)

    # A function runs its own code, and an error of it is marked as one.
    @gaps.around("moto.awslambda_simple.models.LambdaSimpleBackend.invoke")
    def invoke(_: Any, backend: Any, name: str, qualifier: Any, body: bytes, __: Any, headers: Any) -> bytes:
        function = deployment.functions[backend.get_function(name, qualifier).function_name]
        response = function.invoke(body)
        if response.failed:
            headers["x-amz-function-error"] = "Unhandled"
        return response.payload


def _queues_and_events(gaps: _Gaps, deployment: "Deployment") -> None:
    # Who waits for messages learns of them.
    @gaps.around("moto.sqs.models.Queue.add_message")
    def add_and_react(original: Any, queue: Any, message: Any) -> None:
        original(queue, message)
        deployment.arrived(queue.queue_arn, message)

    # Bugs of moto: a rule that is disabled still sends to its targets; an event for a target without a transformer, as
    # all are here, loses its `account`, and `<id>` in it is replaced.
    @gaps.around("moto.events.models.Rule.send_to_targets")
    def send_whole_if_enabled(original: Any, rule: Any, event: Any) -> None:
        del event["ingestion-time"]
        if rule.state == "ENABLED":
            original(rule, event, transform_input=False)


class Alarm(CloudFormationModel):
    """Bug of moto: CloudFormation does not create AWS::CloudWatch::Alarm."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any
    ) -> "Alarm":
        client("cloudwatch").put_metric_alarm(
            **{"AlarmName": resource_name, **cloudformation_json["Properties"]}
        )
        return cls(resource_name)


def _resources(gaps: _Gaps) -> None:
    # Bug of moto: a resource whose condition is false does not exist; it lists one without type and name.
    exist = property(lambda stack: [resource for resource in stack.resource_map.values() if resource])
    gaps.replace("moto.cloudformation.models.Stack.stack_resources", exist)

    # Bug of moto: GetAtt of an AWS::SQS::Queue does not know `QueueUrl`.
    @gaps.around("moto.sqs.models.Queue.get_cfn_attribute")
    def attribute_or_url(original: Any, queue: Any, name: str) -> str:
        return str(queue.physical_resource_id if name == "QueueUrl" else original(queue, name))

    gaps.replace("moto.sqs.models.Queue.has_cfn_attr", lambda name: name in {"Arn", "QueueName", "QueueUrl"})

    # Bug of moto: a state machine of CloudFormation is never executed, and its DefinitionSubstitutions are not made.
    def create(resource_name: str, resource: Any, account_id: str, region_name: str, **_: Any) -> Any:
        properties = resource["Properties"]
        definition = properties["DefinitionString"]
        for key, value in properties.get("DefinitionSubstitutions", {}).items():
            definition = definition.replace("${" + key + "}", str(value))
        name = properties.get("StateMachineName", resource_name)
        backend = stepfunctions_parser_backends[account_id][region_name]
        return backend.create_state_machine(name, definition, properties["RoleArn"])

    gaps.replace("moto.stepfunctions.models.StateMachine.create_from_cloudformation_json", create)


def _times(gaps: _Gaps, clock: VirtualClock) -> None:
    # Messages, events and executions have the deployment's time.
    gaps.replace("moto.sqs.models.unix_time", clock.now)
    gaps.replace("moto.sqs.models.unix_time_millis", lambda: clock.now() * 1000)
    gaps.replace("moto.events.models.unix_time", clock.now)

    # Bug of moto: times in executions are without milliseconds.
    class AwsDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "AwsDatetime":
            return cls.fromtimestamp(clock.now(), tz)

        def isoformat(self, sep: str = "T", timespec: str = "milliseconds") -> str:
            return f"{self:%Y-%m-%d}{sep}{self:%H:%M:%S}.{self.microsecond // 1000:03d}Z"

    shown = types.SimpleNamespace(datetime=AwsDatetime, timezone=datetime.timezone)
    for module in (
        "moto.stepfunctions.parser.models",
        _EXECUTION,
        f"{_LANGUAGE}.eval.event.event_manager",
    ):
        gaps.replace(f"{module}.datetime", shown)


def _language(gaps: _Gaps) -> None:
    # Bug of moto: StartExecution takes names that are not valid, and inputs of more than 262,144 bytes.
    @gaps.around("moto.stepfunctions.parser.models.StepFunctionsParserBackend.start_execution")
    def start_valid(original: Any, backend: Any, arn: str, name: str | None, given: str, *args: Any) -> Any:
        name = name or str(uuid.uuid4())
        backend._validate_name(name)
        if not is_within_size_quota(given):
            raise InvalidExecutionInput("Invalid Execution Input: longer than 262144 bytes")
        return original(backend, arn, name, given, *args)

    # Bug of moto: `States.ALL` catches `States.Runtime` and `States.DataLimitExceeded`, which AWS never catches by it.
    @gaps.around(f"{_LANGUAGE}.component.common.error_name.error_equals_decl.ErrorEqualsDecl._eval_body")
    def equals_as_documented(original: Any, declared: Any, env: Any) -> None:
        error = env.stack[-1]
        original(declared, env)
        uncaught = error.error_name in {"States.Runtime", "States.DataLimitExceeded"}
        if uncaught and error not in declared.error_names:
            env.stack[-1] = False

    # Bug of moto: a Choice whose variable is missing goes to its Default; on AWS the execution fails (States.Runtime).
    @gaps.around(
        f"{_LANGUAGE}.component.state.choice.comparison.comparison_variable.ComparisonVariable._eval_body"
    )
    def compare(_: Any, comparison: Any, env: Any) -> None:
        comparison.variable.eval(env)
        function = comparison.comparison_function
        present = not isinstance(env.stack[-1], NoSuchVariable)
        if not present and function.operator_type != ComparisonOperatorType.IsPresent:
            path = comparison.variable.string_sampler.literal_value
            raise LookupError(
                f"Invalid path '{path}': The choice state's condition path references an invalid value."
            )
        function.eval(env)


def _executions(gaps: _Gaps, clock: VirtualClock) -> None:
    # An execution is a thread of the clock, and all within it happens in that one thread. So a task's TimeoutSeconds
    # does not cut a function short; its own timeout, which is to be the shorter one, does.
    @gaps.around("moto.stepfunctions.parser.backend.execution_worker.ExecutionWorker.start")
    def start(_: Any, worker: Any) -> None:
        _put_status(worker._execution_communication.execution, clock)
        clock.start(worker._execution_logic)

    task = f"{_LANGUAGE}.component.state.exec.execute_state"
    gaps.replace(f"{task}.Thread", lambda target, daemon: types.SimpleNamespace(start=target))
    gaps.replace(f"{task}.TMP_THREADS", collections.deque(maxlen=0))  # moto keeps all threads for ever

    # Bug of moto: an execution's changes of status are no events, and StopExecution's error and cause are lost.
    @gaps.around(f"{_EXECUTION}.BaseExecutionWorkerCommunication.terminated")
    def terminated_and_put(original: Any, communication: Any) -> None:
        original(communication)
        execution = communication.execution
        state = execution.exec_worker.env.program_state()
        if isinstance(state, ProgramStopped):
            execution.error, execution.cause = state.error or None, state.cause or None
        _put_status(execution, clock)


def _waits(gaps: _Gaps, clock: VirtualClock) -> None:
    # Waits, the delays of retries and the execution's timeout pass on the clock; StopExecution ends them.
    current = threading.local()  # an execution's environment, and its deadline, in its thread

    def pause(seconds: float) -> None:
        env, deadline = current.env, current.deadline
        over = min(clock.now() + seconds, deadline)
        while env.is_running() and (left := over - clock.now()) > 0:
            clock.sleep(left, env)
        if env.is_running() and clock.now() >= deadline:
            env.set_timed_out()

    @gaps.around(f"{_LANGUAGE}.component.program.program.Program.eval")
    def eval_with_deadline(_: Any, program: Any, env: Any) -> None:
        timeout = program.timeout_seconds
        current.env = env
        current.deadline = clock.now() + (timeout.timeout_seconds if timeout else float("inf"))
        env.next_state_name = program.start_at.start_at_name
        EvalComponent.eval(program, env)

    @gaps.around(f"{_LANGUAGE}.component.state.wait.wait_function.wait_function.WaitFunction._wait_interval")
    def wait(_: Any, __: Any, env: Any, wait_seconds: float) -> None:
        pause(wait_seconds)

    retries = f"{_LANGUAGE}.component.common.retry"
    gaps.replace(f"{retries}.retrier_decl.time", types.SimpleNamespace(sleep=pause))
    # The same delays in each run.
    gaps.replace(f"{retries}.jitter_strategy_decl.random", random.Random(0))

    @gaps.around(f"{_LANGUAGE}.eval.environment.Environment.set_stop")
    def stop_and_wake(original: Any, env: Any, *args: Any, **options: Any) -> None:
        original(env, *args, **options)
        clock.wake(env)

    @gaps.around(f"{_LANGUAGE}.component.state.exec.execute_state.ExecutionState._evaluate_with_timeout")
    def evaluate_on_clock(original: Any, state: Any, env: Any) -> None:
        try:
            original(state, env)
        except Exception as error:
            if isinstance(error, NeverAnswered):
                state.timeout.eval(env=env)
                pause(env.stack.pop())
            # An execution that was stopped meanwhile has ended: nothing is to be retried or caught.
            if env.is_running():
                raise


def _made_once(gaps: _Gaps) -> None:
    # moto makes them anew each time: parsing a definition takes 100 ms, a template 40, a client 10, a path 1. In the
    # demo that would be half as much time again.
    definitions = f"{_LANGUAGE}.parse.asl_parser.AmazonStateLanguageParser.parse"
    gaps.replace(definitions, staticmethod(_parse_definition))
    gaps.replace(f"{_LANGUAGE}.utils.json_path.parse", _parse_path)
    clients = types.SimpleNamespace(client=lambda service_name, **_: client(service_name))
    gaps.replace(f"{_LANGUAGE}.utils.boto_client.boto3", clients)

    # The sandbox writes JSON, and reading it as YAML takes long.
    def read_json(stack: Any) -> None:
        stack.template_dict = json.loads(stack.template)

    gaps.replace("moto.cloudformation.models.Stack._parse_template", read_json)


_parse_definition = functools.cache(AmazonStateLanguageParser.parse)
_parse_path = functools.cache(vars(json_path)["parse"])


def _put_status(execution: Any, clock: VirtualClock) -> None:
    """Puts the event `Step Functions Execution Status Change`, in the form that AWS documents."""
    output = None if execution.output is None else json.dumps(execution.output, separators=(",", ":"))
    failed = execution.status in ("FAILED", "TIMED_OUT", "ABORTED")
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": int(execution.start_date.timestamp() * 1000),
        "stopDate": execution.stop_date and int(execution.stop_date.timestamp() * 1000),
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "output": output,
        "outputDetails": None if output is None else {"included": True},
        **dict.fromkeys(("stateMachineVersionArn", "stateMachineAliasArn", "redriveDate")),
        "redriveCount": 0,
        "redriveStatus": "REDRIVABLE" if failed else "NOT_REDRIVABLE",
        "redriveStatusReason": None if failed else f"Execution is {execution.status}",
        "error": execution.error,
        "cause": execution.cause,
    }
    event = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Detail": json.dumps(detail),
        "Resources": [execution.exec_arn],
        "Time": clock.now(),
    }
    events_backends[execution.account_id][execution.region_name].put_events([event])
