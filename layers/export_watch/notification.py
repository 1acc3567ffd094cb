"""The CloudEvents 1.0 that go out, and the message attributes by which subscribers filter them."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from export_watch.decision import End, Stuck
from export_watch.location import named
from export_watch.watch import Export, Outcome

DATA_SCHEMA = "urn:emarsys-export-watch:notification:1"
EXPORT_TYPE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Notification:
    """`message` is the body of an SNS message: the text of a CloudEvent. `attributes` are all strings."""

    message: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who publishes: the stack, and the execution of the watch."""

    stack: str
    execution_arn: str


def of_decision(decision: Stuck | End, now: float, origin: Origin) -> Notification:
    """The notification of a decision to publish, made at `now` (unix seconds)."""
    watch, outcome = decision.watch, decision.outcome
    lost = outcome is Outcome.LOST  # what its checks found is lost with it
    export = None if lost else watch.export
    data = {
        "export_id": watch.export_id,
        "account": watch.account,
        "outcome": outcome,
        "terminal": outcome.terminal,
        "reason": decision.reason and asdict(decision.reason),
        "file": decision.file and asdict(decision.file),
        "export": export and asdict(export),
        "watch": {
            "execution": watch.execution,
            "execution_arn": origin.execution_arn,
            "started_at": _iso(watch.started_at),
            "deadline_at": _iso(watch.deadline_at),
            "ready_since": None if lost else _iso(watch.ready_since),
            "checks": None if lost else watch.checks,
            "elapsed_seconds": max(0, int(now) - watch.started_at),
        },
        "context": watch.context,
    }
    event = {
        "specversion": "1.0",
        "id": f"{watch.execution}/{outcome}",
        "source": f"emarsys-export-watch/{origin.stack}/{watch.account}",
        "type": f"emarsys.export.{outcome}",
        "subject": str(watch.export_id),
        "time": _iso(now),
        "datacontenttype": "application/json",
        "dataschema": DATA_SCHEMA,
        "data": data,
    }
    attributes = {
        "outcome": str(outcome),
        "account": watch.account,
        "export_type": _export_type(export),
        "terminal": "true" if outcome.terminal else "false",
    }
    return Notification(json.dumps(event, separators=(",", ":")), attributes)


def _export_type(export: Export | None) -> str:
    """SNS allows no empty attribute, and what a vendor names must neither break nor flood a filter."""
    name = None if export is None else named(export.type)
    if name is None:
        return "unknown"
    return re.sub(r"[^\w .-]", "?", name.strip().lower())[:EXPORT_TYPE_LENGTH]


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
