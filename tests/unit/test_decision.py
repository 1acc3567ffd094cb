"""What an observation means for a watch: a table of checks and what follows."""

from dataclasses import dataclass, replace
from itertools import pairwise

import pytest

from export_watch.decision import Decision, End, Stuck, Wait, decide
from export_watch.location import File
from export_watch.reason import Reason, ReasonCode
from export_watch.watch import (
    DistributionMethod,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
    Watch,
)
from tests.unit.examples import DAY, DEFAULTS, FILE_URL, STARTED_AT, a_watch, an_export, seen

NOT_FOUND = Refused(Refusal.EXPORT_NOT_FOUND)
UNSUPPORTED = Refused(Refusal.EXPORT_TYPE_UNSUPPORTED)
OBSTACLES = [Obstacle(code, "something happened") for code in ObstacleCode]
UNFINISHED = [ExportStatus.SCHEDULED, ExportStatus.IN_PROGRESS, ExportStatus.READY, ExportStatus.UNKNOWN]
DONE_BY_FTP = File(
    name="clicks_3931993_1_en-df0ef2.csv",
    distribution_method=DistributionMethod.FTP,
    host="88.99.123.23",
    directory="folder/subfolder",
    uri="ftp://88.99.123.23/folder/subfolder/clicks_3931993_1_en-df0ef2.csv",
)


@dataclass(frozen=True)
class Last:
    """A decision, with what its kind does not have as None."""

    decision: Decision

    @property
    def outcome(self) -> Outcome | None:
        return None if isinstance(self.decision, Wait) else self.decision.outcome

    @property
    def reason(self) -> Reason | None:
        return None if isinstance(self.decision, Wait) else self.decision.reason

    @property
    def file(self) -> File | None:
        return None if isinstance(self.decision, Wait) else self.decision.file

    @property
    def watch(self) -> Watch:
        return self.decision.watch

    @property
    def wait_seconds(self) -> int:
        assert not isinstance(self.decision, End)
        return self.decision.wait_seconds


def after(*checks: tuple[float, Observation], watch: Watch | None = None) -> Last:
    """The last decision of checks, each made so many seconds after the start. All before it must go on."""
    decision: Decision = Wait(watch or a_watch(), 0)
    for seconds, observation in checks:
        assert isinstance(decision, Wait | Stuck)
        decision = decide(decision.watch, observation, STARTED_AT + seconds, DEFAULTS)
    return Last(decision)


def code_of(last: Last) -> ReasonCode | None:
    return None if last.reason is None else last.reason.code


def test_done_ends_the_watch_with_the_place_of_the_file() -> None:
    decision = after((0, seen(ExportStatus.DONE)))
    assert (decision.outcome, decision.reason, decision.file) == (Outcome.DONE, None, DONE_BY_FTP)
    assert decision.watch == a_watch(checks=1, export=an_export())


@pytest.mark.parametrize("file_name", [None, "NULL", "null", "", " "])
def test_done_without_a_file_name_names_no_file(file_name: str | None) -> None:
    decision = after((0, seen(ExportStatus.DONE, file_name=file_name)))
    assert (decision.outcome, decision.file) == (Outcome.DONE, None)


@pytest.mark.parametrize(
    ("announced", "ftp_host", "effective"),
    [
        (None, "88.99.123.23", DistributionMethod.FTP),
        (None, "", DistributionMethod.LOCAL),
        (None, None, DistributionMethod.LOCAL),
        (None, "NULL", DistributionMethod.LOCAL),
        (DistributionMethod.SFTP, "88.99.123.23", DistributionMethod.SFTP),
        (DistributionMethod.LOCAL, "88.99.123.23", DistributionMethod.LOCAL),
        (DistributionMethod.MAIL, "88.99.123.23", DistributionMethod.MAIL),
        (DistributionMethod.FTP, None, DistributionMethod.FTP),
    ],
)
def test_what_was_announced_wins_over_what_the_reply_says(
    announced: DistributionMethod | None, ftp_host: str | None, effective: DistributionMethod
) -> None:
    look = (0.0, seen(ExportStatus.DONE, ftp_host=ftp_host))
    file = after(look, watch=a_watch(distribution_method=announced)).file
    assert file
    assert file.distribution_method is effective


def test_error_ends_the_watch() -> None:
    decision = after((0, seen(ExportStatus.ERROR)))
    assert (decision.outcome, code_of(decision), decision.file) == (
        Outcome.ERROR,
        ReasonCode.EXPORT_FAILED,
        None,
    )


@pytest.mark.parametrize("observation", [*map(seen, UNFINISHED), NOT_FOUND, UNSUPPORTED, *OBSTACLES], ids=str)
def test_whatever_is_no_final_status_goes_on(observation: Observation) -> None:
    decision = after((0, observation))
    assert (decision.outcome, decision.reason, decision.file) == (None, None, None)
    assert decision.wait_seconds >= 1
    assert decision.watch.checks == 1


