"""The schemas for EventBridge's registry say what those of events/ say."""

from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.contract import registry
from tests.contract.notification_samples import text
from tests.contract.schemas import (
    EXPORT_CREATED,
    EXPORT_CREATED_SAMPLES,
    NOTIFICATION,
    NOTIFICATION_SAMPLES,
    read,
)

FILES = {name: read(registry.REGISTRY / f"{name}.json") for name in registry.NAMES}
NOTIFICATIONS = [read(path)["message"] for path in NOTIFICATION_SAMPLES]
EVENTS = [read(path) for path in EXPORT_CREATED_SAMPLES]
CASES = [
    *(("export-created", EXPORT_CREATED, event) for event in EVENTS),
    *(("notification", NOTIFICATION, message) for message in NOTIFICATIONS),
]
NEWER = {"$defs", "$id", "const", "if", "then", "else"}


def validator(name: str) -> Draft4Validator:
    return Draft4Validator(FILES[name], format_checker=Draft4Validator.FORMAT_CHECKER)


def keywords(schema: Any) -> set[str]:
    """The keywords of a schema; names of properties and definitions are none."""
    if isinstance(schema, list):
        return set().union(*map(keywords, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for keyword, value in schema.items():
        below = value.values() if keyword in {"properties", "definitions"} else [value]
        found = found.union(*map(keywords, below))
    return found


def variations(value: Any) -> list[Any]:
    """The value with one key, at any depth, missing or of another kind, and once with a key too many."""
    if not isinstance(value, dict):
        return [None, [], "", "x", -1, 1.5, True]
    changed: list[Any] = [{**value, "extra": 1}]
    for key, below in value.items():
        changed.append({name: kept for name, kept in value.items() if name != key})
        changed += [{**value, key: other} for other in variations(below)]
    return changed


def test_the_files_are_those_that_the_schemas_give():
    assert {path.stem for path in registry.REGISTRY.iterdir()} == set(registry.NAMES)
    for name, content in registry.schemas():
        written = (registry.REGISTRY / f"{name}.json").read_text("utf-8")
        assert written == text(content), "run `python -m tests.contract.registry`"


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_schema_is_one_of_draft_4(name):
    Draft4Validator.check_schema(FILES[name])
    assert FILES[name]["$schema"] == Draft4Validator.META_SCHEMA["id"]
    assert not keywords(FILES[name]) & NEWER


@pytest.mark.parametrize(("name", "original", "sample"), CASES)
def test_a_sample_is_valid_and_what_the_one_schema_refuses_the_other_refuses(name, original, sample):
    drafted = validator(name)
    drafted.validate(sample)
    for varied in variations(sample):
        assert drafted.is_valid(varied) == original.is_valid(varied), varied
