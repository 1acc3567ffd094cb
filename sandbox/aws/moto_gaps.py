"""What moto lacks: each patch says in a line what AWS does. They are undone when the deployment ends.

A line that begins with `Bug of moto:` can be sent to its maintainers. The patches take hold of moto's insides, so the
version is fixed: another one is refused before anything is patched.
"""

import contextlib
import datetime
import functools
import json
import logging
import random
import threading
import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import botocore.client
import moto
import moto.events.models as events_models
import moto.sqs.models as sqs_models
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.cloudformation.models import Stack
from moto.core.common_models import CloudFormationModel
from moto.events.utils import EventTemplateParser
from moto.moto_api._internal import mock_random
from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser import models as sfn_models
from moto.stepfunctions.parser.asl.component.common.error_name import error_equals_decl
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state as asl_state
from moto.stepfunctions.parser.asl.component.state.choice.comparison import comparison_variable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client, json_path
from moto.stepfunctions.parser.backend import execution as sfn_execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.quotas import is_within_size_quota

from sandbox.aws.client import client
from sandbox.aws.clock import VirtualClock
from sandbox.aws.faults import Faults, NeverAnswered
from sandbox.aws.function import Response
from sandbox.aws.template import REGION

MOTO_VERSION = "5.2.5"


@dataclass(frozen=True, slots=True)
class Reactions:
    """What a deployment does where AWS would act by itself."""

    invoke: Callable[[str, bytes], Response]
    """Runs the function of this name."""
    arrived: Callable[[str, sqs_models.Message], None]
    """A message is in the queue of this ARN."""


@contextlib.contextmanager
def filled(clock: VirtualClock, faults: Faults, reactions: Reactions) -> Iterator[None]:
    """moto with its gaps filled, for a deployment on this clock."""
    if moto.__version__ != MOTO_VERSION:
        raise RuntimeError(
            f"The sandbox takes hold of the insides of moto {MOTO_VERSION}; this is {moto.__version__}."
        )
    mock_random.seed(0)  # the same names and ids in each deployment
    log = logging.getLogger("moto")
    level = log.level
    log.setLevel(logging.CRITICAL)  # it logs every failed state as an error of its own
    try:
        with contextlib.ExitStack() as stack:
            for patches in (
                _lambda(faults, reactions),
                _queues_and_events(reactions),
                _deployments_time(clock),
                _state_machines(),
                _executions(clock),
                _waits(clock),
                _conditions(),
                _made_once(),
            ):
                for owner, name, replacement in patches:
                    stack.enter_context(patch.object(owner, name, replacement))
            yield
    finally:
        log.setLevel(level)


Patch = tuple[Any, str, Any]
"""An owner, the name of one of its attributes, and what takes the attribute's place."""


