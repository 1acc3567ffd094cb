"""README and docs/ say what is true: they are held to the template, the schemas, the code and the command lines."""

import argparse
import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import yaml

from docs import state_machine_diagram
from export_watch.export_created import parse
from export_watch.reason import ReasonCode
from export_watch.watch import Outcome
from sandbox import watch
from tests.contract import documents
from tests.contract.documents import DOCUMENTS, blocks, make_targets
from tests.contract.metrics import COUNTED
from tests.contract.schemas import (
    EVENTS,
    EXPORT_CREATED,
    EXPORT_CREATED_SCHEMA,
    NOTIFICATION,
    NOTIFICATION_SCHEMA,
    ROOT,
    read,
)
from tests.contract.template import PARAMETERS, TEMPLATE, of_type

README = documents.README.read_text("utf-8")
OPERATING = documents.OPERATING.read_text("utf-8")
SANDBOX = (ROOT / "docs" / "sandbox.md").read_text("utf-8")


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the rows of the one table whose header line begins with `heading`."""
    [start] = [at for at, line in enumerate(text.splitlines()) if line.startswith(heading)]
    rows = []
    for line in text.splitlines()[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_the_state_machine_is_drawn_as_it_is():
    machine = json.loads(state_machine_diagram.DEFINITION.read_text("utf-8"))
    drawing = state_machine_diagram.diagram(machine)
    assert state_machine_diagram.redrawn(README, drawing) == README, "run `make diagram`"


def test_the_drawing_shows_every_state_and_every_way():
    machine = json.loads(state_machine_diagram.DEFINITION.read_text("utf-8"))
    drawing = state_machine_diagram.diagram(machine)
    nodes = {name: state_machine_diagram.node(name) for name in machine["States"]}
    assert len(set(nodes.values())) == len(nodes)
    for name, state in machine["States"].items():
        assert f'"{name}' in drawing
        following = {state.get("Next"), state.get("Default")}
        following |= {way["Next"] for way in (*state.get("Choices", []), *state.get("Catch", []))}
        for after in following - {None}:
            assert re.search(rf'^    {nodes[name]} -->(\|"[^"]+"\|)? {nodes[after]}$', drawing, re.MULTILINE)


def test_the_parameters_are_those_of_the_template():
    rows = table(README, "| parameter |")
    assert {words(name)[0]: "".join(words(default)) for name, default, _ in rows} == {
        name: str(parameter["Default"]) for name, parameter in PARAMETERS.items()
    }


def test_the_outputs_are_those_of_the_template():
    assert [words(row[0])[0] for row in table(README, "| output |")] == list(TEMPLATE["Outputs"])


def test_every_key_of_the_event_is_explained():
    detail = EXPORT_CREATED_SCHEMA["properties"]["detail"]["properties"]
    assert [words(row[0])[0] for row in table(README, "| key of `detail` |")] == list(detail)


def fields(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of all fields of a schema of NOTIFICATION."""
    for name, value in schema["properties"].items():
        yield prefix + name
        references = [value, *value.get("anyOf", [])]
        for reference in references:
            definition = NOTIFICATION_SCHEMA["$defs"].get(reference.get("$ref", "").rpartition("/")[2], {})
            if "properties" in definition:
                below = definition
                yield from fields(below, f"{prefix}{name}.")


def test_every_field_of_the_notification_is_explained():
    explained = [name for row in table(README, "| field |") for name in words(row[0])]
    assert sorted(explained) == sorted(set(fields(NOTIFICATION_SCHEMA)) - {"data", "data.watch"})


def test_every_reason_is_explained_with_the_outcomes_that_it_comes_with():
    told: dict[str, set[str]] = {}
    for case in NOTIFICATION_SCHEMA["allOf"]:
        outcome = case["if"]["properties"]["data"]["properties"]["outcome"]["const"]
        code = (
            case["then"]["properties"]["data"]["properties"]["reason"].get("properties", {}).get("code", {})
        )
        for word in code.get("enum", [code["const"]] if "const" in code else []):
            told.setdefault(word, set()).add(outcome)
    explained = {words(code)[0]: set(words(outcomes)) for code, outcomes, *_ in table(README, "| code |")}
    assert explained == told
    assert set(explained) == set(ReasonCode)


