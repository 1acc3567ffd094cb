"""What an observation means for a watch: a table of checks and what follows."""

from dataclasses import replace

import pytest

from export_watch.decision import Decision, Stuck, Wait, decide
from export_watch.location import File
from export_watch.schedule import Policy
from export_watch.watch import (
    DistributionMethod,
    ExportStatus,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
)
from tests.unit.examples import DAY, DEFAULTS, FILE_URL, STARTED_AT, a_watch, an_export, seen, table

FTP, SFTP, LOCAL, MAIL = DistributionMethod
SCHEDULED, IN_PROGRESS, READY, DONE, ERROR, UNKNOWN = map(seen, ExportStatus)
UNFINISHED = [SCHEDULED, IN_PROGRESS, READY, UNKNOWN]
NOT_FOUND, UNSUPPORTED = map(Refused, Refusal)
OBSTACLES = [Obstacle(code, "something happened") for code in ObstacleCode]
RATE_LIMITED = Obstacle(ObstacleCode.RATE_LIMITED, "Emarsys answered HTTP 429", retry_after_seconds=500)


def after(*checks, watch=None, policy=DEFAULTS):
    """The decision after checks, each made so many seconds after the start. All before the last one go on."""
    decision: Decision = Wait(watch or a_watch(), 0)
    for seconds, observation in checks:
        assert isinstance(decision, Wait | Stuck)
        decision = decide(decision.watch, observation, STARTED_AT + seconds, policy)
    return decision


def said(decision):
    """`wait`, or the outcome with the code of its reason."""
    reason = None if isinstance(decision, Wait) else decision.reason
    return f"{decision.outcome}: {reason.code}" if reason else str(decision.outcome)


REJECTED, STUCK = "rejected: export_not_found", "stuck: ready_too_long"


@table(
    "checks, expected",
    {
        "done ends a watch": ([(0, DONE)], "done"),
        "error ends a watch": ([(0, ERROR)], "error: export_failed"),
        **{f"{found.status} goes on": ([(0, found)], "wait") for found in UNFINISHED},
        **{f"{found.code} goes on": ([(0, found)], "wait") for found in OBSTACLES},
        "a refusal goes on": ([(0, NOT_FOUND)], "wait"),
        "a refusal is not believed for a minute": ([(0, NOT_FOUND), (59.999, NOT_FOUND)], "wait"),
        "a refusal counts after a minute": ([(0, NOT_FOUND), (60, NOT_FOUND)], REJECTED),
        "the other refusal": ([(0, UNSUPPORTED), (500, UNSUPPORTED)], "rejected: export_type_unsupported"),
        "counted from the first": ([(0, NOT_FOUND), (30, NOT_FOUND), (60, NOT_FOUND)], REJECTED),
        "a minute within a second": ([(0.5, NOT_FOUND), (60.5, NOT_FOUND)], "wait"),
        "is never counted short": ([(0.5, NOT_FOUND), (61, NOT_FOUND)], REJECTED),
        "a status begins the minute anew": ([(0, NOT_FOUND), (30, READY), (120, NOT_FOUND)], "wait"),
        "and so it ends later": ([(0, NOT_FOUND), (30, READY), (61, NOT_FOUND), (121, NOT_FOUND)], REJECTED),
        "an obstacle does not": ([(0, NOT_FOUND), (30, RATE_LIMITED), (60, NOT_FOUND)], REJECTED),
        "an obstacle confirms nothing": ([(0, NOT_FOUND), (60, RATE_LIMITED)], "wait"),
        "nor does the other refusal": ([(0, NOT_FOUND), (60, UNSUPPORTED)], "wait"),
        "which touches nothing": ([(0, NOT_FOUND), (60, UNSUPPORTED), (61, NOT_FOUND)], REJECTED),
        "ready is not stuck before its time": ([(100, READY), (3999.9, READY)], "wait"),
        "ready for so long is stuck": ([(100, READY), (4000, READY)], STUCK),
        "within a second never too early": ([(100.5, READY), (4000.9, READY)], "wait"),
        "stuck is published once": ([(100, READY), (4000, READY), (80_000, READY)], "wait"),
        "ready since its first time": ([(100, READY), (200, IN_PROGRESS), (4000, READY)], STUCK),
        "what is ready no longer is not stuck": ([(0, READY), (3900, IN_PROGRESS)], "wait"),
        "nor what may be ready": ([(0, READY), (3900, RATE_LIMITED)], "wait"),
        "but by the next check that sees it": ([(0, READY), (3900, NOT_FOUND), (3950, READY)], STUCK),
        "what was stuck may be done": ([(0, READY), (3900, READY), (3960, DONE)], "done"),
        "the deadline has not come": ([(DAY - 0.5, IN_PROGRESS)], "wait"),
        "scheduled at the deadline": ([(DAY, SCHEDULED)], "expired: still_scheduled"),
        "in progress after it": ([(DAY + 300, IN_PROGRESS)], "expired: still_in_progress"),
        "ready, which is no longer stuck": ([(0, READY), (DAY, READY)], "expired: ready_too_long"),
        "an unknown status": ([(DAY, UNKNOWN)], "expired: unexpected_reply"),
        "a refusal that none confirmed": ([(DAY, NOT_FOUND)], "expired: unexpected_reply"),
        **{f"{each.code} at the deadline": ([(DAY, each)], f"expired: {each.code}") for each in OBSTACLES},
        "done wins over the deadline": ([(DAY + 1000, DONE)], "done"),
        "so does error": ([(DAY, ERROR)], "error: export_failed"),
        "and a refusal": ([(0, NOT_FOUND), (DAY, NOT_FOUND)], REJECTED),
    },
)
def test_a_watch_ends_by_a_final_status_or_at_its_deadline(checks, expected):
    decision = after(*checks)
    assert said(decision) == expected
    assert decision.watch.checks == len(checks)
    assert (decision.wait_seconds >= 1) is (expected in ("wait", STUCK))


