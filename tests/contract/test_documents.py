"""README and docs/ say what code, template and schemas say, each thing in the one document that holds it."""

import argparse
import ast
import json
import math
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs import state_machine_diagram
from export_watch import decision, export_created, http_client, schedule
from export_watch.emarsys import client, credentials, rate_limit
from export_watch.reason import ReasonCode
from export_watch.watch import Outcome
from sandbox import watch
from tests.contract.documents import (
    CONTRIBUTING,
    DOCS,
    DOCUMENTS,
    README,
    blocks,
    make_targets,
    name,
    table,
    words,
    written,
)
from tests.contract.metrics import COUNTED
from tests.contract.schemas import (
    ATTRIBUTES_SCHEMA,
    EVENTS,
    EXPORT_CREATED_SCHEMA,
    NOTIFICATION_SCHEMA,
    ROOT,
    read,
)
from tests.contract.template import PARAMETERS, RESOURCES, TEMPLATE, of_type

MACHINE = read(state_machine_diagram.DEFINITION)
REFERENCE, RUNBOOKS = DOCS / "reference", DOCS / "runbooks"


def fields(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of all fields of a schema of NOTIFICATION."""
    for key, value in schema["properties"].items():
        yield prefix + key
        for reference in (value, *value.get("anyOf", [])):
            below = NOTIFICATION_SCHEMA["$defs"].get(reference.get("$ref", "").rpartition("/")[2], {})
            if "properties" in below:
                yield from fields(below, f"{prefix}{key}.")


def reasons() -> set[tuple[str, str]]:
    """Each reason code with an outcome that it comes with."""
    found = set()
    for case in NOTIFICATION_SCHEMA["allOf"]:
        outcome = case["if"]["properties"]["data"]["properties"]["outcome"]["const"]
        reason = case["then"]["properties"]["data"]["properties"]["reason"]
        code = reason.get("properties", {}).get("code", {})
        found |= {(word, outcome) for word in code.get("enum", [code["const"]] if "const" in code else [])}
    return found


def sandbox_options() -> set[str]:
    subparsers = argparse.ArgumentParser().add_subparsers()
    watch.register(subparsers)
    return {option for action in subparsers.choices["watch"]._actions for option in action.option_strings}


def first_words(path: Path, heading: str) -> set[str]:
    """What stands in backticks in the first column of a table."""
    return {word for row in table(path, heading) for word in words(row[0])}


OF_SAM = {
    "AWS::Serverless::Function": {"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"},
    "AWS::Serverless::LayerVersion": {"AWS::Lambda::LayerVersion"},
    "AWS::Serverless::StateMachine": {"AWS::StepFunctions::StateMachine"},
}
"""What SAM makes of its own resource types."""

HELD: dict[str, tuple[Callable[[], set[Any]], Callable[[], set[Any]]]] = {
    "parameters with their defaults": (
        lambda: {
            (words(row[0])[0], "".join(words(row[1]))) for row in table(REFERENCE / "parameters.md", "parameter")
        },
        lambda: {(key, str(parameter["Default"])) for key, parameter in PARAMETERS.items()},
    ),
    "outputs": (lambda: first_words(REFERENCE / "parameters.md", "output"), lambda: set(TEMPLATE["Outputs"])),
    "keys of the event": (
        lambda: first_words(REFERENCE / "event.md", "key of `detail`"),
        lambda: set(EXPORT_CREATED_SCHEMA["properties"]["detail"]["properties"]),
    ),
    "fields of the notification": (
        lambda: first_words(REFERENCE / "notification.md", "field"),
        lambda: set(fields(NOTIFICATION_SCHEMA)) - {"data", "data.watch"},
    ),
    "message attributes": (
        lambda: first_words(REFERENCE / "notification.md", "attribute"),
        lambda: set(ATTRIBUTES_SCHEMA["properties"]),
    ),
    "reasons with their outcomes": (
        lambda: {
            (words(code)[0], outcome)
            for code, outcomes, *_ in table(REFERENCE / "reasons.md", "code")
            for outcome in words(outcomes)
        },
        reasons,
    ),
    "reasons": (lambda: first_words(REFERENCE / "reasons.md", "code"), lambda: set(ReasonCode)),
    "outcomes": (lambda: first_words(README, "outcome"), lambda: set(Outcome)),
    "metrics": (lambda: first_words(REFERENCE / "metrics-and-logs.md", "metric"), lambda: COUNTED),
    "alarms": (
        lambda: first_words(RUNBOOKS / "README.md", "alarm"),
        lambda: set(of_type("AWS::CloudWatch::Alarm")),
    ),
    "resource types that are deployed": (
        lambda: first_words(REFERENCE / "iam-permissions.md", "resource type"),
        lambda: {
            made
            for resource in RESOURCES.values()
            for made in OF_SAM.get(resource["Type"], {resource["Type"]})
        },
    ),
    "options of the sandbox": (
        lambda: {
            word.split()[0] for word in first_words(DOCS / "how-to" / "run-locally.md", "option of `watch`")
        },
        lambda: sandbox_options() - {"-h", "--help"},
    ),
}


@pytest.mark.parametrize("what", HELD)
def test_a_document_holds(what):
    shown, true = HELD[what]
    assert shown() == true()


def test_the_values_of_each_parameter_are_those_of_the_template():
    for key, _, values, _ in table(REFERENCE / "parameters.md", "parameter"):
        parameter = PARAMETERS[words(key)[0]]
        if "MinValue" in parameter:
            assert values == f"{parameter['MinValue']} to {parameter['MaxValue']}"
        elif parameter["Type"] == "Number":
            allowed = parameter["AllowedValues"]
            assert values.startswith(f"{min(allowed)} to {max(allowed)}")
        elif "AllowedValues" in parameter:
            assert words(values) == parameter["AllowedValues"]


FIGURES = [
    ("checks of one watch", r"([\d,]+)", schedule.CHECK_BUDGET),
    ("deadline", r"(\d+) s", export_created.MIN_DEADLINE_SECONDS),
    ("deadline", r"to (\d+) days", PARAMETERS["DeadlineSeconds"]["MaxValue"] / 86_400),
    ("life of an execution", r"(\d+) days", MACHINE["TimeoutSeconds"] / 86_400),
    ("`context`", r"(\d+) KiB", export_created.MAX_CONTEXT_BYTES / 1024),
    ("`context`", r"(\d+) levels", export_created.MAX_CONTEXT_DEPTH),
    ("a call to Emarsys", r"(\d+) s", http_client.WHOLE_SECONDS),
    ("a call to Emarsys", r"(\d+) KiB", http_client.MAX_REPLY_BYTES / 1024),
    ("a check, with tokens and retries", r"(\d+) s", client.CHECK_SECONDS),
    ("what Emarsys may ask to wait", r"(\d+) hour", rate_limit.LONGEST_SECONDS / 3600),
    ("a changed secret", r"(\d+) minutes", credentials.CACHE_SECONDS / 60),
]


@pytest.mark.parametrize(("limit", "pattern", "value"), FIGURES)
def test_a_limit_is_that_of_the_code(limit, pattern, value):
    [row] = [row for row in table(REFERENCE / "limits.md", "limit") if row[0] == limit]
    [figure] = re.findall(pattern, row[1])
    assert int(figure.replace(",", "")) == value


def test_figures_in_sentences_are_those_of_the_code():
    schedule_page = (DOCS / "explanation" / "schedule.md").read_text("utf-8")
    assert "from the 1,000th check on" in schedule_page
    assert schedule.UNPACED_CHECKS == 1000
    assert "1.5 times as long" in schedule_page
    assert schedule.SCHEDULED_FACTOR == 1.5
    assert "shortened by up to a tenth" in schedule_page
    assert schedule.JITTER == 0.1
    guarantees = (DOCS / "explanation" / "guarantees.md").read_text("utf-8")
    assert "first seen at least 60 seconds ago" in " ".join(guarantees.split())
    assert decision.CONFIRM_REFUSAL_SECONDS == 60
    waits = [state["Seconds"] for state in MACHINE["States"].values() if "Seconds" in state]
    assert waits == [300, 900]


def checks_until(seconds: float, ready_at: float = math.inf) -> int:
    """With the mean jitter, from a first check after 1.5 of the shortest wait; waits begin anew at `ready_at`."""
    policy = schedule.Policy()
    checks, at, since = 0, 1.5 * policy.min_wait_seconds, 0.0
    while at < seconds:
        checks += 1
        if not since and at >= ready_at:
            since = at
        at += schedule.base_wait_seconds(at - since, policy) * (1 - schedule.JITTER / 2)
    return checks


def test_the_waits_and_checks_shown_are_those_of_the_schedule():
    rows = table(DOCS / "explanation" / "schedule.md", "time since the start")
    assert len(rows) >= 5
    for age, wait, checks in rows:
        number, unit = age.split()
        elapsed = int(number) * {"min": 60, "h": 3600}[unit]
        assert int(wait.split()[0]) == round(schedule.base_wait_seconds(elapsed, schedule.Policy()))
        assert int(checks) == pytest.approx(checks_until(elapsed), abs=1)
    fewest, most = map(int, re.findall(r"(\d+) to (\d+)\s+checks in 24 hours", README.read_text("utf-8"))[0])
    assert fewest == pytest.approx(checks_until(86_400), rel=0.02)
    assert most == pytest.approx(
        max(checks_until(86_400, ready_at=hour * 3600) for hour in range(1, 24)), rel=0.02
    )


def test_the_state_machine_is_drawn_as_it_is():
    page = state_machine_diagram.PAGE.read_text("utf-8")
    drawing = state_machine_diagram.diagram(MACHINE)
    assert state_machine_diagram.redrawn(page, drawing) == page, "run `make diagram`"
    nodes = {state: state_machine_diagram.node(state) for state in MACHINE["States"]}
    assert len(set(nodes.values())) == len(nodes)
    for state, definition in MACHINE["States"].items():
        following = {definition.get("Next"), definition.get("Default")}
        following |= {way["Next"] for key in ("Choices", "Catch") for way in definition.get(key, [])}
        for after in following - {None}:
            assert re.search(rf'^    {nodes[state]} -->(\|"[^"]+"\|)? {nodes[after]}$', drawing, re.MULTILINE)


def test_each_alarm_leads_to_its_runbook():
    for alarm, properties in of_type("AWS::CloudWatch::Alarm").items():
        [page] = re.findall(r"docs/(runbooks/[a-z-]+\.md)$", str(properties["AlarmDescription"]).strip())
        assert (DOCS / page).read_text("utf-8").startswith(f"# {alarm}: ")
        assert f"[`{alarm}`]({Path(page).name})" in (RUNBOOKS / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    "page",
    [path for path in sorted(RUNBOOKS.glob("*.md")) if path.stem not in ("README", "no-notification")],
    ids=name,
)
def test_each_runbook_has_the_same_order(page):
    parts = re.findall(r"^\*\*(\w[\w ]*)", page.read_text("utf-8"), re.MULTILINE)
    assert parts == ["Impact", "How long", "First command", "Causes", "Fix", "Over"]


def contains(whole: Any, part: Any) -> bool:
    """Whether `part` is `whole` with keys left out."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    return bool(whole == part)


def test_the_notification_of_the_readme_is_cut_from_a_sample():
    [shown] = [json.loads(block) for block in blocks(README.read_text("utf-8"), "json")]
    assert contains(read(EVENTS / "notifications" / "done-ftp.json")["message"], shown)


def test_each_command_of_make_is_one_of_the_makefile():
    named = {
        (name(path), target)
        for path in DOCUMENTS
        for target in re.findall(r"(?:`|^ *)make ([a-z0-9-]+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert ("README.md", "demo") in named
    assert not [(path, target) for path, target in named if target not in make_targets()]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if not target.startswith("https://"):
            page, _, anchor = target.partition("#")
            path = document.parent / page if page else document
            assert path.exists(), target
            assert not anchor or anchor in anchors(path), target


SOURCES = [
    ROOT / "template.yaml",
    ROOT / "Makefile",
    *(
        path
        for folder in ("operations", "layers", "functions", "examples", "sandbox", "benchmarks", "docs", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ),
]


def test_what_the_code_says_of_documents_leads_somewhere():
    """A message at three in the morning names a page that is there."""
    named = {
        (name(source), path.rstrip("."))
        for source in SOURCES
        for path in re.findall(r"\bdocs/[\w./-]+\w", source.read_text("utf-8"))
    }
    assert not [(source, path) for source, path in named if not (ROOT / path).exists()]


def test_what_contributing_names_is_there():
    named = re.findall(r"`([\w./]+/[\w./*]*)`", CONTRIBUTING.read_text("utf-8"))
    assert len(named) > 20
    assert not [path for path in named if not list(ROOT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_example_is_well_formed(document):
    text = document.read_text("utf-8")
    for block in blocks(text, "python"):
        ast.parse(block)
    for block in blocks(text, "json"):
        json.loads(block)
    if bash := shutil.which("bash"):
        for block in blocks(text, "sh"):
            done = subprocess.run([bash, "-n"], input=block, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


PRIVATE_WORDS = re.compile(
    r"\blook(s|ed)? again|\b(told|tells)\b|dead letters|\bdie[sd]\b|put (it )?right|\bmend|left alone"
    r"|time-out|\bregret\b|worked on|\blikewise\b|\bshall\b|in vain|\bwatch died\b|final word",
    re.IGNORECASE,
)
"""Words that this project once had for things that its field has words for."""


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=name)
def test_the_documents_use_the_words_of_the_field(document):
    assert not PRIVATE_WORDS.findall(written(document))


def test_the_documents_are_short():
    assert len(README.read_text("utf-8").splitlines()) <= 200
    assert sum(len(written(path).splitlines()) for path in DOCS.rglob("*.md")) <= 1400
