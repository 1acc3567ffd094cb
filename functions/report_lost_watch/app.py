"""A dead execution becomes the notification `lost`: nobody watches its export any more."""

from logging import ERROR, WARNING
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from export_watch import lost_watch, notification
from export_watch.aws.client import client
from export_watch.settings import ReportLostWatchSettings
from export_watch.telemetry import logger, tell

settings = ReportLostWatchSettings.from_environment()
sns = client("sns")
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Tell of each dead execution; records that fail are delivered again, and at last lie in the dead-letter queue."""
    return process_partial_response(event, report_lost_watch, processor, context)


def report_lost_watch(record: SQSRecord) -> None:
    """Tell of one dead execution."""
    try:
        dead = lost_watch.parse(record.body)
    except lost_watch.UnreadableDeathError as error:
        message = f"a dead execution cannot be told: {error}"
        tell(ERROR, message, {"LostWatchesUnreadable": 1}, message_id=record.message_id)
        raise
    watch = dead.watch
    with logger.append_context_keys(
        account=watch.account, export_id=watch.export_id, execution=watch.execution
    ):
        origin = notification.Origin(settings.stack, dead.execution_arn)
        told = notification.of_lost_watch(watch, dead.reason, dead.died_at, origin)
        try:
            sns.publish(
                TopicArn=settings.notification_topic_arn,
                Message=told.message,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in told.attributes.items()
                },
            )
        except (BotoCoreError, ClientError) as error:
            message = f"`lost` cannot be published, the event will be delivered again: {error}"
            tell(WARNING, message, {"NotificationsFailed": 1})
            raise
        tell(ERROR, f"watch lost: {dead.reason.message}", {"WatchesLost": 1}, reason=dead.reason.code)