@pytest.mark.parametrize("refused", [NOT_FOUND, UNSUPPORTED])
@pytest.mark.parametrize(
    ("second_check", "outcome"), [(59, None), (59.999, None), (60, Outcome.REJECTED), (500, Outcome.REJECTED)]
)
def test_a_refusal_counts_once_it_was_first_seen_60_seconds_ago(
    refused: Refused, second_check: float, outcome: Outcome | None
) -> None:
    decision = after((0, refused), (second_check, refused))
    assert decision.outcome is outcome
    if outcome:
        assert code_of(decision) == refused.refusal.value


def test_a_refusal_is_counted_from_its_first_sight_not_its_last() -> None:
    assert after((0, NOT_FOUND), (30, NOT_FOUND), (60, NOT_FOUND)).outcome is Outcome.REJECTED


def test_a_refusal_first_seen_within_a_second_is_never_counted_short() -> None:
    assert after((0.5, NOT_FOUND), (60.4, NOT_FOUND)).outcome is None
    assert after((0.5, NOT_FOUND), (61, NOT_FOUND)).outcome is Outcome.REJECTED


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_status_in_between_begins_the_confirmation_of_a_refusal_anew(status: ExportStatus) -> None:
    looks: list[tuple[float, Observation]] = [(0, NOT_FOUND), (30, seen(status)), (61, NOT_FOUND)]
    assert after(*looks).outcome is None
    assert after(*looks, (120, NOT_FOUND)).outcome is None
    assert after(*looks, (121, NOT_FOUND)).outcome is Outcome.REJECTED


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: obstacle.code)
def test_an_obstacle_in_between_does_not_touch_the_confirmation_of_a_refusal(obstacle: Obstacle) -> None:
    assert after((0, NOT_FOUND), (30, obstacle), (60, NOT_FOUND)).outcome is Outcome.REJECTED
    assert after((0, NOT_FOUND), (60, obstacle)).outcome is None


def test_one_refusal_does_not_confirm_the_other() -> None:
    assert after((0, NOT_FOUND), (60, UNSUPPORTED)).outcome is None
    assert after((0, NOT_FOUND), (60, UNSUPPORTED), (61, NOT_FOUND)).outcome is Outcome.REJECTED
    decision = after((0, NOT_FOUND), (30, UNSUPPORTED), (90, UNSUPPORTED))
    assert code_of(decision) is ReasonCode.EXPORT_TYPE_UNSUPPORTED


def test_ready_for_longer_than_the_threshold_is_published_once() -> None:
    ready = seen(ExportStatus.READY)
    assert after((100, ready), (3999, ready)).outcome is None
    decision = after((100, ready), (4000, ready))
    assert (decision.outcome, code_of(decision)) == (Outcome.STUCK, ReasonCode.READY_TOO_LONG)
    assert decision.wait_seconds >= 1
    later = after((100, ready), (4000, ready), (4001, ready))
    assert later.outcome is None
    assert after((100, ready), (4000, ready), (80_000, ready)).outcome is None


def test_the_check_before_the_stuck_moment_waits_for_exactly_that_moment() -> None:
    now, watch = 0, a_watch()
    while True:
        decision = decide(watch, seen(ExportStatus.READY), STARTED_AT + now, DEFAULTS)
        if not isinstance(decision, Wait):
            break
        watch, now = decision.watch, now + decision.wait_seconds
    assert (decision.outcome, now) == (Outcome.STUCK, 3900)


def test_an_export_that_was_stuck_may_still_be_done() -> None:
    ready = seen(ExportStatus.READY)
    assert after((0, ready), (3900, ready), (3960, seen(ExportStatus.DONE))).outcome is Outcome.DONE


def test_ready_since_is_set_once_and_never_reset() -> None:
    ready, working = seen(ExportStatus.READY), seen(ExportStatus.IN_PROGRESS)
    decision = after((100, ready), (200, working), (300, NOT_FOUND), (400, ready))
    assert decision.watch.ready_since == STARTED_AT + 100
    assert after((100, ready), (200, working), (4000, ready)).outcome is Outcome.STUCK


@pytest.mark.parametrize("observation", [seen(ExportStatus.IN_PROGRESS), NOT_FOUND, *OBSTACLES], ids=str)
def test_stuck_is_published_by_the_first_check_after_its_moment_that_finds_ready(
    observation: Observation,
) -> None:
    looks: list[tuple[float, Observation]] = [(0, seen(ExportStatus.READY)), (3900, observation)]
    assert after(*looks).outcome is None
    assert after(*looks, (3950, seen(ExportStatus.READY))).outcome is Outcome.STUCK


def test_a_stuck_export_by_ftp_names_no_file() -> None:
    decision = after((0, seen(ExportStatus.READY)), (3900, seen(ExportStatus.READY)))
    assert decision.file is None
    assert decision.reason
    assert "88.99.123.23" in decision.reason.message


