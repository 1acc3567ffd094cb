"""The notification's schemas and samples: valid, strict, and what the code publishes."""

import copy
import json
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from export_watch.notification import DATA_SCHEMA, EXPORT_TYPE_LENGTH
from export_watch.reason import ReasonCode
from export_watch.watch import DistributionMethod, Outcome
from tests.contract import notification_samples
from tests.contract.schemas import (
    ATTRIBUTES,
    ATTRIBUTES_SCHEMA,
    NOTIFICATION,
    NOTIFICATION_SAMPLES,
    NOTIFICATION_SCHEMA,
    assert_valid_notification,
    read,
)

SAMPLES = {path.stem: read(path) for path in NOTIFICATION_SAMPLES}
DEFINITIONS = NOTIFICATION_SCHEMA["$defs"]


def changed(value: Any, path: str, new: Any) -> Any:
    """A copy of a JSON value in which the key at a dotted path has a new value."""
    value = copy.deepcopy(value)
    *parents, key = path.split(".")
    place = value
    for parent in parents:
        place = place[parent]
    place[key] = new
    return value


def without(value: Any, path: str) -> Any:
    """A copy of a JSON value in which the key at a dotted path is missing."""
    value = changed(value, path, None)
    *parents, key = path.split(".")
    place = value
    for parent in parents:
        place = place[parent]
    del place[key]
    return value


def keys_of(value: Any, prefix: str = "") -> list[str]:
    """The dotted paths of all keys of a message, but for those of the context."""
    paths = []
    for key, child in value.items():
        paths.append(prefix + key)
        if isinstance(child, dict) and key != "context":
            paths += keys_of(child, f"{prefix}{key}.")
    return paths


@pytest.mark.parametrize("schema", [NOTIFICATION, ATTRIBUTES], ids=lambda schema: schema.schema["$id"])
def test_a_schema_is_a_valid_json_schema(schema):
    schema.check_schema(schema.schema)


def test_the_schema_is_the_one_that_notifications_name():
    assert NOTIFICATION_SCHEMA["$id"] == DATA_SCHEMA
    assert NOTIFICATION_SCHEMA["properties"]["dataschema"] == {"const": DATA_SCHEMA}


def test_the_schema_knows_the_words_of_the_code_and_no_others():
    data = DEFINITIONS["data"]["properties"]
    assert data["outcome"]["enum"] == list(Outcome)
    assert set(DEFINITIONS["reason"]["properties"]["code"]["enum"]) == set(ReasonCode)
    assert DEFINITIONS["file"]["properties"]["distribution_method"]["enum"] == list(DistributionMethod)
    assert NOTIFICATION_SCHEMA["properties"]["type"]["enum"] == [f"emarsys.export.{o}" for o in Outcome]
    assert ATTRIBUTES_SCHEMA["properties"]["outcome"]["enum"] == list(Outcome)
    assert ATTRIBUTES_SCHEMA["properties"]["export_type"]["maxLength"] == EXPORT_TYPE_LENGTH


