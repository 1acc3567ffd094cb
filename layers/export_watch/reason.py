"""Why an outcome was published: a code for programs, and a sentence or two for people.

A message says what happened and what to do next. It holds no text of the vendor's but the FTP host, which is
quoted and bounded.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from export_watch.watch import (
    DistributionMethod,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Refusal,
    Refused,
    StatusSeen,
)


class ReasonCode(StrEnum):
    """The codes of the notification's contract."""

    READY_TOO_LONG = "ready_too_long"
    EXPORT_FAILED = "export_failed"
    EXPORT_NOT_FOUND = "export_not_found"
    EXPORT_TYPE_UNSUPPORTED = "export_type_unsupported"
    STILL_SCHEDULED = "still_scheduled"
    STILL_IN_PROGRESS = "still_in_progress"
    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_REFUSED = "credentials_refused"
    PERMISSION_MISSING = "permission_missing"
    RATE_LIMITED = "rate_limited"
    EMARSYS_UNAVAILABLE = "emarsys_unavailable"
    UNEXPECTED_REPLY = "unexpected_reply"
    EXECUTION_FAILED = "execution_failed"
    EXECUTION_TIMED_OUT = "execution_timed_out"
    EXECUTION_ABORTED = "execution_aborted"


@dataclass(frozen=True, slots=True)
class Reason:
    code: ReasonCode
    message: str


_WATCH_AGAIN = "To watch this export again, send its event with a new `attempt`."

REMEDY = {
    ObstacleCode.CREDENTIALS_MISSING: (
        "Check that the account's credentials are in its secret in AWS Secrets Manager, and that CheckExportFunction "
        "may read it and use the token table."
    ),
    ObstacleCode.CREDENTIALS_REFUSED: "Check the account's API credentials in Emarsys against its secret.",
    ObstacleCode.PERMISSION_MISSING: "Grant the permission export.status to the API credentials in Emarsys.",
    ObstacleCode.RATE_LIMITED: (
        "Send fewer export-created events at once, or have SAP raise the limit. It may be one for the account and the "
        "resource, so other credentials may not help."
    ),
    ObstacleCode.EMARSYS_UNAVAILABLE: (
        "Check that the Emarsys host is right and reachable; a failure of Emarsys is on https://status.emarsys.com."
    ),
    ObstacleCode.UNEXPECTED_REPLY: "Check that the Emarsys host is right, and read the log of CheckExportFunction.",
}

_AWS_UNAVAILABLE = (
    "Mostly this passes by itself; if it lasts, check that the function can reach AWS, and the status of AWS."
)

_REFUSAL = {
    Refusal.EXPORT_NOT_FOUND: "Emarsys knows no export of this id (10001). Check the export id and the account.",
    Refusal.EXPORT_TYPE_UNSUPPORTED: "Emarsys reports no status for exports of this type (4002).",
}


_UNFINISHED = {
    ExportStatus.SCHEDULED: (
        ReasonCode.STILL_SCHEDULED,
        "the export is still scheduled.",
        "Check in Emarsys what it waits for.",
    ),
    ExportStatus.IN_PROGRESS: (
        ReasonCode.STILL_IN_PROGRESS,
        "the export is still in progress.",
        "It may only need more time.",
    ),
    ExportStatus.READY: (
        ReasonCode.READY_TOO_LONG,
        "the export is ready, but Emarsys has not confirmed its delivery.",
        "A local file may already be there; else check that the host is up and accepts the login set in Emarsys.",
    ),
}

_UNDOCUMENTED = (
    ReasonCode.UNEXPECTED_REPLY,
    "the export has a status that Emarsys does not document.",
    REMEDY[ObstacleCode.UNEXPECTED_REPLY],
)

_FAILED_EXECUTION = {
    "FAILED": (ReasonCode.EXECUTION_FAILED, "failed"),
    "TIMED_OUT": (ReasonCode.EXECUTION_TIMED_OUT, "ran into its timeout"),
    "ABORTED": (ReasonCode.EXECUTION_ABORTED, "was stopped by an operator"),
}


def export_failed() -> Reason:
    """Emarsys's status `error`."""
    return Reason(
        ReasonCode.EXPORT_FAILED,
        "Emarsys reports that the export failed. Create it again; if it fails again, contact Emarsys Support.",
    )


def rejected(refusal: Refusal) -> Reason:
    """A refusal that a second check confirmed."""
    return Reason(ReasonCode(refusal.value), f"{_REFUSAL[refusal]} The watch has ended. {_WATCH_AGAIN}")


def stuck(
    method: DistributionMethod, host: str | None, ready_seconds: int, seconds_to_deadline: int
) -> Reason:
    """An export that has been `ready` for `ready_seconds`; `host` is its FTP host, if Emarsys named one."""
    match method:
        case DistributionMethod.FTP | DistributionMethod.SFTP:
            name = f"host {host[:255]!r}" if host else "host (Emarsys has not named it)"
            what = (
                f"The {method.upper()} {name} is unavailable or refuses the login. Emarsys tries again after an "
                "hour: check that the host is up and accepts the login set in Emarsys."
            )
        case DistributionMethod.LOCAL:
            what = (
                "A local export has nothing to deliver: the file may already be there. Try to download it from "
                "the file's URI."
            )
        case DistributionMethod.MAIL:
            what = "Emarsys has not confirmed that the mail was sent: check the recipient's mailbox."
        case _:
            assert_never(method)
    return Reason(
        ReasonCode.READY_TOO_LONG,
        f"The export has been ready for {spell(ready_seconds)} and is not done. {what} If it stays ready, "
        f"contact Emarsys Support. The watch goes on for {spell(seconds_to_deadline)}.",
    )


def expired(last: Observation, watched_seconds: int) -> Reason:
    """The deadline came; `last` is what the last check found."""
    code, obstacle, advice = _last_obstacle(last)
    return Reason(
        code,
        f"The deadline came after {spell(watched_seconds)}; the last check found: {obstacle} {advice} {_WATCH_AGAIN}",
    )


def _last_obstacle(last: Observation) -> tuple[ReasonCode, str, str]:
    match last:
        case StatusSeen(status=status):
            return _UNFINISHED.get(status, _UNDOCUMENTED)
        case Refused(refusal=refusal):
            return (
                ReasonCode.UNEXPECTED_REPLY,
                _REFUSAL[refusal],
                "The deadline came before a second check could confirm it.",
            )
        case Obstacle(code=code, detail=detail):
            return ReasonCode(code.value), f"{detail}.", remedy(last)
        case _:
            assert_never(last)


def remedy(obstacle: Obstacle) -> str:
    """What to do about an obstacle, in a sentence."""
    return _AWS_UNAVAILABLE if obstacle.aws_unavailable else obstacle.remedy or REMEDY[obstacle.code]


def lost(execution_status: str) -> Reason:
    """The execution failed, for a reason of AWS's or an operator's. Raises KeyError for the status of another one."""
    code, happened = _FAILED_EXECUTION[execution_status]
    return Reason(
        code,
        f"The execution that watched this export {happened}: nobody watches it any more, and what became of the "
        f"export is unknown. {_WATCH_AGAIN}",
    )


def spell(seconds: int) -> str:
    """A duration in the largest two units that it fills: `2 d 3 h`, `1 h 5 min`, `59 s`."""
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
