"""The export-created event: schema, registry, parser and rule take the same events."""

import json
from typing import Any

import pytest

from export_watch import export_created
from export_watch.errors import InvalidEventError
from export_watch.watch import DistributionMethod
from tests.contract import registry
from tests.contract.schemas import EXPORT_CREATED, EXPORT_CREATED_SAMPLES, EXPORT_CREATED_SCHEMA, read
from tests.contract.template import PARAMETERS, RESOURCES

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


def around(least: int, most: int) -> list[Any]:
    return [least - 1, least, most, most + 1, str(least)]


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], [1], {}]
VALUES: dict[str, list[Any]] = {
    "export_id": [*around(1, 10**15 - 1), "9" * 15, "1" * 16, "0", "0123", " 1", "1\n", "١٢٣", "12a"],
    "account": ["0" + "-" * 31, "a" * 33, "Default", "-a", "a_b", "a\n"],
    "distribution_method": [*DistributionMethod, "FTP", "ftps"],
    "deadline_seconds": around(export_created.MIN_DEADLINE_SECONDS, MAX_DEADLINE_SECONDS),
    "expected_seconds": around(1, MAX_DEADLINE_SECONDS),
    "attempt": around(1, export_created.MAX_ATTEMPT),
    "context": [{"größe": [1, None, {"a": 1.5}]}, "{}"],
    "another": [],
}


@pytest.mark.parametrize("key", [*DETAIL, "another"])
def test_schema_and_parser_take_the_same_values_of_a_key(key):
    verdicts = {repr(value): taken({"export_id": 1, key: value}) for value in [*ODD, *VALUES[key]]}
    assert not {value: verdict for value, verdict in verdicts.items() if len(set(verdict)) == 2}
    assert {verdict for verdict, _ in verdicts.values()} == ({True} if key == "another" else {True, False})


@pytest.mark.parametrize("detail", [None, "text", [], {}, {"account": "a"}], ids=repr)
def test_schema_and_parser_want_an_export_id(detail):
    assert taken(detail) == (False, False)


@pytest.mark.parametrize(
    "detail",
    [
        {"export_id": 1.0},  # a JSON Schema takes it for an integer
        {"export_id": 1, "attempt": 1.0},
        {"export_id": 1, "context": {"a": "x" * export_created.MAX_CONTEXT_BYTES}},
        {"export_id": 1, "context": json.loads('{"a":' * 33 + "1" + "}" * 33)},
    ],
    ids=["float id", "float attempt", "long context", "deep context"],
)
def test_the_parser_refuses_what_a_schema_can_only_say_in_words(detail):
    assert taken(detail) == (True, False)
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