def test_the_samples_show_every_outcome_and_every_distribution_method():
    data = [sample["message"]["data"] for sample in SAMPLES.values()]
    assert {told["outcome"] for told in data} == set(Outcome)
    assert {told["file"]["distribution_method"] for told in data if told["file"]} == set(DistributionMethod)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_keeps_the_contract(name):
    assert_valid_notification(SAMPLES[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_cloudevents_sdk_reads_a_sample(name):
    message = SAMPLES[name]["message"]
    event = JSONFormat().read(CloudEvent, json.dumps(message))
    assert (event.get_source(), event.get_id()) == (message["source"], message["id"])
    assert event.get_type() == message["type"]
    assert event.get_data() == message["data"]


def test_the_samples_are_what_the_code_publishes():
    told = {name: notification_samples.text(sample) for name, sample in notification_samples.samples()}
    files = {path.stem: path.read_text("utf-8") for path in NOTIFICATION_SAMPLES}
    assert files == told, "run `python -m tests.contract.notification_samples`, and look at what changed"


@pytest.mark.parametrize("name", SAMPLES)
def test_no_key_of_a_message_may_be_missing(name):
    message = SAMPLES[name]["message"]
    for path in keys_of(message):
        assert not NOTIFICATION.is_valid(without(message, path)), path


@pytest.mark.parametrize("name", SAMPLES)
def test_no_object_of_a_message_takes_an_additional_key_but_the_context(name):
    message = SAMPLES[name]["message"]
    objects = ["", *(path for path in keys_of(message) if isinstance(at(message, path), dict))]
    for path in objects:
        more = changed(message, f"{path}.more".lstrip("."), 1)
        assert NOTIFICATION.is_valid(more) is (path == "data.context"), path


def at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[key]
    return value


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        # The envelope.
        ("done-ftp", "specversion", "0.3"),
        ("done-ftp", "id", "default_123"),
        ("done-ftp", "id", "default_123/error"),
        ("done-ftp", "id", "default_123/done\n"),
        ("done-ftp", "source", "emarsys-export-watch/my-stack"),
        ("done-ftp", "source", "my-stack/default"),
        ("done-ftp", "type", "emarsys.export.error"),
        ("done-ftp", "subject", 123),
        ("done-ftp", "subject", "0123"),
        ("done-ftp", "time", "2026-11-23 17:04:05"),
        ("done-ftp", "time", "2026-11-23T17:04:05.123Z"),
        ("done-ftp", "time", "2026-11-23T17:04:05+01:00"),
        ("done-ftp", "time", "2026-13-23T17:04:05Z"),
        ("done-ftp", "datacontenttype", "text/plain"),
        ("done-ftp", "dataschema", "urn:emarsys-export-watch:notification:2"),
        # The export and the outcome.
        ("done-ftp", "data.export_id", "123"),
        ("done-ftp", "data.export_id", 0),
        ("done-ftp", "data.account", "Default"),
        ("done-ftp", "data.outcome", "finished"),
        ("done-ftp", "data.outcome", "error"),
        ("done-ftp", "data.terminal", False),
        ("stuck-ftp", "data.terminal", True),
        ("lost", "data.terminal", "true"),
        ("done-ftp", "data.context", None),
        ("done-ftp", "data.context", "{}"),
        # The reason.
        ("done-ftp", "data.reason", {"code": "export_failed", "message": "It failed."}),
        ("error", "data.reason", None),
        ("stuck-ftp", "data.reason", None),
        ("expired", "data.reason", None),
        ("error", "data.reason.code", "execution_failed"),
        ("stuck-ftp", "data.reason.code", "still_in_progress"),
        ("rejected", "data.reason.code", "export_failed"),
        ("expired", "data.reason.code", "export_not_found"),
        ("expired", "data.reason.code", "check_failed"),
        ("lost", "data.reason.code", "ready_too_long"),
        ("error", "data.reason.message", ""),
        # The file.
        ("done-ftp", "data.file.name", None),
        ("done-ftp", "data.file.distribution_method", "scp"),
        ("done-ftp", "data.file.distribution_method", "sftp"),
        ("done-ftp", "data.file.uri", "ftp://88.99.123.23/a/../b.csv"),
        ("done-ftp", "data.file.uri", "ftp://88.99.123.23/a b.csv"),
        ("done-ftp", "data.file.uri", "ftp://88.99.123.23/100%.csv"),
        ("done-ftp", "data.file.uri", "ftp://user@88.99.123.23/a.csv"),
        ("done-local", "data.file.uri", None),
        ("done-local", "data.file.uri", "https://api.emarsys.net/api/v3/export/2140"),
        ("done-local", "data.file.host", "88.99.123.23"),
        ("done-local", "data.file.directory", "folder"),
        ("done-mail", "data.file.uri", "mailto:someone@example.com"),
        ("done-mail", "data.file.host", "88.99.123.23"),
        ("stuck-ftp", "data.file", SAMPLES["done-ftp"]["message"]["data"]["file"]),
        ("error", "data.file", SAMPLES["done-ftp"]["message"]["data"]["file"]),
        ("expired", "data.file", SAMPLES["done-local"]["message"]["data"]["file"]),
        # The export.
        ("done-ftp", "data.export", None),
        ("error", "data.export", None),
        ("stuck-ftp", "data.export", None),
        ("done-ftp", "data.export.file_name", "x" * 1025),
        ("done-ftp", "data.export.file_name", ["a.csv"]),
        ("lost", "data.export", SAMPLES["done-ftp"]["message"]["data"]["export"]),
        # The watch.
        ("done-ftp", "data.watch.execution", "default 123"),
        ("done-ftp", "data.watch.execution_arn", "default_123"),
        ("done-ftp", "data.watch.started_at", 1_795_452_601),
        ("done-ftp", "data.watch.deadline_at", None),
        ("stuck-ftp", "data.watch.ready_since", None),
        ("done-ftp", "data.watch.checks", None),
        ("done-ftp", "data.watch.checks", 0),
        ("done-ftp", "data.watch.elapsed_seconds", -1),
        ("done-ftp", "data.watch.elapsed_seconds", 1.5),
        ("lost", "data.watch.checks", 3),
        ("lost", "data.watch.ready_since", "2026-11-23T16:51:01Z"),
    ],
)
def test_a_wrong_message_is_refused(sample, path, value):
    assert not NOTIFICATION.is_valid(changed(SAMPLES[sample]["message"], path, value))


@pytest.mark.parametrize(
    ("sample", "path", "value"),
    [
        ("done-ftp", "data.file", None),  # Emarsys says done and names no file
        ("done-ftp", "data.file.uri", None),  # no safe URI can be made of the names
        ("done-ftp", "data.file.uri", "ftp://files.example.com:2121/%C3%BCber%2Ffolder/%5B1%5D.csv"),
        ("done-ftp", "data.file.uri", "ftp://[::1]:2121/%2Ffolder/a.csv"),
        ("done-sftp", "data.file.uri", "sftp://[2001:db8::7]/~/a.csv"),
        ("done-ftp", "data.export.id", 123),  # verbatim: a number stays one
        ("done-ftp", "data.watch.execution", "ff9b8a35-6f0c-4c1d-8f8e-0d1f2a3b4c5d"),  # started by hand
        ("done-local", "data.file.uri", "http://localhost:8080/api/v2/export/2140/data"),
        ("expired", "data.export", None),
        ("done-ftp", "data.context", {"any": [None, {"thing": 1.5}]}),
    ],
)
def test_what_the_contract_leaves_open_is_accepted(sample, path, value):
    NOTIFICATION.validate(changed(SAMPLES[sample]["message"], path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("outcome", "finished"),
        ("outcome", "stuck"),  # which is not terminal
        ("account", "under_score"),
        ("export_type", ""),
        ("export_type", "x" * (EXPORT_TYPE_LENGTH + 1)),
        ("terminal", True),
        ("terminal", "false"),
        ("more", "x"),
    ],
)
def test_wrong_attributes_are_refused(path, value):
    assert not ATTRIBUTES.is_valid(changed(SAMPLES["done-ftp"]["attributes"], path, value))


def test_all_attributes_are_there_and_are_texts():
    for name in ("outcome", "account", "export_type", "terminal"):
        assert not ATTRIBUTES.is_valid(without(SAMPLES["done-ftp"]["attributes"], name))
