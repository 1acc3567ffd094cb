"""A Lambda function that is subscribed to the topic: each notification is processed once.

It is deployed by subscriber.yaml, with the layer of Powertools and a table of what was processed.
"""

import json
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import SNSEvent, event_source
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="subscriber")
table = DynamoDBPersistenceLayer(os.environ["IDEMPOTENCY_TABLE"])
once = IdempotencyConfig(event_key_jmespath="[source, id]", expires_after_seconds=7 * 86_400)


@event_source(data_class=SNSEvent)
def handler(event: SNSEvent, context: LambdaContext) -> None:
    """One record for each notification; SNS tries again where this raises."""
    once.register_lambda_context(context)
    for record in event.records:
        process(notification=json.loads(record.sns.message))


@idempotent_function(data_keyword_argument="notification", persistence_store=table, config=once)  # type: ignore[untyped-decorator]
def process(notification: dict[str, Any]) -> None:
    """The work. A repeated notification, the same `source` and `id`, does not come here."""
    data = notification["data"]
    match data["outcome"]:
        case "done":
            logger.info("file", file=data["file"], job=data["context"].get("job"))
        case "stuck":
            logger.warning(data["reason"]["message"])  # not the end: another notification will come
        case _:
            logger.error(data["reason"]["message"], code=data["reason"]["code"])
