"""Why a watch was told what it was told: codes for programs, sentences for people."""

from dataclasses import replace

import pytest

from export_watch import reason
from export_watch.reason import Reason, ReasonCode
from export_watch.watch import (
    DistributionMethod,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    Refusal,
    Refused,
)
from tests.unit.examples import DAY, seen

CONTRACT = {
    Outcome.STUCK: {"ready_too_long"},
    Outcome.ERROR: {"export_failed"},
    Outcome.REJECTED: {"export_not_found", "export_type_unsupported"},
    Outcome.EXPIRED: {
        "still_scheduled",
        "still_in_progress",
        "ready_too_long",
        "credentials_missing",
        "credentials_refused",
        "permission_missing",
        "rate_limited",
        "emarsys_unavailable",
        "unexpected_reply",
    },
    Outcome.LOST: {"execution_failed", "execution_timed_out", "execution_aborted"},
}
LOST = [ReasonCode.EXECUTION_FAILED, ReasonCode.EXECUTION_TIMED_OUT, ReasonCode.EXECUTION_ABORTED]
LAST_LOOKS: list[Observation] = [
    *(seen(status) for status in ExportStatus if status not in {ExportStatus.DONE, ExportStatus.ERROR}),
    *(Refused(refusal) for refusal in Refusal),
    *(Obstacle(code, "Emarsys answered HTTP 418") for code in ObstacleCode),
    Obstacle(ObstacleCode.CREDENTIALS_MISSING, "AWS answered HTTP 503", aws_unavailable=True),
]


def stuck(method: DistributionMethod, host: str | None = "ftp.example.com") -> Reason:
    return reason.stuck(method, host, ready_seconds=3900, seconds_to_deadline=7200)


def test_the_codes_are_those_of_the_contract() -> None:
    told = {
        Outcome.STUCK: {stuck(method).code for method in DistributionMethod},
        Outcome.ERROR: {reason.export_failed().code},
        Outcome.REJECTED: {reason.rejected(refusal).code for refusal in Refusal},
        Outcome.EXPIRED: {reason.expired(look, DAY).code for look in LAST_LOOKS},
        Outcome.LOST: {reason.lost(code).code for code in LOST},
    }
    assert told == CONTRACT
    assert set(ReasonCode) == set().union(*CONTRACT.values())


@pytest.mark.parametrize("method", [DistributionMethod.FTP, DistributionMethod.SFTP])
def test_stuck_by_ftp_says_which_host_and_what_comes_next(method: DistributionMethod) -> None:
    message = stuck(method).message
    assert "1 h 5 min" in message
    assert f"{method.upper()} host 'ftp.example.com' is unavailable or refuses the login" in message
    assert "tries again after an hour" in message
    assert "contact Emarsys Support" in message
    assert "goes on for 2 h" in message


def test_stuck_by_ftp_says_so_where_the_host_is_unknown() -> None:
    assert "Emarsys has not named it" in stuck(DistributionMethod.FTP, None).message


@pytest.mark.parametrize("method", [DistributionMethod.LOCAL, DistributionMethod.MAIL])
def test_stuck_without_a_host_to_deliver_to_names_none(method: DistributionMethod) -> None:
    message = stuck(method).message
    assert "ftp.example.com" not in message
    assert "host" not in message
    assert "contact Emarsys Support" in message


def test_a_stuck_local_export_may_already_be_there() -> None:
    assert "the file may already be there" in stuck(DistributionMethod.LOCAL).message


def test_a_host_from_the_vendor_is_quoted_and_bounded() -> None:
    message = stuck(DistributionMethod.FTP, "evil\nhost" + "x" * 2000).message
    assert "\n" not in message
    assert len(message) < 1000


def test_an_expired_watch_says_how_long_what_was_last_and_how_to_go_on() -> None:
    message = reason.expired(Obstacle(ObstacleCode.RATE_LIMITED, "Emarsys answered HTTP 429"), DAY).message
    assert "after 1 d" in message
    assert "Emarsys answered HTTP 429" in message
    assert "`attempt`" in message


def test_credentials_that_aws_did_not_hand_out_are_not_said_to_be_missing() -> None:
    look = Obstacle(ObstacleCode.CREDENTIALS_MISSING, "it cannot be read")
    assert "are in its secret" in reason.expired(look, DAY).message
    told = reason.expired(replace(look, aws_unavailable=True), DAY)
    assert told.code is ReasonCode.CREDENTIALS_MISSING
    assert "are in its secret" not in told.message
    assert "the status of AWS" in told.message


@pytest.mark.parametrize("look", LAST_LOOKS, ids=str)
def test_every_message_is_made_of_whole_sentences(look: Observation) -> None:
    message = reason.expired(look, DAY).message
    assert message.endswith(".")
    assert ".." not in message
    assert "  " not in message


@pytest.mark.parametrize("code", LOST)
def test_a_lost_watch_says_that_nobody_watches_any_more(code: ReasonCode) -> None:
    message = reason.lost(code).message
    assert "nobody watches it any more" in message
    assert "`attempt`" in message


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (DAY, "1 d"),
        (DAY + 60, "1 d 1 min"),
        (7 * DAY - 1, "6 d 23 h"),
    ],
)
def test_a_duration_is_spelled_in_its_two_largest_units(seconds: int, spelled: str) -> None:
    assert reason.spell(seconds) == spelled
