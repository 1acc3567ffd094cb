"""A failed execution becomes the notification `lost`: nobody watches its export any more."""

import os
from collections.abc import Mapping
from logging import ERROR, WARNING
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from export_watch import aws, lost_watch, notification
from export_watch.errors import InvalidExecutionError
from export_watch.notification import Notification, Origin
from export_watch.settings import ReportLostWatchSettings
from export_watch.telemetry import Handler, Telemetry


def build(environment: Mapping[str, str], *, sns: Any = None) -> Handler:
    """The handler of an execution environment."""
    settings = ReportLostWatchSettings.from_environment(environment)
    telemetry = Telemetry(environment)
    sns = sns or aws.client("sns")
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def report_lost_watch(record: SQSRecord) -> None:
        """Publish that one watch is lost."""
        try:
            lost = lost_watch.parse(record.body)
        except InvalidExecutionError as error:
            with telemetry.about(message_id=record.message_id):
                message = f"a failed execution cannot be reported: {error}"
                telemetry.log(ERROR, message, {"LostWatchesUnreadable": 1})
            raise
        watch = lost.watch
        origin = Origin(settings.stack, lost.execution_arn)
        with telemetry.about(account=watch.account, export_id=watch.export_id, execution=watch.execution):
            publish(notification.of_lost_watch(watch, lost.reason, lost.failed_at, origin))
            message = f"watch lost: {lost.reason.message}"
            telemetry.log(ERROR, message, {"WatchesLost": 1}, reason=lost.reason.code)

    def publish(published: Notification) -> None:
        attributes = published.attributes.items()
        try:
            sns.publish(
                TopicArn=settings.notification_topic_arn,
                Message=published.message,
                MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes},
            )
        except aws.AwsError as error:
            message = f"`lost` cannot be published, the event will be delivered again: {error}"
            telemetry.log(WARNING, message, {"NotificationsFailed": 1})
            raise

    @telemetry.logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: Any) -> Any:
        """Report each failed execution; records that fail are delivered again, and at last moved to the DLQ."""
        return process_partial_response(event, report_lost_watch, processor, context)

    return handler


handler = build(os.environ)
