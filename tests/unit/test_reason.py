"""Why an outcome was published: codes for programs, sentences for people."""

from typing import Any

import pytest

from export_watch import reason
from export_watch.reason import REMEDY, ReasonCode
from export_watch.watch import DistributionMethod, ExportStatus, Obstacle, ObstacleCode, Refusal, Refused
from tests.unit.examples import DAY, seen

FTP, SFTP, LOCAL, MAIL = DistributionMethod
AWAY = Obstacle(ObstacleCode.CREDENTIALS_MISSING, "AWS answered HTTP 503", aws_unavailable=True)
OWN = Obstacle(ObstacleCode.RATE_LIMITED, "so it was", remedy="Wait for it.")
ATTEMPT = "To watch this export again, send its event with a new `attempt`."
A_LOCAL_FILE = (
    "done. A local export has nothing to deliver: the file may already be there. Try to download it from the file's "
    "URI. If"
)
A_MAIL = "done. Emarsys has not confirmed that the mail was sent: check the recipient's mailbox. If"
UNCONFIRMED = "account. The deadline came before a second check could confirm it. To watch"
LOGIN = "tries again after an hour: check that the host is up and accepts the login set in Emarsys"

FOR, ON = (
    "has been ready for 1 h 5 min and is not done. ",
    "contact Emarsys Support. The watch goes on for 2 h.",
)


def stuck(method, host="ftp.example.com"):
    return lambda: reason.stuck(method, host, ready_seconds=3900, seconds_to_deadline=7200)


def rejected(refusal):
    return lambda: reason.rejected(refusal)


def expired(last):
    return lambda: reason.expired(last, DAY)


def lost(status):
    return lambda: reason.lost(status)


LONG_HOST = 256 * "x"
REASONS: list[tuple[Any, str, list[str]]] = [
    (stuck(FTP), "ready_too_long", [FOR, "FTP host 'ftp.example.com' is unavailable or refuses", LOGIN, ON]),
    (stuck(SFTP, None), "ready_too_long", ["The SFTP host (Emarsys has not named it) is unavailable", LOGIN]),
    (stuck(FTP, "evil\nhost"), "ready_too_long", ["'evil\\nhost'"]),
    (stuck(FTP, LONG_HOST), "ready_too_long", [f"'{LONG_HOST[1:]}'"]),
    (stuck(LOCAL), "ready_too_long", [A_LOCAL_FILE]),
    (stuck(MAIL), "ready_too_long", [A_MAIL]),
    (reason.export_failed, "export_failed", ["Create it again", "contact Emarsys Support"]),
    (
        rejected(Refusal.EXPORT_NOT_FOUND),
        "export_not_found",
        ["Check the export id and the account.", ATTEMPT],
    ),
    (rejected(Refusal.EXPORT_TYPE_UNSUPPORTED), "export_type_unsupported", ["(4002)", ATTEMPT]),
    (expired(seen(ExportStatus.SCHEDULED)), "still_scheduled", ["Check in Emarsys", ATTEMPT]),
    (expired(seen(ExportStatus.IN_PROGRESS)), "still_in_progress", ["more time"]),
    (expired(seen(ExportStatus.READY)), "ready_too_long", ["check that the host is up"]),
    (expired(seen(ExportStatus.UNKNOWN)), "unexpected_reply", ["read the log of CheckExportFunction"]),
    (expired(Refused(Refusal.EXPORT_NOT_FOUND)), "unexpected_reply", ["(10001)", UNCONFIRMED]),
    (expired(AWAY), "credentials_missing", ["AWS answered HTTP 503.", "the status of AWS."]),
    (expired(OWN), "rate_limited", ["after 1 d; the last check found: so it was. Wait for it."]),
    *((expired(Obstacle(code, "so")), code, [f"so. {REMEDY[code]}", ATTEMPT]) for code in ObstacleCode),
    (lost("FAILED"), "execution_failed", ["failed: nobody watches it any more", ATTEMPT]),
    (lost("TIMED_OUT"), "execution_timed_out", ["timeout: nobody watches it any more"]),
    (lost("ABORTED"), "execution_aborted", ["stopped by an operator: nobody watches it"]),
]


@pytest.mark.parametrize(("why", "code", "words"), REASONS)
def test_a_reason_is_a_code_and_what_to_do(why, code, words):
    assert why().code == code
    message = why().message
    assert [word for word in words if word not in message] == []
    assert message.endswith(".")
    assert message.isprintable()
    assert ".." not in message
    assert "  " not in message


def test_the_table_has_every_code():
    assert {code for _, code, _ in REASONS} == set(ReasonCode)


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
def test_a_duration_is_spelled_in_its_two_largest_units(seconds, spelled):
    assert reason.spell(seconds) == spelled
