"""The notification's schemas and samples: valid, strict, the same in the registry, and what the code publishes."""

import copy
import json
import re
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from export_watch.notification import DATA_SCHEMA, EXPORT_TYPE_LENGTH
from export_watch.reason import ReasonCode
from export_watch.watch import DistributionMethod, Outcome
from tests.contract import notification_samples, registry
from tests.contract.schemas import (
    ATTRIBUTES,
    ATTRIBUTES_SCHEMA,
    EXPORT_CREATED,
    NOTIFICATION,
    NOTIFICATION_SAMPLES,
    NOTIFICATION_SCHEMA,
    assert_valid_notification,
    read,
)

SAMPLES = {path.stem: read(path) for path in NOTIFICATION_SAMPLES}
DONE = SAMPLES["done-ftp"]["message"]["data"]
REGISTERED = registry.validator("notification")
MISSING = object()


def is_valid(message: Any) -> bool:
    """Whether the schema takes a message, in both its forms."""
    valid = NOTIFICATION.is_valid(message)
    assert REGISTERED.is_valid(message) == valid
    return valid


def changed(value: Any, path: str, new: Any) -> Any:
    """A copy of a JSON value in which the key at a dotted path has a new value, or is missing."""
    value = copy.deepcopy(value)
    *parents, key = path.split(".")
    place = value
    for parent in parents:
        place = place[parent]
    if new is MISSING:
        del place[key]
    else:
        place[key] = new
    return value


def keys_of(value: Any, prefix: str = "") -> dict[str, Any]:
    """The values of a message by their dotted paths, but for those in the context."""
    found = {}
    for key, child in value.items():
        found[prefix + key] = child
        if isinstance(child, dict) and key != "context":
            found |= keys_of(child, f"{prefix}{key}.")
    return found


def test_the_schemas_are_valid_json_schemas():
    for schema in (EXPORT_CREATED, NOTIFICATION, ATTRIBUTES, REGISTERED):
        schema.check_schema(schema.schema)


def test_the_registrys_schemas_are_made_of_the_others_and_know_draft_4_only():
    assert {path.stem for path in registry.REGISTRY.iterdir()} == set(registry.NAMES)
    for name, content in registry.schemas():
        written = (registry.REGISTRY / f"{name}.json").read_text("utf-8")
        assert written == notification_samples.text(content), "run `python -m tests.contract.registry`"
        assert not re.findall(r'"(?:\$defs|\$id|const|if|then|else)":', written)


def test_the_schema_knows_the_words_of_the_code_and_no_others():
    message, attributes = NOTIFICATION_SCHEMA["properties"], ATTRIBUTES_SCHEMA["properties"]
    data, reason, file = (NOTIFICATION_SCHEMA["$defs"][of]["properties"] for of in ("data", "reason", "file"))
    assert NOTIFICATION_SCHEMA["$id"] == message["dataschema"]["const"] == DATA_SCHEMA
    assert set(reason["code"]["enum"]) == set(ReasonCode)
    assert file["distribution_method"]["enum"] == list(DistributionMethod)
    assert message["type"]["enum"] == [f"emarsys.export.{outcome}" for outcome in Outcome]
    assert data["outcome"]["enum"] == attributes["outcome"]["enum"] == list(Outcome)
    assert attributes["export_type"]["maxLength"] == EXPORT_TYPE_LENGTH


def test_the_samples_are_what_the_code_publishes_for_every_outcome_and_distribution_method():
    made = {name: notification_samples.text(sample) for name, sample in notification_samples.samples()}
    files = {path.stem: path.read_text("utf-8") for path in NOTIFICATION_SAMPLES}
    assert files == made, "run `python -m tests.contract.notification_samples`, and look at what changed"
    data = [sample["message"]["data"] for sample in SAMPLES.values()]
    assert {of["outcome"] for of in data} == set(Outcome)
    assert {of["file"]["distribution_method"] for of in data if of["file"]} == set(DistributionMethod)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_keeps_the_contract_and_is_read_by_the_cloudevents_sdk(name):
    message = SAMPLES[name]["message"]
    assert_valid_notification(SAMPLES[name])
    assert is_valid(message)
    event = JSONFormat().read(CloudEvent, json.dumps(message))
    assert (event.get_source(), event.get_id()) == (message["source"], message["id"])
    assert (event.get_type(), event.get_data()) == (message["type"], message["data"])


@pytest.mark.parametrize("name", ["done-sftp", "stuck-local", "lost"])
def test_no_key_of_a_message_may_be_missing_and_no_object_but_the_context_takes_another(name):
    message = SAMPLES[name]["message"]
    assert not is_valid({**message, "more": 1})
    for path, value in keys_of(message).items():
        assert not is_valid(changed(message, path, MISSING)), path
        if isinstance(value, dict):
            assert is_valid(changed(message, f"{path}.more", 1)) is (path == "data.context"), path


