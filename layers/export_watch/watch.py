"""The value types of a watch: what was asked for, what is observed, and what is remembered.

A moment is a whole number of unix seconds (`_at`, `_since`), a duration a number of seconds (`_seconds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Scalar = str | int | float | bool | None


class DistributionMethod(StrEnum):
    """How Emarsys delivers the file, by Emarsys's own names."""

    FTP = "ftp"
    SFTP = "sftp"
    LOCAL = "local"
    MAIL = "mail"


class ExportStatus(StrEnum):
    """The status of an export, as Emarsys documents it, and UNKNOWN for any other."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in progress"
    READY = "ready"
    DONE = "done"
    ERROR = "error"
    UNKNOWN = "unknown"

    @classmethod
    def parse(cls, text: str) -> "ExportStatus":
        """The status that Emarsys reports by this text: `in_progress` and other casing are seen in the wild."""
        word = " ".join(text.replace("_", " ").split()).casefold()
        try:
            return cls(word)
        except ValueError:
            return cls.UNKNOWN


class Refusal(StrEnum):
    """The two refusals of a status call that are final once a second check confirms them."""

    EXPORT_NOT_FOUND = "export_not_found"
    EXPORT_TYPE_UNSUPPORTED = "export_type_unsupported"


class ObstacleCode(StrEnum):
    """Why a check found no status. None of these ever ends a watch."""

    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_REFUSED = "credentials_refused"
    PERMISSION_MISSING = "permission_missing"
    RATE_LIMITED = "rate_limited"
    EMARSYS_UNAVAILABLE = "emarsys_unavailable"
    UNEXPECTED_REPLY = "unexpected_reply"


class Outcome(StrEnum):
    """What subscribers are notified of. All but STUCK end the watch."""

    DONE = "done"
    ERROR = "error"
    STUCK = "stuck"
    REJECTED = "rejected"
    EXPIRED = "expired"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        return self is not Outcome.STUCK


@dataclass(frozen=True, slots=True)
class Export:
    """The documented fields of a reply, verbatim but bounded in length; None where Emarsys left one out."""

    id: Scalar = None
    created: Scalar = None
    status: Scalar = None
    type: Scalar = None
    file_name: Scalar = None
    ftp_host: Scalar = None
    ftp_dir: Scalar = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a reply says of the rate limit that all watches of an API user share.

    `remaining` of `limit` requests are left, 0 <= remaining <= limit, for the next `reset_seconds`; None where the
    reply does not say, or nothing credible.
    """

    limit: float
    remaining: float
    reset_seconds: float | None = None

    @property
    def share(self) -> float:
        """The share of the limit that is left, 0 to 1."""
        return self.remaining / self.limit


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """Emarsys reported a status.

    `file_url` is where the file of a local export is, for example `https://api.emarsys.net/api/v3/export/123/data`.
    `odd_fields` names the fields whose values are of a kind that Emarsys does not document; they are not used.
    """

    status: ExportStatus
    export: Export
    file_url: str
    rate_limit: RateLimit | None = None
    odd_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Emarsys refused to report a status, for a reason that may be final."""

    refusal: Refusal
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The check found no status.

    `detail` says what happened, in our own words (no vendor text, no secret), and `remedy` what to do about it, where
    that does not follow from the code alone. `retry_after_seconds` is how long Emarsys asked to wait, or None. Where
    `aws_unavailable`, AWS was the cause, and the credentials may well be there.
    """

    code: ObstacleCode
    detail: str
    retry_after_seconds: int | None = None
    aws_unavailable: bool = False
    remedy: str = ""

    @property
    def needs_a_person(self) -> bool:
        """Whether it does not pass by itself."""
        return self.code in _NEED_A_PERSON and not self.aws_unavailable


_NEED_A_PERSON = frozenset(
    {ObstacleCode.CREDENTIALS_MISSING, ObstacleCode.CREDENTIALS_REFUSED, ObstacleCode.PERMISSION_MISSING}
)

Observation = StatusSeen | Refused | Obstacle
"""What one check of one export found."""


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """A valid export-created event. `context` is a JSON object; `ignored_keys` are those that mean nothing here."""

    export_id: int
    account: str
    attempt: int
    deadline_seconds: int
    distribution_method: DistributionMethod | None
    context: Mapping[str, Any]
    expected_seconds: int | None = None
    ignored_keys: tuple[str, ...] = ()

    @property
    def execution_name(self) -> str:
        """The name of the watch's execution. An account has no underscore, so no two watches share a name."""
        name = f"{self.account}_{self.export_id}"
        return name if self.attempt == 1 else f"{name}_{self.attempt}"


@dataclass(frozen=True, slots=True)
class Watch:
    """All that is remembered from one check to the next. Its size does not depend on the number of checks.

    `answered_at` is when Emarsys last answered about the export, the start of the watch before the first check; None
    where an earlier version of the code did not say.
    """

    execution: str
    account: str
    export_id: int
    distribution_method: DistributionMethod | None
    context: Mapping[str, Any]
    started_at: int
    deadline_at: int
    checks: int = 0
    ready_since: int | None = None
    stuck_told: bool = False
    refused_since: Mapping[Refusal, int] = field(default_factory=dict)
    export: Export | None = None
    expected_seconds: int | None = None
    answered_at: int | None = None

    @property
    def names(self) -> dict[str, Any]:
        """By what logs and metrics name the watch."""
        return {"account": self.account, "export_id": self.export_id, "execution": self.execution}

    @property
    def status(self) -> ExportStatus | None:
        """The status that Emarsys reported last, None before the first."""
        return None if self.export is None else ExportStatus.parse(str(self.export.status))

    @classmethod
    def begin(cls, request: WatchRequest, now: float) -> "Watch":
        """The watch of a request, as it starts at `now` (unix seconds)."""
        return cls(
            execution=request.execution_name,
            account=request.account,
            export_id=request.export_id,
            distribution_method=request.distribution_method,
            context=request.context,
            started_at=int(now),
            deadline_at=int(now) + request.deadline_seconds,
            expected_seconds=request.expected_seconds,
            answered_at=int(now),
        )
