"""The export-created event: schema, registry, parser and rule take the same events."""

import json
from typing import Any

import pytest

from export_watch import export_created
from export_watch.errors import InvalidEventError
from tests.contract import registry
from tests.contract.schemas import EXPORT_CREATED, EXPORT_CREATED_SAMPLES, EXPORT_CREATED_SCHEMA, read
from tests.contract.template import PARAMETERS, RESOURCES
from tests.unit.test_export_created import ACCEPTED, REFUSED

SAMPLES = {path.stem: read(path) for path in EXPORT_CREATED_SAMPLES}
DETAIL = EXPORT_CREATED_SCHEMA["properties"]["detail"]["properties"]
REGISTERED = registry.validator("export-created")
MAX_DEADLINE_SECONDS = PARAMETERS["DeadlineSeconds"]["MaxValue"]


def taken(detail: Any) -> tuple[bool, bool]:
    """Whether the schema takes an event of this detail, and whether the parser does."""
    sent = {"source": "test", "detail-type": "Emarsys Export Created", "detail": detail}
    valid = EXPORT_CREATED.is_valid(sent)
    try:
        export_created.parse(json.dumps(sent), MAX_DEADLINE_SECONDS)
        parsed = True
    except InvalidEventError:
        parsed = False
    assert REGISTERED.is_valid(sent) in {valid, parsed}  # to Draft 4, 1.0 is no integer
    return valid, parsed


@pytest.mark.parametrize("key", DETAIL)
def test_the_schema_takes_the_values_of_a_key_that_the_parser_takes(key):
    assert {taken({"export_id": 1, key: value}) for value in ACCEPTED[key]} == {(True, True)}
    for value in REFUSED[key]:  # to a JSON Schema 1.0 is an integer
        assert taken({"export_id": 1, key: value}) == (False, False) or isinstance(value, float), value


@pytest.mark.parametrize("detail", [None, "text", [], {}, {"account": "a"}], ids=repr)
def test_schema_and_parser_want_an_export_id(detail):
    assert taken(detail) == (False, False)


def test_the_parser_refuses_what_a_schema_can_only_say_in_words():
    long = {"a": "x" * export_created.MAX_CONTEXT_BYTES}
    deep = json.loads('{"a":' * 33 + "1" + "}" * 33)
    assert [taken({"export_id": 1, "context": context}) for context in (long, deep)] == [(True, False)] * 2
    said = DETAIL["context"]["description"]
    assert f"{export_created.MAX_CONTEXT_BYTES:,} bytes" in said
    assert f"{export_created.MAX_CONTEXT_DEPTH} levels" in said


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_taken_by_schema_parser_and_rule(name):
    pattern = RESOURCES["ExportCreatedRule"]["Properties"]["EventPattern"]
    EXPORT_CREATED.validate(SAMPLES[name])
    assert taken(SAMPLES[name]["detail"]) == (True, True)
    assert pattern == {"detail-type": [SAMPLES[name]["detail-type"]]}


def test_the_samples_show_every_key_and_a_minimal_one_gets_the_defaults_of_the_schema():
    assert set().union(*(sample["detail"] for sample in SAMPLES.values())) == set(DETAIL)
    request = export_created.parse(json.dumps(SAMPLES["export-created"]), 86_400)
    defaults = {key: of["default"] for key, of in DETAIL.items() if "default" in of}
    assert {key: getattr(request, key) for key in defaults} == defaults