WRONG: dict[str, dict[str, list[Any]]] = {
    "done-ftp": {
        "specversion": ["0.3"],
        "id": ["default_123", "default_123/error", "default_123/done\n"],
        "source": ["emarsys-export-watch/my-stack", "my-stack/default"],
        "type": ["emarsys.export.error"],
        "subject": [123, "0123"],
        "time": [
            f"2026-{rest}" for rest in ("11-23 17:04:05", "11-23T17:04:05.123Z", "11-23T17:04:05+01:00")
        ],
        "datacontenttype": ["text/plain"],
        "data.export_id": ["123", 0],
        "data.account": ["Default"],
        "data.outcome": ["finished", "error"],
        "data.terminal": [False],
        "data.context": [None, "{}"],
        "data.reason": [{"code": "export_failed", "message": "It failed."}],
        "data.file.name": [None],
        "data.file.distribution_method": ["scp", "sftp"],
        "data.file.uri": [
            f"ftp://{rest}" for rest in ("h/a/../b.csv", "h/a b.csv", "h/100%.csv", "user@h/a.csv")
        ],
        "data.export": [None],
        "data.export.file_name": ["x" * 1025, ["a.csv"]],
        "data.watch.execution": ["default 123"],
        "data.watch.execution_arn": ["default_123"],
        "data.watch.started_at": [1_795_452_601],
        "data.watch.deadline_at": [None],
        "data.watch.checks": [None, 0],
        "data.watch.elapsed_seconds": [-1, 1.5],
    },
    "done-local": {
        "data.file.uri": [None, "https://api.emarsys.net/api/v3/export/2140"],
        "data.file.host": ["88.99.123.23"],
        "data.file.directory": ["folder"],
    },
    "done-mail": {"data.file.uri": ["mailto:someone@example.com"], "data.file.host": ["88.99.123.23"]},
    "error": {
        "data.reason": [None],
        "data.reason.code": ["execution_failed"],
        "data.reason.message": [""],
        "data.file": [DONE["file"]],
        "data.export": [None],
    },
    "stuck-ftp": {
        "data.terminal": [True],
        "data.reason": [None],
        "data.reason.code": ["still_in_progress"],
        "data.file": [DONE["file"]],
        "data.export": [None],
        "data.watch.ready_since": [None],
    },
    "rejected": {"data.reason.code": ["export_failed"]},
    "expired": {
        "data.reason": [None],
        "data.reason.code": ["export_not_found", "check_failed"],
        "data.file": [DONE["file"]],
    },
    "lost": {
        "data.terminal": ["true"],
        "data.reason.code": ["ready_too_long"],
        "data.export": [DONE["export"]],
        "data.watch.checks": [3],
        "data.watch.ready_since": ["2026-11-23T16:51:01Z"],
    },
}


@pytest.mark.parametrize(
    ("sample", "path"), [(name, path) for name, paths in WRONG.items() for path in paths]
)
def test_a_wrong_message_is_refused(sample, path):
    for value in WRONG[sample][path]:
        assert not is_valid(changed(SAMPLES[sample]["message"], path, value)), value


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        ("done-ftp", "data.file", None),  # Emarsys says done and names no file
        ("done-ftp", "data.file.uri", None),  # no safe URI can be made of the names
        ("done-ftp", "data.file.uri", "ftp://files.example.com:2121/%C3%BCber%2Ffolder/%5B1%5D.csv"),
        ("done-sftp", "data.file.uri", "sftp://[2001:db8::7]/~/a.csv"),
        ("done-ftp", "data.export.id", 123),  # verbatim: a number stays one
        ("done-ftp", "data.watch.execution", "ff9b8a35-6f0c-4c1d-8f8e-0d1f2a3b4c5d"),  # started by hand
        ("done-local", "data.file.uri", "http://localhost:8080/api/v2/export/2140/data"),
        ("expired", "data.export", None),
        ("done-ftp", "data.context", {"any": [None, {"thing": 1.5}]}),
    ],
)
def test_what_the_contract_leaves_open_is_accepted(sample, path, value):
    assert is_valid(changed(SAMPLES[sample]["message"], path, value))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("outcome", "finished"),
        ("outcome", "stuck"),  # which is not terminal
        ("account", "under_score"),
        ("export_type", ""),
        ("export_type", "x" * (EXPORT_TYPE_LENGTH + 1)),
        ("terminal", True),
        ("terminal", "false"),
        ("more", "x"),
        *((name, MISSING) for name in ("outcome", "account", "export_type", "terminal")),
    ],
)
def test_wrong_attributes_are_refused(attribute, value):
    assert not ATTRIBUTES.is_valid(changed(SAMPLES["done-ftp"]["attributes"], attribute, value))
