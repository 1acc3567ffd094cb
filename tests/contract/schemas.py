"""The public contract of events/ for tests: its schemas, its samples, and what holds across their parts."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"


def read(path: Path) -> Any:
    """The JSON of a file."""
    return json.loads(path.read_text("utf-8"))


def schema(name: str) -> dict[str, Any]:
    """The schema events/{name}.schema.json."""
    content: dict[str, Any] = read(EVENTS / f"{name}.schema.json")
    return content


def validator(name: str) -> Draft202012Validator:
    """The validator of events/{name}.schema.json, which checks formats too."""
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


EXPORT_CREATED_SCHEMA = schema("export-created")
NOTIFICATION_SCHEMA = schema("notification")
ATTRIBUTES_SCHEMA = schema("notification-attributes")

EXPORT_CREATED = validator("export-created")
NOTIFICATION = validator("notification")
ATTRIBUTES = validator("notification-attributes")

NOTIFICATION_SAMPLES = sorted((EVENTS / "notifications").glob("*.json"))
EXPORT_CREATED_SAMPLES = sorted(
    path for path in EVENTS.glob("*.json") if not path.name.endswith(".schema.json")
)


def assert_valid_notification(published: dict[str, Any]) -> None:
    """Fail unless `{"attributes": {...}, "message": {...}}` keeps the contract, in its parts and across them."""
    assert set(published) == {"attributes", "message"}
    attributes, message = published["attributes"], published["message"]
    ATTRIBUTES.validate(attributes)
    NOTIFICATION.validate(message)
    data = message["data"]
    assert attributes["outcome"] == data["outcome"]
    assert attributes["account"] == data["account"]
    assert attributes["terminal"] == json.dumps(data["terminal"])
    assert message["subject"] == str(data["export_id"])
    assert message["source"].endswith(f"/{data['account']}")
    assert message["id"] == f"{data['watch']['execution']}/{data['outcome']}"
    assert data["watch"]["execution_arn"].endswith(f":{data['watch']['execution']}")
    assert data["watch"]["started_at"] < data["watch"]["deadline_at"]