class Alarm(CloudFormationModel):
    """Bug of moto: CloudFormation does not create AWS::CloudWatch::Alarm."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any
    ) -> "Alarm":
        client("cloudwatch").put_metric_alarm(
            **{"AlarmName": resource_name, **cloudformation_json["Properties"]}
        )
        return cls(resource_name)


def _lambda(faults: Faults, reactions: Reactions) -> Iterator[Patch]:
    # Any call of AWS can fail.
    client_class: Any = botocore.client.BaseClient
    make_api_call = client_class._make_api_call

    def call(own: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        fault = faults.strike(f"{own.meta.service_model.service_name}.{operation}", parameters)
        return fault.answer() if fault else make_api_call(own, operation, parameters)

    yield client_class, "_make_api_call", call

    # A function runs its own code, and an error of it is marked as one.
    def invoke(
        backend: Any, name: str, qualifier: str | None, body: bytes, headers: Any, answered: Any
    ) -> bytes:
        response = reactions.invoke(backend.get_function(name, qualifier).function_name, body)
        if response.failed:
            answered["x-amz-function-error"] = "Unhandled"
        return response.payload

    yield LambdaSimpleBackend, "invoke", invoke


def _queues_and_events(reactions: Reactions) -> Iterator[Patch]:
    # Who waits for messages learns of them.
    add_message = sqs_models.Queue.add_message

    def add_and_react(queue: sqs_models.Queue, message: sqs_models.Message) -> None:
        add_message(queue, message)
        reactions.arrived(queue.queue_arn, message)

    yield sqs_models.Queue, "add_message", add_and_react

    # Bug of moto: GetAtt of an AWS::SQS::Queue does not know `QueueUrl`.
    attribute = sqs_models.Queue.get_cfn_attribute

    def attribute_or_url(queue: sqs_models.Queue, name: str) -> str:
        return queue.physical_resource_id if name == "QueueUrl" else attribute(queue, name)

    yield sqs_models.Queue, "get_cfn_attribute", attribute_or_url
    yield sqs_models.Queue, "has_cfn_attr", lambda name: name in {"Arn", "QueueName", "QueueUrl"}

    # Bug of moto: an event without a transformer loses its `account`, and `<id>` in its detail is replaced.
    parse = EventTemplateParser.parse
    fields = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")

    def whole_event(input_template: str, input_paths_map: Any, event: Any) -> Any:
        if input_template or input_paths_map:
            return parse(input_template, input_paths_map, event)
        return {field: event[field] for field in fields}

    yield EventTemplateParser, "parse", staticmethod(whole_event)

    # Bug of moto: a rule that is disabled still sends to its targets.
    send_to_targets = events_models.Rule.send_to_targets

    def send_if_enabled(rule: events_models.Rule, event: Any, transform_input: bool = True) -> None:
        if rule.state == "ENABLED":
            send_to_targets(rule, event, transform_input)

    yield events_models.Rule, "send_to_targets", send_if_enabled


def _deployments_time(clock: VirtualClock) -> Iterator[Patch]:
    # Messages, events and executions have the deployment's time.
    yield sqs_models, "unix_time", clock.now
    yield sqs_models, "unix_time_millis", lambda: clock.now() * 1000
    yield events_models, "unix_time", clock.now

    # Bug of moto: times in executions are without milliseconds, and `$$.Execution.StartTime` is no text.
    class AwsDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "AwsDatetime":
            return cls.fromtimestamp(clock.now(), tz)

        def isoformat(self, sep: str = "T", timespec: str = "milliseconds") -> str:
            return f"{self:%Y-%m-%d}{sep}{self:%H:%M:%S}.{self.microsecond // 1000:03d}Z"

    shown = types.SimpleNamespace(datetime=AwsDatetime, timezone=datetime.timezone)
    for module in (sfn_models, sfn_execution, asl_state, event_manager):
        yield module, "datetime", shown

    start_details = sfn_execution.Execution.get_start_execution_details

    def details_with_text(execution: Any) -> Any:
        details: Any = start_details(execution)
        details.start_time = execution.start_date.isoformat()
        return details

    yield sfn_execution.Execution, "get_start_execution_details", details_with_text


def _state_machines() -> Iterator[Patch]:
    # Bug of moto: a state machine of CloudFormation is never executed, and its DefinitionSubstitutions are not made.
    def create(
        resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        definition = properties["DefinitionString"]
        for key, value in properties.get("DefinitionSubstitutions", {}).items():
            definition = definition.replace("${" + key + "}", str(value))
        name = properties.get("StateMachineName", resource_name)
        backend = sfn_models.stepfunctions_parser_backends[account_id][region_name]
        return backend.create_state_machine(name, definition, properties["RoleArn"])

    yield StateMachine, "create_from_cloudformation_json", create

    # Bug of moto: StartExecution takes names that are not valid, and inputs of more than 262,144 bytes.
    start_execution = sfn_models.StepFunctionsParserBackend.start_execution

    def start_valid(backend: Any, arn: str, name: str | None, execution_input: str, trace: Any = None) -> Any:
        name = name or str(uuid.uuid4())
        backend._validate_name(name)
        if not is_within_size_quota(execution_input):
            raise InvalidExecutionInput("Invalid Execution Input: longer than 262144 bytes")
        return start_execution(backend, arn, name, execution_input, trace)

    yield sfn_models.StepFunctionsParserBackend, "start_execution", start_valid

    # Bug of moto: `States.ALL` catches `States.Runtime` and `States.DataLimitExceeded`, which AWS never catches by it.
    equals = error_equals_decl.ErrorEqualsDecl._eval_body

    def equals_as_documented(declared: Any, env: Any) -> None:
        error = env.stack[-1]
        equals(declared, env)
        uncaught = error.error_name in {"States.Runtime", "States.DataLimitExceeded"}
        if uncaught and error not in declared.error_names:
            env.stack[-1] = False

    yield error_equals_decl.ErrorEqualsDecl, "_eval_body", equals_as_documented

    # Bug of moto: a Choice whose variable is missing goes to its Default; on AWS the execution fails (States.Runtime).
    def compare(comparison: comparison_variable.ComparisonVariable, env: Any) -> None:
        comparison.variable.eval(env)
        function = comparison.comparison_function
        present = not isinstance(env.stack[-1], NoSuchVariable)
        if not present and function.operator_type != ComparisonOperatorType.IsPresent:
            path = comparison.variable.string_sampler.literal_value
            raise LookupError(
                f"Invalid path '{path}': The choice state's condition path references an invalid value."
            )
        function.eval(env)

    yield comparison_variable.ComparisonVariable, "_eval_body", compare


def _executions(clock: VirtualClock) -> Iterator[Patch]:
    # An execution is a thread of the clock, and all within it happens in that one thread. So a task's TimeoutSeconds
    # does not cut a function short; its own timeout, which is to be the shorter one, does.
    def start(worker: Any) -> None:
        _put_status(worker._execution_communication.execution, clock)
        clock.start(worker._execution_logic)

    yield ExecutionWorker, "start", start
    yield program, "threading", types.SimpleNamespace(Thread=_InlineThread)
    yield execute_state, "Thread", _InlineThread

    # Bug of moto: an execution's changes of status are no events, and StopExecution's error and cause are lost.
    communication_class = sfn_execution.BaseExecutionWorkerCommunication
    terminated = communication_class.terminated

    def terminated_and_put(communication: Any) -> None:
        terminated(communication)
        execution = communication.execution
        state = execution.exec_worker.env.program_state()
        if isinstance(state, ProgramStopped):
            execution.error, execution.cause = state.error or None, state.cause or None
        _put_status(execution, clock)

    yield communication_class, "terminated", terminated_and_put


def _waits(clock: VirtualClock) -> Iterator[Patch]:
    # Waits, the delays of retries and the execution's timeout pass on the clock; StopExecution ends them.
    def pause(env: Any, seconds: float) -> None:
        over = min(clock.now() + seconds, env.sandbox_deadline)
        while env.is_running() and (left := over - clock.now()) > 0:
            clock.sleep(left, env)
        if env.is_running() and clock.now() >= env.sandbox_deadline:
            env.set_timed_out()

    eval_program = program.Program.eval

    def eval_with_deadline(asl: Any, env: Any) -> None:
        timeout = asl.timeout_seconds
        env.sandbox_deadline = clock.now() + (timeout.timeout_seconds if timeout else float("inf"))
        eval_program(asl, env)

    yield program.Program, "eval", eval_with_deadline
    yield WaitFunction, "_wait_interval", lambda _, env, wait_seconds: pause(env, wait_seconds)

    set_stop = Environment.set_stop

    def stop_and_wake(env: Any, *args: Any, **kwargs: Any) -> None:
        set_stop(env, *args, **kwargs)
        clock.wake(env)

    yield Environment, "set_stop", stop_and_wake

    current = threading.local()
    retry = retrier_decl.RetrierDecl._eval_body

    def retry_on_clock(retrier: Any, env: Any) -> None:
        current.env = env
        retry(retrier, env)

    yield retrier_decl.RetrierDecl, "_eval_body", retry_on_clock
    yield retrier_decl, "time", types.SimpleNamespace(sleep=lambda seconds: pause(current.env, seconds))
    yield jitter_strategy_decl, "random", random.Random(0)  # the same delays in each run

    evaluate = execute_state.ExecutionState._evaluate_with_timeout

    def evaluate_on_clock(state: Any, env: Any) -> None:
        try:
            evaluate(state, env)
        except NeverAnswered:
            state.timeout.eval(env=env)
            pause(env, env.stack.pop())
            if env.is_running():
                raise
        except Exception:
            # An execution that was stopped meanwhile has ended: nothing is to be retried or caught.
            if env.is_running():
                raise

    yield execute_state.ExecutionState, "_evaluate_with_timeout", evaluate_on_clock


def _conditions() -> Iterator[Patch]:
    # Bug of moto: a resource whose condition is false does not exist; it lists one without type and name.
    exist = property(lambda stack: [resource for resource in stack.resource_map.values() if resource])
    yield Stack, "stack_resources", exist


def _made_once() -> Iterator[Patch]:
    # moto makes them anew each time: parsing a definition takes 100 ms, a template 40, a client 10, a path 1.
    yield AmazonStateLanguageParser, "parse", staticmethod(_parse_definition)
    yield json_path, "parse", _parse_path
    yield result_path, "parse", _parse_result_path
    # The sandbox writes JSON, and reading it as YAML takes long.
    yield (
        Stack,
        "_parse_template",
        lambda stack: stack.__dict__.update(template_dict=json.loads(stack.template)),
    )
    for module, service in (
        (lambda_eval_utils, "lambda"),
        (state_task_service_sns, "sns"),
        (state_task_service_aws_sdk, "cloudwatch"),
    ):
        made = _client_for(REGION, service)
        yield module, "boto_client_for", functools.partial(lambda client, **_: client, made)


_client_for = functools.cache(boto_client.boto_client_for)
_parse_definition = functools.cache(AmazonStateLanguageParser.parse)
_parse_path = functools.cache(vars(json_path)["parse"])
_parse_result_path = functools.cache(vars(result_path)["parse"])


class _InlineThread:
    """A thread that is over when it has started."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...] = (), daemon: bool = True) -> None:
        self._run: Callable[[], None] | None = functools.partial(target, *args)

    def start(self) -> None:
        run, self._run = self._run, None  # moto keeps its threads for ever: not what they held, too
        if run:
            run()

    def join(self, timeout: float | None = None) -> None:
        return None

    def is_alive(self) -> bool:
        return False


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
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
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
    events_models.events_backends[execution.account_id][execution.region_name].put_events([event])
