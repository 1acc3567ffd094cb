"""The sample notifications of events/notifications/, made by the project's own code.

Each is a whole watch: an export-created event is parsed, Emarsys answers as a script says, and what is published
first is the sample. `python -m tests.contract.notification_samples` writes the files anew.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from export_watch import export_created, lost_watch, notification, state
from export_watch.decision import End, Wait, decide
from export_watch.emarsys.reply import interpret
from export_watch.notification import Notification, Origin
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.transport import Reply
from export_watch.watch import Outcome, Watch
from tests.contract.schemas import EVENTS, read

STARTED_AT = datetime(2026, 11, 23, 16, 50, 1, tzinfo=UTC).timestamp()
POLICY = Policy()
EXECUTIONS = "arn:aws:states:eu-central-1:123456789012:execution:ExportWatchStateMachine-kX3nT7Lr2Qbd"

Script = Mapping[int, str | Reply]
"""From so many seconds after the start of the watch on Emarsys reports a status, or replies something else."""

ON_SERVER = {"created": "2026-11-23 17:49:58", "ftp_host": "88.99.123.23", "ftp_dir": "folder/subfolder"}
NOWHERE = {**ON_SERVER, "ftp_host": "", "ftp_dir": ""}
RESPONSES = {"file_name": "clicks_3931993_1_en-df0ef2.csv"}
CONTACTS = {"type": "Registrations", "file_name": "Neue Kontakte 100 %.csv"}

DONE: Script = {0: "scheduled", 30: "in progress", 700: "ready", 840: "done"}
ERROR: Script = {**DONE, 840: "error"}
READY: Script = {0: "in progress", 60: "ready"}
UNKNOWN: Script = {0: Reply(400, {}, b'{"replyCode": 10001, "replyText": "Invalid export ID", "data": ""}')}
FORBIDDEN: Script = {0: Reply(403, {}, b"<html>Forbidden</html>")}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each sample's name, and the sample."""
    created, full, local, other = (
        read(EVENTS / f"export-created{name}.json") for name in ("", "-full", "-local", "-other-account")
    )
    by_mail = created | {"detail": created["detail"] | {"distribution_method": "mail"}}
    for name, event, script, fields in (
        ("done-ftp", created, DONE, ON_SERVER | RESPONSES),
        ("done-sftp", full, DONE, ON_SERVER | CONTACTS),
        ("done-local", local, DONE, NOWHERE | RESPONSES),
        ("done-mail", by_mail, DONE, NOWHERE | RESPONSES),
        ("error", full, ERROR, ON_SERVER),
        ("stuck-ftp", created, READY, ON_SERVER),
        ("stuck-local", local, READY, NOWHERE),
        ("rejected", created, UNKNOWN, {}),
        ("expired", other, {0: "in progress"}, ON_SERVER),
        ("expired-permission-missing", other, FORBIDDEN, {}),
    ):
        yield name, _parts(_first(_begun(event), script, fields))
    yield "lost", _parts(_lost(_begun(full)))


def _parts(published: Notification) -> dict[str, Any]:
    return {"attributes": published.attributes, "message": json.loads(published.message)}


def _begun(event: dict[str, Any]) -> Watch:
    return Watch.begin(export_created.parse(json.dumps(event), 86_400), STARTED_AT)


def _first(watch: Watch, script: Script, fields: Mapping[str, str]) -> Notification:
    """What a watch publishes first."""
    file_url = f"https://api.emarsys.net/api/v3/export/{watch.export_id}/data"
    now = STARTED_AT + first_wait_seconds(watch, POLICY)
    while True:
        found = [reported for since, reported in script.items() if STARTED_AT + since <= now][-1]
        reply = found if isinstance(found, Reply) else _status(found, watch.export_id, fields)
        decision = decide(watch, interpret(reply, watch.export_id, file_url, now), now, POLICY)
        if not isinstance(decision, Wait):
            return notification.of_decision(decision, now, _origin(watch))
        watch = decision.watch
        now += decision.wait_seconds


def _status(status: str, export_id: int, fields: Mapping[str, str]) -> Reply:
    """Emarsys names the file once the export is done, not before."""
    data = {"id": str(export_id), "created": None, "status": status, "type": "Responses", **fields}
    if status != "done":
        data["file_name"] = None
    return Reply(200, {}, json.dumps({"replyCode": 0, "replyText": "OK", "data": data}).encode())


def _lost(watch: Watch) -> Notification:
    """What is published when an operator stops a watch after two minutes."""
    origin = _origin(watch)
    detail = {
        "executionArn": origin.execution_arn,
        "status": "ABORTED",
        "stopDate": (STARTED_AT + 120) * 1000,
        "input": json.dumps({"watch": state.dump(watch, POLICY), "wait_seconds": 4}),
    }
    lost = lost_watch.parse(json.dumps({"detail": detail}))
    return notification.of_decision(End(lost.watch, Outcome.LOST, lost.reason), lost.failed_at, origin)


def _origin(watch: Watch) -> Origin:
    return Origin("emarsys-export-watch", f"{EXECUTIONS}:{watch.execution}")


def text(sample: dict[str, Any]) -> str:
    """The text of a sample's file."""
    return json.dumps(sample, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in (EVENTS / "notifications").glob("*.json"):
        path.unlink()
    for name, sample in samples():
        (EVENTS / "notifications" / f"{name}.json").write_text(text(sample), "utf-8")
