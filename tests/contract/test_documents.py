"""README and docs/ say what code, template and schemas say, each thing in the one document that holds it."""

import argparse
import ast
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import state_machine_diagram
from export_watch import decision, export_created, schedule, transport
from export_watch.emarsys import client, credentials, rate_limit
from export_watch.reason import ReasonCode
from export_watch.watch import Outcome
from sandbox import arguments
from tests.contract import notification_samples
from tests.contract.documents import CONTRIBUTING, DOCS, DOCUMENTS, README, blocks, name
from tests.contract.metrics import COUNTED
from tests.contract.schemas import ROOT, read
from tests.contract.template import PARAMETERS, TEMPLATE, of_type
from tests.contract.test_notification import keys_of

MACHINE = read(state_machine_diagram.DEFINITION)
PUBLISHED = [sample for _, sample in notification_samples.samples()]
RUNBOOKS = DOCS / "runbooks"
WAITS = [state["Seconds"] for state in MACHINE["States"].values() if "Seconds" in state]


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the rows of the one table whose header line begins with `| heading |`."""
    lines = path.read_text("utf-8").splitlines()
    [start] = [at for at, line in enumerate(lines) if line.startswith(f"| {heading} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def words(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def sandbox_options() -> set[str]:
    [commands] = [of for of in arguments.parser()._actions if isinstance(of, argparse._SubParsersAction)]
    return {option for action in commands.choices["watch"]._actions for option in action.option_strings}


HELD = [
    ("README.md", "outcome", set(Outcome)),
    ("docs/reference/event.md", "key of `detail`", set(export_created.KEYS)),
    (
        "docs/reference/notification.md",
        "field",
        set().union(*(keys_of(of["message"]) for of in PUBLISHED)) - {"data", "data.watch"},
    ),
    ("docs/reference/notification.md", "attribute", set(PUBLISHED[0]["attributes"])),
    ("docs/reference/reasons.md", "code", set(ReasonCode)),
    ("docs/reference/parameters.md", "parameter", set(PARAMETERS)),
    ("docs/reference/parameters.md", "output", set(TEMPLATE["Outputs"])),
    ("docs/reference/metrics-and-logs.md", "metric", COUNTED),
    ("docs/runbooks/README.md", "alarm", set(of_type("AWS::CloudWatch::Alarm"))),
    ("docs/how-to/run-locally.md", "option of `watch`", sandbox_options() - {"-h", "--help"}),
]
"""Which document holds what: the table whose first column names exactly these."""


@pytest.mark.parametrize(("document", "heading", "things"), HELD, ids=[" ".join(held[:2]) for held in HELD])
def test_a_document_holds_all_of_a_kind_and_nothing_else(document, heading, things):
    named = [word.split()[0] for row in table(ROOT / document, heading) for word in words(row[0])]
    assert set(named) == things
    assert len(named) == len(things)


def test_each_parameter_has_the_default_and_the_values_of_the_template():
    for key, default, values, _ in table(DOCS / "reference" / "parameters.md", "parameter"):
        parameter = PARAMETERS[words(key)[0]]
        assert "".join(words(default)) == str(parameter["Default"])
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
    ("a call to Emarsys", r"(\d+) s", transport.WHOLE_SECONDS),
    ("a call to Emarsys", r"(\d+) KiB", transport.MAX_REPLY_BYTES / 1024),
    ("a check, with tokens and retries", r"(\d+) s", client.CHECK_SECONDS),
    ("what Emarsys may ask to wait", r"(\d+) hour", rate_limit.LONGEST_SECONDS / 3600),
    ("a changed secret", r"(\d+) minutes", credentials.CACHE_SECONDS / 60),
]
SENTENCES = {
    "schedule": [
        f"from the {schedule.UNPACED_CHECKS:,}th check on",
        f"{schedule.SCHEDULED_FACTOR} times as long",
        f"shortened by up to {schedule.JITTER:.0%}",
        f"shorter than {schedule.SHARED_WAIT_SECONDS} seconds times the square root of the pace",
        "becomes {:.0f} to {:.0f} times".format(*(part * schedule.OVERLOAD_STRETCH for part in (0.5, 1.5))),
        f"Above a pace of {schedule.FREE_PACE} each wait",
    ],
    "guarantees": [f"first seen at least {decision.CONFIRM_REFUSAL_SECONDS} seconds ago"],
    "how-it-works": ["made again {} seconds later, from the third such round on {} seconds".format(*WAITS)],
}


def test_the_figures_of_the_limits_and_explanations_are_those_of_the_code():
    limits = {row[0]: row[1] for row in table(DOCS / "reference" / "limits.md", "limit")}
    for limit, pattern, value in FIGURES:
        [figure] = re.findall(pattern, limits[limit])
        assert int(figure.replace(",", "")) == value, limit
    for page, sentences in SENTENCES.items():
        text = " ".join((DOCS / "explanation" / f"{page}.md").read_text("utf-8").split())
        assert not [sentence for sentence in sentences if sentence not in text]


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
    worst = max(checks_until(86_400, ready_at=hour * 3600) for hour in range(1, 24))
    assert most == pytest.approx(worst, rel=0.02)


def test_the_state_machine_is_drawn_as_it_is():
    page = state_machine_diagram.PAGE.read_text("utf-8")
    drawing = state_machine_diagram.diagram(MACHINE)
    assert state_machine_diagram.redrawn(page, drawing) == page, "run `make diagram`"
    assert len({state_machine_diagram.node(state) for state in MACHINE["States"]}) == len(MACHINE["States"])


def test_each_alarm_leads_to_its_runbook_and_each_runbook_has_the_same_order():
    for alarm, properties in of_type("AWS::CloudWatch::Alarm").items():
        [page] = re.findall(r"docs/(runbooks/[a-z-]+\.md)$", str(properties["AlarmDescription"]).strip())
        runbook = (DOCS / page).read_text("utf-8")
        assert runbook.startswith(f"# {alarm}: ")
        parts = re.findall(r"^\*\*(\w[\w ]*)", runbook, re.MULTILINE)
        assert parts == ["Impact", "How long", "First command", "Causes", "Fix", "Over"]
        assert f"[`{alarm}`]({Path(page).name})" in (RUNBOOKS / "README.md").read_text("utf-8")


def test_each_command_of_make_is_one_of_the_makefile():
    shown = "".join(path.read_text("utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"(?:`|^ *)make ([a-z0-9-]+)", shown, re.MULTILINE))
    assert "demo" in named
    helped = re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert named <= set(helped)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
            if not target.startswith("https://"):
                yield document, target


def test_every_link_leads_somewhere():
    for document, target in links():
        page, _, anchor = target.partition("#")
        path = document.parent / page if page else document
        assert path.exists(), (document, target)
        assert not anchor or anchor in anchors(path), (document, target)


def test_what_the_code_says_of_documents_leads_somewhere():
    """A message at three in the morning names a page that is there."""
    folders = ("operations", "layers", "functions", "examples", "sandbox", "benchmarks", "docs")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    for source in (ROOT / "template.yaml", ROOT / "Makefile", *sources):
        for path in re.findall(r"\bdocs/[\w./-]+\w", source.read_text("utf-8")):
            assert (ROOT / path).exists(), (source, path)


def test_every_example_is_in_a_how_to_and_what_contributing_names_is_there():
    shown = {(page.parent / target).resolve() for page, target in links() if "how-to" in page.parts}
    assert set((ROOT / "examples").glob("*.*")) <= shown
    named = re.findall(r"`([\w./]+/[\w./*]*)`", CONTRIBUTING.read_text("utf-8"))
    assert len(named) > 20
    assert not [path for path in named if not list(ROOT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_the_code_in_a_document_is_well_formed(document):
    text = document.read_text("utf-8")
    for block in blocks(text, "python"):
        ast.parse(block)
    for block in blocks(text, "json"):
        json.loads(block)


def test_the_documents_are_short():
    generated = re.compile(r"<!-- (table|state machine|fault matrix).*?<!-- end.*?-->", re.DOTALL)
    written = "".join(generated.sub("", path.read_text("utf-8")) for path in DOCS.rglob("*.md"))
    assert len(README.read_text("utf-8").splitlines()) <= 200
    assert len(written.splitlines()) <= 1400
