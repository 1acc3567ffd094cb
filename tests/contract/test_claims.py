"""What README and docs/ draw and count is so: the architecture by the template, figures by the code that has them."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from export_watch import decision, export_created, http, location, schedule
from export_watch.emarsys import client, credentials, rate_limit, token
from tests.contract.schemas import ROOT
from tests.contract.template import PARAMETERS, RESOURCES, of_type

README = (ROOT / "README.md").read_text("utf-8")
RULES = (ROOT / "docs" / "rules-of-a-watch.md").read_text("utf-8")
MACHINE = json.loads((ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8"))
DEFAULT = {name: parameter["Default"] for name, parameter in PARAMETERS.items()}

DRAWN_TYPES = {
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
}
DRAWN = {name for name, resource in RESOURCES.items() if resource["Type"] in DRAWN_TYPES} | {
    "DeadLetterAlarm"
}


def architecture() -> str:
    [drawing] = re.findall(r"```mermaid\n(flowchart TD\n +Application.*?)```", README, re.DOTALL)
    return str(drawing)


def arrows(drawing: str) -> Iterator[frozenset[str]]:
    """The two ends of each arrow."""
    for line in drawing.splitlines()[1:]:
        before, after = re.split(r" <?-\.?->(?:\|[^|]*\|)? ", line.strip())
        for one in before.split(" & "):
            yield frozenset({re.split(r"\W", one)[0], re.split(r"\W", after)[0]})


def references(value: Any) -> Iterator[str]:
    """The logical ids that a part of the template names."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [name, *_]}:
            yield name
        case dict():
            for part in value.values():
                yield from references(part)
        case list():
            for part in value:
                yield from references(part)


def test_the_architecture_shows_what_is_deployed():
    ends = {end for arrow in arrows(architecture()) for end in arrow}
    outside = {"Application", "Emarsys", "Secrets", "Subscribers"}
    assert ends == DRAWN | outside
    for name in DRAWN:
        assert f'{name}["{name}<br/>' in architecture()


def test_its_arrows_are_the_template_s():
    wired = {
        frozenset({name, other})
        for name in DRAWN
        for other in references(RESOURCES[name]["Properties"])
        if other in DRAWN
    }
    assert {arrow for arrow in arrows(architecture()) if arrow <= DRAWN} == wired


POLICY = schedule.Policy()
QUEUE = of_type("AWS::SQS::Queue")["InboxQueue"]
DELIVERIES = QUEUE["RedrivePolicy"]["maxReceiveCount"]

FIGURES = [
    (README, r"cut to ([\d,]+) characters", location.FIELD_LENGTH),
    (README, r"deadline came first \((\d+) hours", DEFAULT["DeadlineSeconds"] / 3600),
    (README, r"`ready` for more than (\d+) minutes", DEFAULT["StuckAfterSeconds"] / 60),
    (README, r"gives up after so many seconds: (\d+) to", PARAMETERS["DeadlineSeconds"]["MinValue"]),
    (README, r"gives up after so many seconds: \d+ to (\d+)", PARAMETERS["DeadlineSeconds"]["MaxValue"]),
    (README, r"`deadline_seconds` \| (\d+) to", export_created.MIN_DEADLINE_SECONDS),
    (README, r"`attempt` \| 1 to (\d+)", export_created.MAX_ATTEMPT),
    (README, r"JSON object, at most (\d+) KiB", export_created.MAX_CONTEXT_BYTES / 1024),
    (README, r"JSON object, at most \d+ KiB, at most (\d+) levels", export_created.MAX_CONTEXT_DEPTH),
    (README, r"and never more than ([\d,]+), whatever", schedule.CHECK_BUDGET),
    (RULES, r"checks of one watch \| ([\d,]+)", schedule.CHECK_BUDGET),
    (RULES, r"from the ([\d,]+)th check on", schedule.UNPACED_CHECKS),
    (RULES, r"at least (\d+) seconds ago", decision.CONFIRM_REFUSAL_SECONDS),
    (RULES, r"`context` \| (\d+) KiB", export_created.MAX_CONTEXT_BYTES / 1024),
    (RULES, r"a call to Emarsys \| (\d+) s", http.WHOLE_SECONDS),
    (RULES, r"a call to Emarsys \| \d+ s, and (\d+) KiB", http.MAX_REPLY_BYTES / 1024),
    (RULES, r"a look, with tokens and retries \| (\d+) s", client.LOOK_SECONDS),
    (RULES, r"what a rate limit may ask for \| (\d+) hour", rate_limit.LONGEST_SECONDS / 3600),
    (RULES, r"a changed secret \| noticed within (\d+) minutes", credentials.CACHE_SECONDS / 60),
    (
        RULES,
        r"made again after a constant (\d+) seconds",
        MACHINE["States"]["Wait after failed check"]["Seconds"],
    ),
]