def test_a_stuck_local_export_carries_the_uri_of_its_file_and_names_no_host() -> None:
    watch = a_watch(distribution_method=DistributionMethod.LOCAL)
    ready = seen(ExportStatus.READY, file_name=None)
    decision = after((0, ready), (3900, ready), watch=watch)
    assert decision.outcome is Outcome.STUCK
    assert decision.file == File(None, DistributionMethod.LOCAL, None, None, FILE_URL)
    assert decision.reason
    assert "88.99.123.23" not in decision.reason.message
    assert "may already be there" in decision.reason.message


@pytest.mark.parametrize(
    ("observation", "code"),
    [
        (seen(ExportStatus.SCHEDULED), ReasonCode.STILL_SCHEDULED),
        (seen(ExportStatus.IN_PROGRESS), ReasonCode.STILL_IN_PROGRESS),
        (seen(ExportStatus.READY), ReasonCode.READY_TOO_LONG),
        (seen(ExportStatus.UNKNOWN), ReasonCode.UNEXPECTED_REPLY),
        (NOT_FOUND, ReasonCode.UNEXPECTED_REPLY),
        (UNSUPPORTED, ReasonCode.UNEXPECTED_REPLY),
        *((obstacle, ReasonCode(obstacle.code.value)) for obstacle in OBSTACLES),
    ],
    ids=str,
)
@pytest.mark.parametrize("late_seconds", [0, 0.5, 300])
def test_the_deadline_ends_the_watch_with_the_last_obstacle(
    observation: Observation, code: ReasonCode, late_seconds: float
) -> None:
    assert after((DAY - 0.5, observation)).outcome is None
    decision = after((DAY + late_seconds, observation))
    assert (decision.outcome, code_of(decision), decision.file) == (Outcome.EXPIRED, code, None)


@pytest.mark.parametrize(
    ("looks", "outcome"),
    [
        ([(DAY, seen(ExportStatus.DONE))], Outcome.DONE),
        ([(DAY + 1000, seen(ExportStatus.DONE))], Outcome.DONE),
        ([(DAY, seen(ExportStatus.ERROR))], Outcome.ERROR),
        ([(0, NOT_FOUND), (DAY, NOT_FOUND)], Outcome.REJECTED),
        ([(0, NOT_FOUND), (DAY, UNSUPPORTED)], Outcome.EXPIRED),
    ],
)
def test_the_check_comes_first_so_a_final_status_wins_over_the_deadline(
    looks: list[tuple[float, Observation]], outcome: Outcome
) -> None:
    assert after(*looks).outcome is outcome


def test_an_obstacle_s_rate_limit_is_waited_for() -> None:
    limited = Obstacle(ObstacleCode.RATE_LIMITED, "Emarsys answered HTTP 429", retry_after_seconds=500)
    assert 500 <= after((0, limited)).wait_seconds <= 560


@pytest.mark.parametrize("found", [seen(ExportStatus.IN_PROGRESS), NOT_FOUND])
def test_a_rate_limit_that_runs_low_makes_the_wait_longer(found: StatusSeen | Refused) -> None:
    relaxed, low = after((50, found)), after((50, replace(found, rate_limit=RateLimit(1000, 50))))
    assert low.wait_seconds > 5 * relaxed.wait_seconds
    assert low.watch == relaxed.watch


def test_a_rate_limit_that_runs_low_makes_the_wait_after_stuck_longer() -> None:
    ready = seen(ExportStatus.READY)
    relaxed, low = (
        after((0, ready), (4000, ready)),
        after((0, ready), (4000, replace(ready, rate_limit=RateLimit(1000, 50)))),
    )
    assert (relaxed.outcome, low.outcome) == (Outcome.STUCK, Outcome.STUCK)
    assert relaxed.wait_seconds < 300
    assert 810 < low.wait_seconds <= 900  # not five times as long: MaxWaitSeconds


def test_what_is_remembered_of_an_export_is_the_last_reply() -> None:
    first = after((0, seen(ExportStatus.SCHEDULED, file_name=None)), (10, OBSTACLES[0]))
    assert first.watch.export == an_export(status="scheduled", file_name=None)
    second = after((0, seen(ExportStatus.SCHEDULED)), (10, seen(ExportStatus.READY)))
    assert second.watch.export == an_export(status="ready")


def test_each_check_is_counted() -> None:
    looks: list[tuple[float, Observation]] = [(n * 100, o) for n, o in enumerate(OBSTACLES)]
    counts = [after(*looks[:n]).watch.checks for n in range(1, len(looks) + 1)]
    assert all(later == earlier + 1 for earlier, later in pairwise(counts))


def test_the_same_check_leads_to_the_same_decision() -> None:
    looks: list[tuple[float, Observation]] = [(0, NOT_FOUND), (30, seen(ExportStatus.READY))]
    assert after(*looks) == after(*looks)
