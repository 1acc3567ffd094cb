"""One look at one export, one decision."""

from logging import ERROR, INFO, WARNING
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from export_watch import clock, notification, state
from export_watch.aws.json_api import DYNAMODB, SECRETS_MANAGER, JsonApi
from export_watch.decision import Decision, decide
from export_watch.emarsys.client import EmarsysClient
from export_watch.emarsys.credentials import CredentialsStore
from export_watch.emarsys.token import TokenStore
from export_watch.emarsys.token_table import DynamoDbTokenTable
from export_watch.http import HttpClient
from export_watch.reason import REMEDY, remedy
from export_watch.schedule import Policy
from export_watch.settings import CheckExportSettings
from export_watch.telemetry import logger, tell
from export_watch.watch import (
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    Refused,
    StatusSeen,
    Watch,
)

settings = CheckExportSettings.from_environment()
http = HttpClient()
http.prepare(settings.emarsys_host)
emarsys = EmarsysClient(
    CredentialsStore(
        JsonApi(http, SECRETS_MANAGER, settings.url_suffix),
        settings.credentials_prefix,
        settings.emarsys_host,
        settings.emarsys_token_url,
    ),
    http,
    TokenStore(http, DynamoDbTokenTable(JsonApi(http, DYNAMODB, settings.url_suffix), settings.token_table)),
)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look at the export of a watch.

    The event holds the `watch` (see export_watch.state) and the `execution_arn`. The answer holds the watch as it
    is remembered, an `outcome` by which the state machine branches (`wait` for none), `wait_seconds`, and the
    `notification` that tells the outcome, or null.
    """
    watch, policy = state.load(event["watch"], event["execution_arn"])
    logger.append_keys(account=watch.account, export_id=watch.export_id, execution=watch.execution)
    report_failures(event["watch"])
    observation = emarsys.look(watch.account, watch.export_id)
    now = clock.now()
    decision = decide(watch, observation, now, policy)
    answered_at = last_answer(event["watch"])
    unanswered_seconds = None if answered_at is None else max(0.0, now - answered_at)
    report_look(observation, decision, is_long(unanswered_seconds, watch, policy))
    told = None
    if decision.outcome:
        report_outcome(decision, unanswered_seconds)
        origin = notification.Origin(settings.stack, event["execution_arn"])
        told = notification.of_decision(decision, decision.outcome, now, origin)
    if not isinstance(observation, Obstacle):
        answered_at = int(now)
    return {
        "watch": {**state.dump(decision.watch, policy), state.ANSWERED_AT: answered_at},
        "outcome": decision.outcome or "wait",
        "wait_seconds": decision.wait_seconds,
        "notification": told and {"message": told.message, "attributes": told.attributes},
    }


def report_failures(watch_state: dict[str, Any]) -> None:
    """Log what the state machine had to catch since the last look that succeeded."""
    if failure := watch_state.get(state.CHECK_FAILURE):
        logger.error(f"the check before this one failed with all its retries: {failure.get('Error')}")
    if failure := watch_state.get(state.STUCK_FAILURE):
        message = f"`stuck` could not be published for an hour: {failure.get('Error')}"
        tell(ERROR, message, {"NotificationsFailed": 1})


def is_long(unanswered_seconds: float | None, watch: Watch, policy: Policy) -> bool:
    """Whether Emarsys has been silent to a watch for so long that a person must see to it.

    An hour since the look that had to follow its last answer, or half of all the time that the watch has.
    """
    longest = min(3600 + policy.max_wait_seconds, (watch.deadline_at - watch.started_at) / 2)
    return unanswered_seconds is not None and unanswered_seconds >= longest


def report_look(observation: Observation, decision: Decision, unanswered_for_long: bool) -> None:
    """Tell what a look found and what follows."""
    level, metrics = INFO, {"Checks": 1.0}
    match observation:
        case StatusSeen(status=ExportStatus.UNKNOWN, export=export):
            word = ascii(str(export.status)[:60])  # from outside
            level = WARNING
            found = (
                f"Emarsys does not document the status {word}. {REMEDY[ObstacleCode.UNEXPECTED_REPLY]} Then"
            )
        case StatusSeen(status=status):
            found = f"status {status}"
        case Refused(refusal=refusal):
            found = f"refused as {refusal}"
        case Obstacle(code=code, detail=detail, aws_unavailable=aws_unavailable):
            needs_a_person = code in _NEED_A_PERSON and not aws_unavailable
            level = ERROR if needs_a_person or unanswered_for_long else WARNING
            metrics |= {"AwsUnavailable": 1} if aws_unavailable else {code.title().replace("_", ""): 1}
            if unanswered_for_long and not needs_a_person:
                metrics["LongUnanswered"] = 1
            found = f"{code}: {detail}. {remedy(observation)} Then"
    if not isinstance(observation, Obstacle) and observation.headroom is not None:
        metrics["RateLimitHeadroom"] = 100 * observation.headroom
    follows = decision.outcome or f"look again in {decision.wait_seconds} s"
    tell(level, f"{found}: {follows}", metrics, checks=decision.watch.checks)


def report_outcome(decision: Decision, unanswered_seconds: float | None) -> None:
    """Tell the outcome. `unanswered_seconds` is how long Emarsys had not been heard, if that is known."""
    metrics = {f"Watches{str(decision.outcome).title()}": 1.0}
    if decision.outcome in _WORDS_OF_EMARSYS and unanswered_seconds is not None:
        metrics["DetectionSeconds"] = unanswered_seconds
    reason = decision.reason and decision.reason.code
    tell(INFO, f"outcome {decision.outcome}", metrics, reason=reason)


def last_answer(watch_state: dict[str, Any]) -> int | None:
    """When Emarsys had not said its final word yet: its last answer, or the start of the watch before the first look.

    So much later at most is a final word seen than it was there. None in a state that an earlier version wrote.
    """
    if not watch_state["checks"]:
        return int(watch_state["started_at"])
    known: int | None = watch_state.get(state.ANSWERED_AT)
    return known


_WORDS_OF_EMARSYS = frozenset({Outcome.DONE, Outcome.ERROR})

_NEED_A_PERSON = frozenset(
    {
        ObstacleCode.CREDENTIALS_MISSING,
        ObstacleCode.CREDENTIALS_REFUSED,
        ObstacleCode.PERMISSION_MISSING,
    }
)
"""Obstacles that do not go away by themselves."""
