"""A failed execution becomes the notification `lost`: nobody watches its export any more."""

import os
from collections.abc import Mapping
from logging import ERROR, WARNING

from export_watch import aws, batch, lost_watch, notification
from export_watch.decision import End
from export_watch.notification import Origin
from export_watch.settings import ReportLostWatchSettings
from export_watch.telemetry import Handler, Telemetry
from export_watch.watch import Outcome


def build(environment: Mapping[str, str]) -> Handler:
    """The handler of an execution environment."""
    settings = ReportLostWatchSettings.from_environment(environment)
    telemetry = Telemetry(environment)
    sns = aws.client("sns")

    def report_lost_watch(body: str) -> None:
        """Publish that one watch is lost."""
        lost = lost_watch.parse(body)
        origin = Origin(settings.stack_name, lost.execution_arn)
        end = End(lost.watch, Outcome.LOST, lost.reason)
        published = notification.of_decision(end, lost.failed_at, origin)
        attributes = published.attributes.items()
        with telemetry.about(**lost.watch.names):
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
            message = f"watch lost: {lost.reason.message}"
            telemetry.log(ERROR, message, {"WatchesLost": 1}, reason=lost.reason.code)

    return batch.handler(
        telemetry, report_lost_watch, "a failed execution cannot be reported", {"LostWatchesUnreadable": 1}
    )


handler = build(os.environ)
