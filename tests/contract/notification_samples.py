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

STACK = "emarsys-export-watch"
STARTED_AT = datetime(2026, 11, 23, 16, 50, 1, tzinfo=UTC).timestamp()
DEFAULT_DEADLINE_SECONDS = 86_400
POLICY = Policy()
EXECUTIONS = "arn:aws:states:eu-central-1:123456789012:execution:ExportWatchStateMachine-kX3nT7Lr2Qbd"

Script = list[tuple[int, Reply]]
"""What Emarsys answers from so many seconds after the start of the watch."""


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each sample's name, and the sample."""
    for name, first in _notifications():
        yield name, {"attributes": first.attributes, "message": json.loads(first.message)}


def _notifications() -> Iterator[tuple[str, Notification]]:
    created = {"created": "2026-11-23 17:49:58"}
    on_server = created | {"ftp_host": "88.99.123.23", "ftp_dir": "folder/subfolder"}
    nowhere = created | {"ftp_host": "", "ftp_dir": ""}
    responses = {"file_name": "clicks_3931993_1_en-df0ef2.csv"}
    contacts = {"type": "Registrations", "file_name": "Neue Kontakte 100 %.csv"}

    created_event = _event("export-created")
    full = _event("export-created-full")
    local = _event("export-created-local")
    other = _event("export-created-other-account")

    yield "done-ftp", _first(created_event, _ends("done", on_server | responses))
    yield "done-sftp", _first(full, _ends("done", on_server | contacts))
    yield "done-local", _first(local, _ends("done", nowhere | responses))
    yield (
        "done-mail",
        _first(_with(created_event, distribution_method="mail"), _ends("done", nowhere | responses)),
    )
    yield "error", _first(full, _ends("error", on_server))
    yield "stuck-ftp", _first(created_event, _stays("ready", on_server))
    yield "stuck-local", _first(local, _stays("ready", nowhere))
    yield "rejected", _first(created_event, [(0, _refusal(400, 10001, "Invalid export ID"))])
    yield "expired", _first(other, _stays("in progress", on_server))
    yield "expired-permission-missing", _first(other, [(0, Reply(403, {}, b"<html>Forbidden</html>"))])
    yield "lost", _lost(full)


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = read(EVENTS / f"{name}.json")
    return event


def _with(event: dict[str, Any], **detail: object) -> dict[str, Any]:
    return event | {"detail": event["detail"] | detail}


def _ends(status: str, fields: Mapping[str, str]) -> Script:
    return [
        (0, _status("scheduled", fields)),
        (30, _status("in progress", fields)),
        (700, _status("ready", fields)),
        (840, _status(status, fields)),
    ]


def _stays(status: str, fields: Mapping[str, str]) -> Script:
    return [(0, _status("in progress", fields)), (60, _status(status, fields))]


def _status(status: str, fields: Mapping[str, str]) -> Reply:
    """Emarsys names the file once the export is done, not before."""
    data = {"id": None, "created": None, "status": status, "type": "Responses", **fields}
    if status != "done":
        data["file_name"] = None
    return _answer(200, 0, "OK", data)


def _refusal(status: int, reply_code: int, text: str) -> Reply:
    return _answer(status, reply_code, text, "")


def _answer(status: int, reply_code: int, text: str, data: object) -> Reply:
    body = {"replyCode": reply_code, "replyText": text, "data": data}
    return Reply(status, {}, json.dumps(body).encode())


def _first(event: dict[str, Any], script: Script) -> Notification:
    """What the watch of an event publishes first."""
    watch = _begun(event)
    file_url = f"https://api.emarsys.net/api/v3/export/{watch.export_id}/data"
    now = STARTED_AT + first_wait_seconds(watch, POLICY)
    while True:
        reply = [reply for since, reply in script if STARTED_AT + since <= now][-1]
        decision = decide(watch, interpret(_about(watch, reply), watch.export_id, file_url, now), now, POLICY)
        if not isinstance(decision, Wait):
            return notification.of_decision(decision, now, _origin(watch))
        watch = decision.watch
        now += decision.wait_seconds


def _lost(event: dict[str, Any]) -> Notification:
    """What is published when an operator stops the watch of an event after two minutes."""
    watch = _begun(event)
    origin = _origin(watch)
    failed = {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": origin.execution_arn,
            "status": "ABORTED",
            "stopDate": (STARTED_AT + 120) * 1000,
            "input": json.dumps({"watch": state.dump(watch, POLICY), "wait_seconds": 4}),
        },
    }
    lost = lost_watch.parse(json.dumps(failed))
    return notification.of_decision(End(lost.watch, Outcome.LOST, lost.reason), lost.failed_at, origin)


def _begun(event: dict[str, Any]) -> Watch:
    request = export_created.parse(json.dumps(event), DEFAULT_DEADLINE_SECONDS)
    return Watch.begin(request, STARTED_AT)


def _origin(watch: Watch) -> Origin:
    return Origin(STACK, f"{EXECUTIONS}:{watch.execution}")


def _about(watch: Watch, reply: Reply) -> Reply:
    """The reply with the id of the watch's export in it."""
    content = reply.json()
    if not content or not content["data"]:
        return reply
    content["data"]["id"] = str(watch.export_id)
    return Reply(reply.status, reply.headers, json.dumps(content).encode())


def write() -> None:
    """Write the files anew."""
    folder = EVENTS / "notifications"
    for path in folder.glob("*.json"):
        path.unlink()
    for name, sample in samples():
        (folder / f"{name}.json").write_text(text(sample), "utf-8")


def text(sample: dict[str, Any]) -> str:
    """The text of a sample's file."""
    return json.dumps(sample, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write()
