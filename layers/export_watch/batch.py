"""What the functions that read a queue have in common: each message is processed by itself."""

from collections.abc import Callable, Mapping
from logging import ERROR
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from export_watch.aws import AwsError
from export_watch.errors import InvalidInputError
from export_watch.telemetry import Handler, Telemetry


def handler(
    telemetry: Telemetry, process: Callable[[str], None], refused: str, metrics: Mapping[str, float]
) -> Handler:
    """A handler that has the body of each message processed.

    A message whose processing raises is delivered again, and at last moved to the DLQ. An InvalidInputError is logged
    as what was `refused`, and counted by `metrics`; what AWS did is logged by who called it, and all else here.
    """
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

    def process_record(record: SQSRecord) -> None:
        try:
            process(record.body)
        except InvalidInputError as error:
            with telemetry.about(message_id=record.message_id):
                telemetry.log(ERROR, f"{refused}: {error}", metrics)
            raise
        except AwsError:
            raise
        except Exception:
            with telemetry.about(message_id=record.message_id):
                telemetry.logger.exception("an unexpected error, the message will be delivered again")
            raise

    def process_batch(event: dict[str, Any], _context: Any) -> Any:
        return process_partial_response(event, process_record, processor)

    return telemetry.handler(process_batch)
