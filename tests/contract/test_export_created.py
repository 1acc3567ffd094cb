"""The export-created event's schema and samples agree with the parser and with the rule that lets events in."""

import json
from typing import Any

import pytest

from export_watch import export_created
from export_watch.errors import InvalidEventError
from export_watch.watch import DistributionMethod
from tests.contract.schemas import EXPORT_CREATED, EXPORT_CREATED_SAMPLES, EXPORT_CREATED_SCHEMA, read
from tests.contract.template import PARAMETERS, RESOURCES

SAMPLES = {path.stem: read(path) for path in EXPORT_CREATED_SAMPLES}
DETAIL = EXPORT_CREATED_SCHEMA["properties"]["detail"]["properties"]


def event(detail: Any) -> dict[str, Any]:
    return {"source": "test", "detail-type": "Emarsys Export Created", "detail": detail}


def accepted_by_parser(sent: Any) -> bool:
    try:
        export_created.parse(json.dumps(sent), PARAMETERS["DeadlineSeconds"]["MaxValue"])
    except InvalidEventError:
        return False
    return True


def test_the_schema_is_a_valid_json_schema():
    EXPORT_CREATED.check_schema(EXPORT_CREATED_SCHEMA)


def test_the_schema_knows_the_limits_of_the_parser():
    assert DETAIL["distribution_method"]["enum"] == list(DistributionMethod)
    assert DETAIL["deadline_seconds"]["minimum"] == export_created.MIN_DEADLINE_SECONDS
    assert DETAIL["deadline_seconds"]["maximum"] == PARAMETERS["DeadlineSeconds"]["MaxValue"]
    assert DETAIL["attempt"]["maximum"] == export_created.MAX_ATTEMPT
    assert f"{export_created.MAX_CONTEXT_BYTES:,} bytes" in DETAIL["context"]["description"]
    assert f"{export_created.MAX_CONTEXT_DEPTH} levels" in DETAIL["context"]["description"]


def test_the_samples_show_every_key():
    assert set().union(*(sample["detail"] for sample in SAMPLES.values())) == set(DETAIL)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_accepted_by_schema_parser_and_rule(name):
    sample = SAMPLES[name]
    EXPORT_CREATED.validate(sample)
    assert accepted_by_parser(sample)
    assert matches(RESOURCES["ExportCreatedRule"]["Properties"]["EventPattern"], sample)


def test_a_minimal_event_gets_the_defaults_of_the_schema():
    request = export_created.parse(json.dumps(SAMPLES["export-created"]), 86_400)
    assert request.account == DETAIL["account"]["default"]
    assert request.attempt == DETAIL["attempt"]["default"]
    assert request.context == DETAIL["context"]["default"]
    assert request.deadline_seconds == 86_400
    assert request.distribution_method is None


def test_the_rule_lets_no_other_events_in():
    pattern = RESOURCES["ExportCreatedRule"]["Properties"]["EventPattern"]
    assert not matches(pattern, event({}) | {"detail-type": "Emarsys Export"})
    assert EXPORT_CREATED_SCHEMA["properties"]["detail-type"]["const"] in pattern["detail-type"]


@pytest.mark.parametrize(
    "detail",
    [
        {"export_id": 1},
        {"export_id": 999_999_999_999_999},
        {"export_id": "1"},
        {"export_id": "999999999999999"},
        {"export_id": 1, "account": "a"},
        {"export_id": 1, "account": "0" + "-" * 31},
        {"export_id": 1, "deadline_seconds": 60},
        {"export_id": 1, "deadline_seconds": 604_800},
        {"export_id": 1, "attempt": 9999},
        {"export_id": 1, "context": {}},
        {"export_id": 1, "context": {"größe": [1, None, {"a": 1.5}]}},
        {"export_id": 1, "another": "key"},
    ],
)
def test_schema_and_parser_accept_the_same(detail):
    EXPORT_CREATED.validate(event(detail))
    assert accepted_by_parser(event(detail))


@pytest.mark.parametrize(
    "detail",
    [
        None,
        "text",
        [],
        {},
        {"export_id": None},
        {"export_id": True},
        {"export_id": 0},
        {"export_id": -1},
        {"export_id": 1.5},
        {"export_id": 1_000_000_000_000_000},
        {"export_id": ""},
        {"export_id": "0"},
        {"export_id": "0123"},
        {"export_id": " 1"},
        {"export_id": "1\n"},
        {"export_id": "1000000000000000"},
        {"export_id": "١٢٣"},
        {"export_id": "12a"},
        {"export_id": [1]},
        {"export_id": 1, "account": None},
        {"export_id": 1, "account": ""},
        {"export_id": 1, "account": "Default"},
        {"export_id": 1, "account": "-a"},
        {"export_id": 1, "account": "a_b"},
        {"export_id": 1, "account": "a\n"},
        {"export_id": 1, "account": "a" * 33},
        {"export_id": 1, "account": 1},
        {"export_id": 1, "distribution_method": None},
        {"export_id": 1, "distribution_method": "FTP"},
        {"export_id": 1, "distribution_method": "scp"},
        {"export_id": 1, "distribution_method": []},
        {"export_id": 1, "deadline_seconds": None},
        {"export_id": 1, "deadline_seconds": 59},
        {"export_id": 1, "deadline_seconds": 604_801},
        {"export_id": 1, "deadline_seconds": "3600"},
        {"export_id": 1, "deadline_seconds": 60.5},
        {"export_id": 1, "deadline_seconds": True},
        {"export_id": 1, "attempt": None},
        {"export_id": 1, "attempt": 0},
        {"export_id": 1, "attempt": 10_000},
        {"export_id": 1, "attempt": "2"},
        {"export_id": 1, "attempt": True},
        {"export_id": 1, "context": None},
        {"export_id": 1, "context": []},
        {"export_id": 1, "context": "{}"},
    ],
    ids=repr,
)
def test_schema_and_parser_refuse_the_same(detail):
    assert not EXPORT_CREATED.is_valid(event(detail))
    assert not accepted_by_parser(event(detail))


@pytest.mark.parametrize(
    "detail",
    [
        {"export_id": 1.0},  # a JSON Schema takes it for an integer
        {"export_id": 1, "attempt": 1.0},
        {"export_id": 1, "context": {"a": "x" * 8192}},
        {"export_id": 1, "context": json.loads('{"a":' * 33 + "1" + "}" * 33)},
    ],
    ids=["float id", "float attempt", "long context", "deep context"],
)
def test_the_parser_refuses_what_a_schema_cannot_express(detail):
    EXPORT_CREATED.validate(event(detail))
    assert not accepted_by_parser(event(detail))


def matches(pattern: dict[str, Any], value: dict[str, Any]) -> bool:
    """EventBridge's matching of exact values: every key of the pattern names the values that are let through."""
    return all(
        matches(wanted, value.get(key, {})) if isinstance(wanted, dict) else value.get(key) in wanted
        for key, wanted in pattern.items()
    )
