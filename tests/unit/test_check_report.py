"""What a check logs and counts: a table of what was found, and the line about it."""

from logging import ERROR, INFO, WARNING

import pytest

from export_watch.check_report import Before, LogLine, lines
from export_watch.decision import decide
from export_watch.watch import (
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
)
from tests.unit.examples import DAY, DEFAULTS, FILE_URL, STARTED_AT, a_watch, an_export, seen

HOUR = 3600


def logged(observation: Observation, seconds: float = 60, before: Before | None = None) -> list[LogLine]:
    """The lines about a check, so many seconds after the start of the watch."""
    before = before or Before(a_watch(), DEFAULTS)
    now = STARTED_AT + seconds
    return list(lines(before, observation, decide(before.watch, observation, now, before.policy), now))


def obstacle(code: ObstacleCode, *, aws_unavailable: bool = False) -> Obstacle:
    return Obstacle(code, "so it was", aws_unavailable=aws_unavailable)


@pytest.mark.parametrize(
    ("observation", "level", "text", "metrics"),
    [
        (seen(ExportStatus.SCHEDULED), INFO, "status scheduled: check again in ", {}),
        (
            StatusSeen(ExportStatus.READY, an_export(), FILE_URL, RateLimit(1000, 250)),
            INFO,
            "status ready: check again in ",
            {"RateLimitHeadroom": 25},
        ),
        (
            StatusSeen(ExportStatus.READY, an_export(), FILE_URL, RateLimit(1000, 500)),
            INFO,
            "status ready: check again in ",
            {},
        ),
        (
            StatusSeen(ExportStatus.READY, an_export(), FILE_URL, odd_fields=("file_name", "ftp_dir")),
            WARNING,
            "status ready (ignored, not of the documented kind: file_name, ftp_dir): check again in ",
            {},
        ),
        (
            StatusSeen(ExportStatus.UNKNOWN, an_export(status="resting\n" * 50), FILE_URL),
            WARNING,
            "Emarsys does not document the status 'resting\\nresting",
            {},
        ),
        (Refused(Refusal.EXPORT_NOT_FOUND), INFO, "refused as export_not_found: check again in ", {}),
        (
            obstacle(ObstacleCode.CREDENTIALS_MISSING),
            ERROR,
            "credentials_missing: so it was. ",
            {"CredentialsMissing": 1, "NeedsAttention": 1},
        ),
        (
            obstacle(ObstacleCode.CREDENTIALS_MISSING, aws_unavailable=True),
            WARNING,
            "credentials_missing: so it was. Mostly this passes by itself",
            {"AwsUnavailable": 1},
        ),
        (
            obstacle(ObstacleCode.CREDENTIALS_REFUSED),
            ERROR,
            "credentials_refused: ",
            {"CredentialsRefused": 1, "NeedsAttention": 1},
        ),
        (
            obstacle(ObstacleCode.PERMISSION_MISSING),
            ERROR,
            "permission_missing: ",
            {"PermissionMissing": 1, "NeedsAttention": 1},
        ),
        (obstacle(ObstacleCode.RATE_LIMITED), WARNING, "rate_limited: ", {"RateLimited": 1}),
        (
            obstacle(ObstacleCode.EMARSYS_UNAVAILABLE),
            WARNING,
            "emarsys_unavailable: ",
            {"EmarsysUnavailable": 1},
        ),
        (obstacle(ObstacleCode.UNEXPECTED_REPLY), WARNING, "unexpected_reply: ", {"UnexpectedReply": 1}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_check_is_one_line(observation, level, text, metrics):
    [line] = logged(observation)
    assert (line.level, line.metrics, line.keys) == (level, metrics, {"checks": 1})
    assert line.message.startswith(text)
    assert line.message.isprintable()


@pytest.mark.parametrize(
    ("status", "delay"),
    [(ExportStatus.DONE, {"DetectionDelay": 60.0}), (ExportStatus.ERROR, {"DetectionDelay": 60.0})],
)
def test_a_final_status_is_counted_with_how_late_it_was_seen_at_most(status, delay):
    check, outcome = logged(seen(status))
    assert check.message == f"status {status}: {status}"
    assert (outcome.level, outcome.message) == (INFO, f"outcome {status}")
    assert outcome.metrics == {f"Watches{str(status).title()}": 1, **delay}


def test_how_late_a_final_status_was_seen_counts_from_the_last_answer_if_that_is_known():
    answered = Before(a_watch(checks=3, answered_at=STARTED_AT + 50), DEFAULTS)
    assert logged(seen(ExportStatus.DONE), 60, answered)[1].metrics["DetectionDelay"] == 10
    back = Before(a_watch(checks=3, answered_at=STARTED_AT + 70), DEFAULTS)
    assert logged(seen(ExportStatus.DONE), 60, back)[1].metrics["DetectionDelay"] == 0
    unknown = Before(a_watch(checks=3, answered_at=None), DEFAULTS)
    assert "DetectionDelay" not in logged(seen(ExportStatus.DONE), 60, unknown)[1].metrics


def test_stuck_and_expired_say_why():
    ready = Before(a_watch(checks=3, ready_since=STARTED_AT), DEFAULTS)
    [check, stuck] = logged(seen(ExportStatus.READY), 3900, ready)
    assert check.message == "status ready: stuck"
    assert (stuck.metrics, stuck.keys) == ({"WatchesStuck": 1}, {"reason": "ready_too_long"})
    [_, expired] = logged(seen(ExportStatus.SCHEDULED), DAY)
    assert (expired.metrics, expired.keys) == ({"WatchesExpired": 1}, {"reason": "still_scheduled"})


@pytest.mark.parametrize(
    ("seconds", "deadline_seconds", "is_long"),
    [
        (HOUR + 899, DAY, False),
        (HOUR + 900, DAY, True),
        (1799, HOUR, False),
        (1800, HOUR, True),
    ],
)
def test_a_long_silence_is_for_a_person_to_see_to(seconds, deadline_seconds, is_long):
    before = Before(a_watch(deadline_at=STARTED_AT + deadline_seconds), DEFAULTS)
    [line] = logged(obstacle(ObstacleCode.EMARSYS_UNAVAILABLE), seconds, before)
    assert line.level == (ERROR if is_long else WARNING)
    assert ("LongUnanswered" in line.metrics) is is_long


def test_what_needs_a_person_is_counted_once():
    [line] = logged(obstacle(ObstacleCode.PERMISSION_MISSING), 10 * HOUR)
    assert line.metrics == {"PermissionMissing": 1, "NeedsAttention": 1}


def test_what_the_state_machine_caught_is_logged_first():
    before = Before(a_watch(), DEFAULTS, check_failure="States.Timeout", stuck_failure="SNS.Throttled")
    check, stuck, _ = logged(seen(ExportStatus.READY), 60, before)
    assert (check.level, check.metrics) == (ERROR, {})
    assert "States.Timeout" in check.message
    assert (stuck.level, stuck.metrics) == (ERROR, {"NotificationsFailed": 1})
    assert "SNS.Throttled" in stuck.message
