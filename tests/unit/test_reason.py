"""Why an outcome was published: codes for programs, sentences for people."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from export_watch import reason
from export_watch.reason import REMEDY, Reason, ReasonCode
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

FOR = "has been ready for 1 h 5 min and is not done. "
ON = "contact Emarsys Support. The watch goes on for 2 h."


LONG_HOST = 256 * "x"
HOST, TIMES = "ftp.example.com", (3900, 7200)
REASONS: list[tuple[Callable[..., Reason], tuple[Any, ...], str, list[str]]] = [
    (reason.stuck, (FTP, HOST, *TIMES), "ready_too_long",
     [FOR, f"FTP host '{HOST}' is unavailable or refuses", LOGIN, ON]),
    (reason.stuck, (SFTP, None, *TIMES), "ready_too_long",
     ["SFTP host (Emarsys has not named it) is unavailable", LOGIN]),
    (reason.stuck, (FTP, "evil\nhost", *TIMES), "ready_too_long", ["'evil\\nhost'"]),
    (reason.stuck, (FTP, LONG_HOST, *TIMES), "ready_too_long", [f"'{LONG_HOST[1:]}'"]),
    (reason.stuck, (LOCAL, HOST, *TIMES), "ready_too_long", [A_LOCAL_FILE]),
    (reason.stuck, (MAIL, HOST, *TIMES), "ready_too_long", [A_MAIL]),
    (reason.export_failed, (), "export_failed", ["Create it again", "contact Emarsys Support"]),
    (reason.rejected, (Refusal.EXPORT_NOT_FOUND,), "export_not_found",
     ["Check the export id and the account.", ATTEMPT]),
    (reason.rejected, (Refusal.EXPORT_TYPE_UNSUPPORTED,), "export_type_unsupported", ["(4002)", ATTEMPT]),
    (reason.expired, (seen(ExportStatus.SCHEDULED), DAY), "still_scheduled", ["Check in Emarsys", ATTEMPT]),
    (reason.expired, (seen(ExportStatus.IN_PROGRESS), DAY), "still_in_progress", ["more time"]),
    (reason.expired, (seen(ExportStatus.READY), DAY), "ready_too_long", ["check that the host is up"]),
    (reason.expired, (seen(ExportStatus.UNKNOWN), DAY), "unexpected_reply", ["read the log of CheckExportFunction"]),
    (reason.expired, (Refused(Refusal.EXPORT_NOT_FOUND), DAY), "unexpected_reply", ["(10001)", UNCONFIRMED]),
    (reason.expired, (AWAY, DAY), "credentials_missing", ["AWS answered HTTP 503.", "the status of AWS."]),
    (reason.expired, (OWN, DAY), "rate_limited", ["after 1 d; the last check found: so it was. Wait for it."]),
    *((reason.expired, (Obstacle(code, "so"), DAY), code, [f"so. {REMEDY[code]}", ATTEMPT]) for code in ObstacleCode),
    (reason.lost, ("FAILED",), "execution_failed", ["failed: nobody watches it any more", ATTEMPT]),
    (reason.lost, ("TIMED_OUT",), "execution_timed_out", ["timeout: nobody watches it any more"]),
    (reason.lost, ("ABORTED",), "execution_aborted", ["stopped by an operator: nobody watches it"]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "about", "code", "words"), REASONS)
def test_a_reason_is_a_code_and_what_to_do(why, about, code, words):
    found = why(*about)
    assert found.code == code
    assert [word for word in words if word not in found.message] == []
    assert found.message.endswith(".")
    assert found.message.isprintable()
    assert not re.search(r"\.\.|  ", found.message)


def test_the_table_has_every_code():
    assert {code for _, _, code, _ in REASONS} == set(ReasonCode)


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