def test_every_outcome_is_told_of():
    ends, goes_on = re.findall(r"(?<=\| outcome \| what happened \|\n)(?:\|.*\n)+", README)
    rows = [words(line)[0] for line in (ends + goes_on).splitlines() if "`" in line]
    assert sorted(rows) == sorted(Outcome)


def test_input_and_output_are_samples():
    shown = [json.loads(block) for block in blocks(README, "json")]
    assert shown == [
        read(EVENTS / "export-created-full.json"),
        read(EVENTS / "notifications" / "done-ftp.json")["message"],
    ]


def announced(text: str) -> Iterator[dict[str, Any]]:
    """The export-created events that the commands and the code of a document send, as EventBridge delivers them."""
    for block in blocks(text, "sh"):
        for entries in re.findall(r"--entries '(\[.*?\])'", block, re.DOTALL):
            yield from map(delivered, json.loads(entries))
    for block in blocks(text, "python"):
        if "\nannounce(" in block:
            with patch.object(boto3, "client") as client:
                client.return_value.put_events.return_value = {"FailedEntryCount": 0}
                exec(block, {})
            for call in client.return_value.put_events.call_args_list:
                yield from map(delivered, call.kwargs["Entries"])


def delivered(entry: dict[str, str]) -> dict[str, Any]:
    return sample_event() | {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }


def sample_event() -> dict[str, Any]:
    event: dict[str, Any] = read(EVENTS / "export-created.json")
    return event


@pytest.mark.parametrize(("name", "count"), [("README.md", 2), ("operating.md", 1)])
def test_what_documents_announce_keeps_the_schema(name, count):
    [document] = [document for document in DOCUMENTS if document.name == name]
    events = list(announced(document.read_text("utf-8")))
    assert len(events) == count
    for event in events:
        EXPORT_CREATED.validate(event)
        parse(json.dumps(event), 86_400)


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if document.name != "emarsys-api.md"],  # shows the vendor's
    ids=lambda path: path.name,
)
def test_every_json_in_a_document_keeps_a_schema(document):
    for block in blocks(document.read_text("utf-8"), "json"):
        message = json.loads(block)
        (NOTIFICATION if "specversion" in message else EXPORT_CREATED).validate(message)


def test_the_commands_of_make_are_those_of_the_makefile():
    shown = [words(row[0])[0].removeprefix("make ") for row in table(README, "| command |")]
    assert sorted(shown) == sorted(make_targets())


def test_the_options_of_the_sandbox_are_those_of_its_command_line():
    subparsers = argparse.ArgumentParser().add_subparsers()
    watch.register(subparsers)
    options = {option for action in subparsers.choices["watch"]._actions for option in action.option_strings}
    shown = {words(row[0])[0].partition(" ")[0] for row in table(SANDBOX, "| option |")}
    assert shown == options - {"-h", "--help"}


def test_the_metrics_are_those_that_the_functions_write():
    assert {name for row in table(OPERATING, "| metric |") for name in words(row[0])} == COUNTED


def test_every_alarm_has_a_runbook_and_none_is_forgotten():
    headings = re.findall(r"^## The alarm `(\w+)`$", OPERATING, re.MULTILINE)
    assert headings == list(of_type("AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


SOURCES = [
    ROOT / "template.yaml",
    ROOT / "samconfig.toml",
    ROOT / "Makefile",
    *(
        path
        for folder in ("operations", "layers", "functions", "examples", "sandbox", "benchmarks", "docs")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ),
]


def test_what_the_code_says_of_documents_leads_somewhere():
    """A message at three in the morning names a page that is there."""
    named = {
        (source.name, path.rstrip("."))
        for source in SOURCES
        for path in re.findall(r"\bdocs/[\w./-]+", source.read_text("utf-8"))
    }
    assert ("delete.py", "docs/operating.md") in named
    assert not [(source, path) for source, path in named if not (ROOT / path).exists()]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_example_is_well_formed(document):
    text = document.read_text("utf-8")
    for block in blocks(text, "python"):
        ast.parse(block)
    for block in blocks(text, "json"):
        json.loads(block)
    for block in blocks(text, "yaml"):
        yaml.compose(block)
    if bash := shutil.which("bash"):
        for block in blocks(text, "sh"):
            done = subprocess.run([bash, "-n"], input=block, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
