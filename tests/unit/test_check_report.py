"""What a check logs and counts: a table of what was found, and the lines about it."""

from dataclasses import replace
from logging import ERROR, INFO, WARNING

from export_watch.check_report import Before, LogLine, lines
from export_watch.decision import decide
from export_watch.reason import REMEDY, remedy
from export_watch.watch import ExportStatus, Obstacle, ObstacleCode, RateLimit, Refusal, Refused
from tests.unit.examples import DAY, DEFAULTS, STARTED_AT, a_watch, an_export, seen, table

HOUR = 3600
READY, DONE, FAILED = seen(ExportStatus.READY), seen(ExportStatus.DONE), seen(ExportStatus.ERROR)
LOW, HALF = (replace(READY, rate_limit=RateLimit(1000, left)) for left in (250, 500))
ODD = replace(READY, odd_fields=("file_name", "ftp_dir"))
STRANGE = replace(seen(ExportStatus.UNKNOWN), export=an_export(status=f"é\n{99 * 'x'}"))
REFUSED = Refused(Refusal.EXPORT_NOT_FOUND, RateLimit(1000, 0))
UNAVAILABLE = Obstacle(ObstacleCode.EMARSYS_UNAVAILABLE, "so it was")
IN_AWS = Obstacle(ObstacleCode.CREDENTIALS_MISSING, "so it was", aws_unavailable=True)
IGNORED = "ignored, not of the documented kind"
UNDOCUMENTED = (
    rf"Emarsys does not document the status '\xe9\n{58 * 'x'}'. {REMEDY[ObstacleCode.UNEXPECTED_REPLY]} Then"
)
PERSON = {"NeedsAttention": 1}


def logged(observation, seconds=60, before=None, **watch):
    """The lines about a check, so many seconds after the start of the watch."""
    before, now = before or Before(a_watch(**watch), DEFAULTS), STARTED_AT + seconds
    return list(lines(before, observation, decide(before.watch, observation, now, before.policy), now))


@table(
    "observation, level, text, metrics",
    {
        "a status": (READY, INFO, "status ready", {}),
        "little left of the limit": (LOW, INFO, "status ready", {"RateLimitHeadroom": 25}),
        "half of the limit left": (HALF, INFO, "status ready", {}),
        "odd fields": (ODD, WARNING, f"status ready ({IGNORED}: file_name, ftp_dir)", {}),
        "an unknown status, bounded and escaped": (STRANGE, WARNING, UNDOCUMENTED, {}),
        "a refusal": (REFUSED, INFO, "refused as export_not_found", {"RateLimitHeadroom": 0}),
    },
)
def test_a_check_that_was_answered_is_one_line(observation, level, text, metrics):
    decision = decide(a_watch(), observation, STARTED_AT + 60, DEFAULTS)
    message = f"{text}: check again in {decision.wait_seconds} s"
    assert logged(observation) == [LogLine(level, message, metrics, {"checks": 1})]


@table(
    "code, level, metrics",
    {
        "credentials_missing": ("credentials_missing", ERROR, {"CredentialsMissing": 1} | PERSON),
        "credentials_refused": ("credentials_refused", ERROR, {"CredentialsRefused": 1} | PERSON),
        "permission_missing": ("permission_missing", ERROR, {"PermissionMissing": 1} | PERSON),
        "rate_limited": ("rate_limited", WARNING, {"RateLimited": 1}),
        "emarsys_unavailable": ("emarsys_unavailable", WARNING, {"EmarsysUnavailable": 1}),
        "unexpected_reply": ("unexpected_reply", WARNING, {"UnexpectedReply": 1}),
        "AWS is away": ("credentials_missing", WARNING, {"AwsUnavailable": 1}),
    },
)
def test_an_obstacle_is_one_line_that_says_what_to_do(code, level, metrics):
    obstacle = Obstacle(ObstacleCode(code), "so it was", aws_unavailable="AwsUnavailable" in metrics)
    [line] = logged(obstacle)
    assert (line.level, line.metrics, line.keys) == (level, metrics, {"checks": 1})
    assert line.message.startswith(f"{code}: so it was. {remedy(obstacle)} Then: check again in ")


@table(
    "observation, watch, outcome, reason, delay",
    {
        "done": (DONE, {}, "Done", None, {"DetectionDelay": 60}),
        "error": (FAILED, {}, "Error", "export_failed", {"DetectionDelay": 60}),
        "late": (DONE, {"answered_at": STARTED_AT + 50}, "Done", None, {"DetectionDelay": 10}),
        "a clock went back": (DONE, {"answered_at": STARTED_AT + 70}, "Done", None, {"DetectionDelay": 0}),
        "no answer is known": (DONE, {"answered_at": None}, "Done", None, {}),
        "stuck": (READY, {"ready_since": STARTED_AT - DAY}, "Stuck", "ready_too_long", {}),
        "expired": (READY, {"deadline_at": STARTED_AT}, "Expired", "ready_too_long", {}),
    },
)
def test_an_outcome_is_a_line_with_how_late_a_final_status_was_seen_at_most(
    observation, watch, outcome, reason, delay
):
    name = outcome.lower()
    check, line = logged(observation, **watch)
    assert check.message == f"status {observation.status}: {name}"
    assert line == LogLine(INFO, f"outcome {name}", {f"Watches{outcome}": 1} | delay, {"reason": reason})


@table(
    "observation, seconds, deadline_seconds, is_long",
    {
        "not within an hour and the longest wait": (UNAVAILABLE, HOUR + 899, DAY, False),
        "after them": (UNAVAILABLE, HOUR + 900, DAY, True),
        "not in the first half of a short watch": (UNAVAILABLE, 1799, HOUR, False),
        "in the second": (UNAVAILABLE, 1800, HOUR, True),
        "AWS is away for long": (IN_AWS, HOUR + 900, DAY, True),
    },
)
def test_a_long_silence_is_for_a_person_to_see_to(observation, seconds, deadline_seconds, is_long):
    [line] = logged(observation, seconds, deadline_at=STARTED_AT + deadline_seconds)
    assert line.level == (ERROR if is_long else WARNING)
    assert line.metrics.get("LongUnanswered") == (1 if is_long else None)


def test_what_needs_a_person_is_counted_once():
    [line] = logged(Obstacle(ObstacleCode.PERMISSION_MISSING, "so it was"), 10 * HOUR)
    assert line.metrics == {"PermissionMissing": 1} | PERSON


def test_what_the_state_machine_caught_is_logged_first():
    check, stuck, _ = logged(READY, 60, Before(a_watch(), DEFAULTS, "States.Timeout", "SNS.Throttled"))
    assert (check.level, check.metrics, "States.Timeout" in check.message) == (ERROR, {}, True)
    assert (stuck.level, stuck.metrics) == (ERROR, {"NotificationsFailed": 1})
    assert "SNS.Throttled" in stuck.message
