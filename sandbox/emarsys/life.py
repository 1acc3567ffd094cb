"""What there is now: an export that grows older, its status reply and its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.emarsys.reply import Reply, api_data, api_error
from sandbox.emarsys.scenario import ExportPlan

MAX_LIMIT = 10_000_000
_NULLS = {"json": None, "text": "NULL", "empty": ""}


@dataclass(slots=True)
class Life:
    """An export of a server. It begins with the first request about it."""

    export_id: int
    plan: ExportPlan
    began_at: float | None = None
    requests: int = 0

    def touch(self, now: float) -> tuple[float, int]:
        """Counts a request: the export's age in seconds, and the request's number."""
        if self.began_at is None:
            self.began_at = now
        self.requests += 1
        return now - self.began_at, self.requests

    def status(self, age: float) -> str:
        """The status at an age, as it is written in the timeline."""
        return [status for at, status in self.plan.timeline if at <= age][-1]

    def finished(self, age: float) -> bool:
        return self.status(age).strip().lower() == "done"

    def reply(self, age: float) -> Reply:
        """The answer of the status call."""
        plan = self.plan
        served = plan.distribution_method in ("ftp", "sftp")
        data: dict[str, Any] = {
            "id": str(self.export_id),
            "created": plan.created,
            "status": self.status(age),
            "type": plan.type,
            "file_name": plan.file_name if self.finished(age) else None,
            "ftp_host": plan.ftp_host if served else None,
            "ftp_dir": plan.ftp_dir if served else None,
        }
        if plan.null_as == "absent":
            return api_data({key: value for key, value in data.items() if value is not None})
        null = _NULLS[plan.null_as]
        return api_data({key: null if value is None else value for key, value in data.items()})

    def file(self, age: float, paging: Mapping[str, str]) -> Reply:
        """The answer to a request for the file: `limit` contacts from `offset` on, or the refusal."""
        if self.plan.distribution_method != "local":
            return api_error(404, 4004, "The export is not local")
        if not self.finished(age):
            return api_error(404, 4005, "The export is not finished")
        if self.plan.file_name is None:
            return api_error(404, 4006, "The export file does not exist")
        if age >= self.plan.stored_seconds:
            return api_error(410, 4003, "The export file is no longer stored")
        try:  # clients send the keys without values, too
            offset, limit = int(paging.get("offset") or 0), int(paging.get("limit") or MAX_LIMIT)
        except ValueError:
            return api_error(400, 1, "Invalid paging")
        begin = 0 if self.plan.ignores_offset else offset
        rows = range(self.plan.rows)[begin : begin + min(limit, MAX_LIMIT)]
        header = "" if begin else "user_id;email;contact_source\n"
        text = header + "".join(f"{row + 1};contact{row + 1}@example.com;API\n" for row in rows)
        return Reply(200, {"Content-Type": "text/csv;charset=UTF-8"}, text.encode())
