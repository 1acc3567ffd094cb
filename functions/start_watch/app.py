"""An announced export becomes an execution: one watch for each account, export id and attempt."""

import json
from logging import ERROR, INFO, WARNING
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from export_watch import clock, export_created, schedule, state
from export_watch.aws.client import client
from export_watch.settings import StartWatchSettings
from export_watch.telemetry import logger, tell
from export_watch.watch import Watch, WatchRequest

settings = StartWatchSettings.from_environment()
step_functions = client("stepfunctions")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Start a watch for each record; those that fail are delivered again, and at last lie in the dead-letter queue."""
    return process_partial_response(event, start_watch, processor, context)


def start_watch(record: SQSRecord) -> None:
    """Start the watch that one record asks for."""
    try:
        request = export_created.parse(record.body, settings.deadline_seconds)
    except export_created.InvalidEventError as error:
        tell(ERROR, f"event refused: {error}", {"EventsRefused": 1}, message_id=record.message_id)
        raise
    with logger.append_context_keys(
        account=request.account, export_id=request.export_id, execution=request.execution_name
    ):
        start_execution(request)


def start_execution(request: WatchRequest) -> None:
    """Start the execution of a request, unless its name is taken: then it is being watched, or has been."""
    watch = Watch.begin(request, clock.now())
    first_input = {
        "watch": state.dump(watch, settings.policy),
        "wait_seconds": schedule.first_wait_seconds(watch, settings.policy),
    }
    try:
        step_functions.start_execution(
            stateMachineArn=settings.state_machine_arn,
            name=request.execution_name,
            input=json.dumps(first_input),
        )
    except step_functions.exceptions.ExecutionAlreadyExists:
        tell(
            WARNING,
            "event dropped: this export is watched already, or was in the last 90 days. An event that was "
            "delivered twice needs nothing; to watch the export again, announce it with a higher `attempt`",
            {"EventsDuplicate": 1},
        )
    except (BotoCoreError, ClientError) as error:
        message = f"the execution cannot be started, the event will be delivered again: {error}"
        tell(WARNING, message, {"StartsFailed": 1})
        raise
    else:
        tell(
            INFO,
            "watch started",
            {"WatchesStarted": 1},
            wait_seconds=first_input["wait_seconds"],
            deadline_at=watch.deadline_at,
        )
