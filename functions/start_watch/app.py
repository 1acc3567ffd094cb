"""An export-created event becomes an execution: one watch for each account, export id and attempt."""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from logging import ERROR, INFO, WARNING
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from export_watch import aws, export_created, schedule, state
from export_watch.errors import InvalidEventError
from export_watch.settings import StartWatchSettings
from export_watch.telemetry import Handler, Telemetry
from export_watch.watch import Watch, WatchRequest


def build(
    environment: Mapping[str, str], *, step_functions: Any = None, now: Callable[[], float] = time.time
) -> Handler:
    """The handler of an execution environment. `now` is the watch's clock."""
    settings = StartWatchSettings.from_environment(environment)
    telemetry = Telemetry(environment)
    step_functions = step_functions or aws.client("stepfunctions")
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def start_watch(record: SQSRecord) -> None:
        """Start the watch that a record asks for."""
        try:
            request = export_created.parse(record.body, settings.deadline_seconds)
        except InvalidEventError as error:
            with telemetry.about(message_id=record.message_id):
                telemetry.log(ERROR, f"event refused: {error}", {"EventsRefused": 1})
            raise
        with telemetry.about(
            account=request.account, export_id=request.export_id, execution=request.execution_name
        ):
            if request.ignored_keys:
                telemetry.log(WARNING, export_created.ignored(request))
            start_execution(request)

    def start_execution(request: WatchRequest) -> None:
        watch = Watch.begin(request, now())
        wait_seconds = schedule.first_wait_seconds(watch, settings.policy)
        first_input = {
            "watch": state.dump(watch, settings.policy),
            "wait_seconds": wait_seconds,
            # To the same name and input AWS answers that it has started, for a second time as well; and a message may
            # be delivered twice at once.
            "start": str(uuid.uuid4()),
        }
        try:
            step_functions.start_execution(
                stateMachineArn=settings.state_machine_arn,
                name=request.execution_name,
                input=json.dumps(first_input),
            )
        except aws.AwsError as error:
            if aws.error_name(error) == "ExecutionAlreadyExists":
                telemetry.log(WARNING, _DUPLICATE, {"EventsDuplicate": 1})
                return
            message = f"the execution cannot be started, the event will be delivered again: {error}"
            telemetry.log(WARNING, message, {"StartsFailed": 1})
            raise
        telemetry.log(INFO, "watch started", wait_seconds=wait_seconds, deadline_at=watch.deadline_at)

    @telemetry.logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: Any) -> Any:
        """Start a watch for each record; those that fail are delivered again, and at last moved to the DLQ."""
        return process_partial_response(event, start_watch, processor, context)

    return handler


_DUPLICATE = (
    "event dropped: this export is being watched, or was in the last 90 days. An event that was delivered twice needs "
    "nothing; to watch the export again, send its event with another `attempt`"
)

handler = build(os.environ)