@pytest.mark.parametrize("refusal", Refusal)
def test_what_is_remembered_of_a_check(refusal):
    at = STARTED_AT + 100
    found = after((99.5, READY)).watch
    assert found == a_watch(
        checks=1, export=an_export(status="ready"), ready_since=at, answered_at=STARTED_AT + 99
    )
    refused = decide(found, Refused(refusal), at + 0.5, DEFAULTS).watch
    assert refused == replace(found, checks=2, refused_since={refusal: at + 1}, answered_at=at)
    assert decide(refused, RATE_LIMITED, at + 9, DEFAULTS).watch == replace(refused, checks=3)
    again = decide(refused, seen(ExportStatus.READY, file_name="b"), at + 9, DEFAULTS).watch
    export = an_export(status="ready", file_name="b")
    assert again == replace(found, checks=3, export=export, answered_at=at + 9)


def test_done_says_how_the_file_was_delivered_and_where_it_is():
    policy = Policy(default_distribution_method=SFTP)
    file = after((0, seen(ExportStatus.DONE, ftp_dir="out", file_name="a.csv")), policy=policy).file
    assert (file.distribution_method, file.uri) == (SFTP, "sftp://88.99.123.23/~/out/a.csv")
    assert after((0, seen(ExportStatus.DONE, ftp_host="NULL"))).file.uri == FILE_URL
    assert after((0, seen(ExportStatus.DONE, file_name="NULL"))).file is None


@table(
    "announced, file, words",
    {
        "by FTP": (None, None, ["host '88.99.123.23'", "ready for 1 h 5 min", "goes on for 22 h 55 min"]),
        "local": (LOCAL, File("a.csv", LOCAL, None, None, FILE_URL), ["may already be there"]),
    },
)
def test_stuck_names_the_file_where_it_may_be_there_already(announced, file, words):
    ready = seen(ExportStatus.READY, file_name="a.csv")
    stuck = after((0, ready), (3900.5, ready), watch=a_watch(distribution_method=announced))
    assert stuck.file == file
    assert all(word in stuck.reason.message for word in words)


def test_the_parts_of_a_decision_are_of_its_check():
    assert 500 <= after((0, RATE_LIMITED)).wait_seconds <= 560  # its Retry-After
    assert "after 1 d;" in after((DAY + 0.5, IN_PROGRESS)).reason.message


@pytest.mark.parametrize("checks", [[(50, IN_PROGRESS)], [(50, NOT_FOUND)], [(0, READY), (4000, READY)]])
def test_a_rate_limit_that_runs_low_makes_each_wait_longer(checks):
    *before, (seconds, found) = checks
    low = after(*before, (seconds, replace(found, rate_limit=RateLimit(1000, 50))))
    relaxed = after(*before, (seconds, found))
    assert low.wait_seconds > 3 * relaxed.wait_seconds
    assert low == replace(relaxed, wait_seconds=low.wait_seconds)