@pytest.mark.parametrize(
    ("document", "pattern", "value"), FIGURES, ids=[pattern for _, pattern, _ in FIGURES]
)
def test_a_figure_is_that_of_the_code(document, pattern, value):
    shown = re.findall(pattern, document)
    assert shown
    assert {int(figure.replace(",", "")) for figure in shown} == {value}


def test_figures_that_are_words_are_those_of_the_code():
    assert "The execution ran for ten days" in README
    assert MACHINE["TimeoutSeconds"] == 10 * 86_400
    assert "after five deliveries (about a quarter of an hour)" in README
    assert DELIVERIES == 5
    assert 10 * 60 <= DELIVERIES * QUEUE["VisibilityTimeout"] <= 15 * 60
    assert "A changed secret is noticed within ten minutes" in README
    assert credentials.CACHE_SECONDS == 600
    assert "may wait up to ten minutes for its token" in RULES
    assert token.LONGEST_PAUSE_SECONDS == 600
    assert "a jitter of up to a tenth" in RULES
    assert schedule.JITTER == 0.1
    assert "up to five times but not beyond `MaxWaitSeconds`, where less than three quarters" in RULES
    assert (schedule.LONGEST_STRETCH, schedule.FREE_HEADROOM) == (5, 0.75)


def checks_until(seconds: float, ready_at: float = math.inf) -> int:
    """Without the jitter, from a first look after half of the shortest wait; waits begin anew at `ready_at`."""
    checks, at, since = 0, POLICY.min_wait_seconds / 2, 0.0
    while at < seconds:
        checks += 1
        if not since and at >= ready_at:
            since = at
        at += math.ceil(schedule.base_wait_seconds(at - since, POLICY))
    return checks


def test_the_waits_of_the_table_are_those_of_the_schedule():
    seconds = {"min": 60, "h": 3600}
    rows = re.findall(r"^\| (\d+) (min|h) \| (?:(\d+) s)? ?\| (\d+) \|$", RULES, re.MULTILINE)
    assert len(rows) >= 5
    for number, unit, wait, checks in rows:
        elapsed = int(number) * seconds[unit]
        if wait:
            assert schedule.base_wait_seconds(elapsed, POLICY) == pytest.approx(int(wait), abs=1)
        assert checks_until(elapsed) == pytest.approx(int(checks), abs=1)


def test_the_waits_of_the_readme_are_those_of_the_schedule():
    [waits] = re.findall(r"about (\d+) seconds after five minutes, and (\d+) after an hour", README)
    exact = [schedule.base_wait_seconds(seconds, POLICY) for seconds in (300, 3600)]
    assert [int(wait) for wait in waits] == pytest.approx(exact, abs=1)


def test_a_day_takes_as_many_checks_as_both_documents_say():
    """The jitter shortens a wait by a twentieth in the mean. An export may become ready at any hour, or never."""
    [readme] = re.findall(r"(\d+) to (\d+) checks in 24 hours", README)
    [rules] = re.findall(r"makes (\d+) to (\d+) checks", RULES)
    [never_ready] = re.findall(r"about (\d+) checks in 24 hours", RULES)
    assert readme == rules
    fewest, most = map(int, readme)
    assert int(never_ready) == fewest
    jitter = 1 + schedule.JITTER / 2
    assert fewest == pytest.approx(checks_until(86_400) * jitter, rel=0.02)
    checks = [checks_until(86_400, ready_at=hour * 3600) * jitter for hour in range(1, 24)]
    assert min(checks) > fewest
    assert max(checks) == pytest.approx(most, rel=0.02)
