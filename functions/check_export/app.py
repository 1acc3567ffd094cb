"""One check of one export, one decision."""

import gc

gc.disable()  # what is imported stays: to look for garbage in it is a tenth of a cold start

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from export_watch import aws, check_report, notification, state
from export_watch.decision import Wait, decide
from export_watch.emarsys.client import Emarsys, EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable
from export_watch.notification import Origin
from export_watch.settings import CheckExportSettings
from export_watch.telemetry import Handler, Telemetry
from export_watch.transport import Urllib3Client


def build(
    environment: Mapping[str, str], *, emarsys: Emarsys | None = None, now: Callable[[], float] = time.time
) -> Handler:
    """The handler of an execution environment. `now` is the watch's clock, and nothing else's."""
    settings = CheckExportSettings.from_environment(environment)
    telemetry = Telemetry(environment)
    emarsys = emarsys or connect(settings)

    def check_export(event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Check the export of a watch: gather, decide, apply.

        The event holds the `watch` (see export_watch.state) and the `execution_arn`. The answer holds the watch as it
        is remembered, an `outcome` by which the state machine branches (`wait` for none), `wait_seconds`, and the
        `notification` to publish, or null.
        """
        execution_arn = event["execution_arn"]
        before = state.load(event["watch"], execution_arn)
        watch, policy = before.watch, before.policy
        with telemetry.about(**watch.names):
            observation = emarsys.check(watch.account, watch.export_id)
            checked_at = now()

            decision = decide(watch, observation, checked_at, policy)

            for line in check_report.lines(before, observation, decision, checked_at):
                telemetry.log(line.level, line.message, line.metrics, **line.keys)
            answer = {
                "watch": state.dump(decision.watch, policy),
                "outcome": decision.outcome,
                "wait_seconds": decision.wait_seconds,
                "notification": None,
            }
            if not isinstance(decision, Wait):
                origin = Origin(settings.stack_name, execution_arn)
                answer["notification"] = asdict(notification.of_decision(decision, checked_at, origin))
            return answer

    return telemetry.handler(check_export)


def connect(settings: CheckExportSettings) -> Emarsys:
    """The real Emarsys, with the credentials and the tokens that AWS keeps."""
    http = Urllib3Client()
    credentials = CredentialsStore(
        aws.client("secretsmanager"),
        settings.credentials_prefix,
        settings.emarsys_host,
        settings.emarsys_token_url,
    )
    tokens = TokenStore(http, DynamoDbTokenTable(aws.client("dynamodb"), settings.token_table))
    return EmarsysClient(credentials, http, tokens)


handler = build(os.environ)
gc.enable()
gc.freeze()
