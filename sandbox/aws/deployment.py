"""A deployed template: EventBridge, SQS, Lambda, Step Functions and SNS in one process, on one clock."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import Message, sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.aws.client import client
from sandbox.aws.clock import VirtualClock
from sandbox.aws.event_source import EventSource
from sandbox.aws.faults import Faults
from sandbox.aws.findings import Execution, Notification, QueueMessage
from sandbox.aws.function import Function
from sandbox.aws.logs import Logs
from sandbox.aws.template import REGION

EXPORT_CREATED = "Emarsys Export Created"
ENTRY_LIMIT_BYTES = 1_048_576
"""EventBridge's quota of 1 MB for an entry of PutEvents."""


class EventNotPutError(ValueError):
    """EventBridge did not take an event."""


class Deployment:
    """What `deploy` yields. Nothing happens but in `run`.

    Attributes
    ----------
    parameters, outputs
        The values of the template's parameters and outputs.
    notifications
        What was published on the topic of the output `NotificationTopicArn`, in order. `listeners` are called with
        each, in the thread that published it.
    deliveries
        The messages that came to the queues of functions, in order.
    logs
        What the functions printed. They are known by their folders: `logs.of("check_export")`.
    faults
        Ways to make AWS fail.
    """

    def __init__(self, clock: VirtualClock, parameters: Mapping[str, str]) -> None:
        self.clock = clock
        self.parameters = parameters
        self.logs = Logs(clock.now)
        self.faults = Faults(clock.now)
        self.notifications: list[Notification] = []
        self.deliveries: list[QueueMessage] = []
        self.listeners: list[Callable[[Notification], None]] = []
        self.outputs: Mapping[str, str] = {}
        self.functions: dict[str, Function] = {}
        self.sources: dict[str, EventSource] = {}
        self.subscriber_arn = ""

    def run(self, until: float | None = None, timeout_seconds: float | None = None) -> bool:
        """Lets the deployment work until nothing is left to do, and says whether nothing is.

        It returns early at `until`, which is on the deployment's clock, and after `timeout_seconds` of real time.
        """
        return self.clock.run(until, timeout_seconds)

    def announce(
        self, detail: Mapping[str, Any], *, source: str = "sandbox", detail_type: str = EXPORT_CREATED
    ) -> str:
        """Puts an export-created event on the bus that the template listens to; returns the event's id."""
        return self.put_event({"source": source, "detail-type": detail_type, "detail": detail})

    def put_event(self, event: Mapping[str, Any]) -> str:
        """Puts an event of this source, detail-type and detail (an object, or its JSON); returns its id.

        An object is written as the functions write JSON: what is no JSON value, like NaN, is refused.

        Raises
        ------
        EventNotPutError
            Where EventBridge refuses it.
        """
        detail = event["detail"]
        try:
            text = detail if isinstance(detail, str) else json.dumps(detail, allow_nan=False)
        except ValueError as error:
            raise EventNotPutError(f"the detail is no JSON: {error}") from error
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": text,
            "EventBusName": self.parameters.get("EventBusName", "default"),
        }
        if sum(len(text.encode("utf-8", "surrogatepass")) for text in entry.values()) > ENTRY_LIMIT_BYTES:
            raise EventNotPutError(f"the event is longer than {ENTRY_LIMIT_BYTES} bytes")
        result = self.client("events").put_events(Entries=[entry])["Entries"][0]
        if "EventId" not in result:
            raise EventNotPutError(f"{result['ErrorCode']}: {result['ErrorMessage']}")
        return str(result["EventId"])

    def executions(self) -> list[Execution]:
        """All executions, in the order in which they were started."""
        return [
            Execution(
                name=execution.name,
                arn=execution.exec_arn,
                status=execution.status,
                input=execution.input_data,
                output=execution.output,
                error=execution.error,
                cause=execution.cause,
                started_at=execution.start_date.timestamp(),
                ended_at=execution.stop_date and execution.stop_date.timestamp(),
            )
            for execution in self._executions()
        ]

    def history(self, name: str) -> list[dict[str, Any]]:
        """The events of an execution, as GetExecutionHistory has them."""
        return list(self._find(name).to_history_output()["events"])

    def stop(self, name: str, error: str = "", cause: str = "") -> None:
        """StopExecution, as an operator would; it takes effect in the next `run`."""
        execution = self._find(name)
        if execution.exec_worker.env is None:  # started, but not begun
            self.clock.run(until=self.clock.now())
        execution.stop(stop_date=execution.start_date, error=error, cause=cause)

    def dead_letters(self) -> list[QueueMessage]:
        """The messages in the queue of the output `DeadLetterQueueUrl`; they stay there."""
        name = self.outputs["DeadLetterQueueUrl"].rpartition("/")[2]
        queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[name]
        return [_message(message) for message in queue._messages]

    def put_secret(self, account: str, secret: Mapping[str, Any] | str) -> None:
        """Stores or replaces an account's credentials; a string is stored verbatim."""
        name = f"{self.parameters.get('CredentialsPrefix', 'emarsys')}/{account}"
        text = secret if isinstance(secret, str) else json.dumps(secret)
        secrets = self.client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=text)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=text)

    def function(self, label: str) -> Function:
        """The function of this folder."""
        return next(function for function in self.functions.values() if function.label == label)

    def client(self, service: str) -> Any:
        """A boto3 client of this deployment's AWS."""
        return client(service)

    def arrived(self, queue_arn: str, message: Message) -> None:
        """A message came to a queue: whoever waits for it learns of it."""
        if queue_arn == self.subscriber_arn:
            given = message.message_attributes.items()
            attributes = {name: value.get("StringValue") or value["string_value"] for name, value in given}
            notification = Notification(attributes, message.body, self.clock.now())
            self.notifications.append(notification)
            for listener in self.listeners:
                listener(notification)
        elif source := self.sources.get(queue_arn):
            self.deliveries.append(_message(message))
            source.arrived()

    def _executions(self) -> list[Any]:
        backend = stepfunctions_parser_backends[DEFAULT_ACCOUNT_ID][REGION]
        return list(backend.describe_state_machine(self.outputs["StateMachineArn"]).executions)

    def _find(self, name: str) -> Any:
        known = {execution.name: execution for execution in self._executions()}
        if name not in known:
            raise KeyError(f"no execution is named {name}; there are: {', '.join(known)}")
        return known[name]


def _message(message: Message) -> QueueMessage:
    return QueueMessage(message.id, message.body, message.approximate_receive_count)
