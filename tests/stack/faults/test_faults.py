"""The fault matrix: what goes wrong and when, what is told and logged then, and where that ends."""

import json
from itertools import pairwise

import pytest

from docs.state_machine_diagram import DEFINITION
from sandbox.aws import crashed
from tests.stack.faults import document
from tests.stack.faults.groups import GROUPS, TABLES
from tests.stack.faults.ours import never
from tests.world import timeline

EVENTS_LIMIT = 25_000
"""Step Functions ends an execution whose history has so many events."""
TIMEOUT_SECONDS = json.loads(DEFINITION.read_text("utf-8"))["TimeoutSeconds"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name.replace(" ", "-"))
def test_each_fault_is_published_and_logged_as_the_matrix_says(group) -> None:
    assert [found.wrong for found in group.run() if found.wrong] == []


def test_every_row_is_run():
    run = [(row.fault, moment) for group in GROUPS for row in group.rows for moment in group.moments]
    written = [row.fault for rows in TABLES.values() for row in rows]
    assert sorted({fault for fault, _ in run}) == sorted(written)
    assert len(run) == len(set(run)) == 4 * len(written)


def test_the_document_shows_the_matrix():
    text = document.DOCUMENT.read_text("utf-8")
    assert document.filled(text, document.matrix(TABLES)) == text, (
        "run `python -m tests.stack.faults --write`"
    )


@pytest.mark.parametrize(("operation", "answer"), [("check_export", crashed), ("lambda.Invoke", never)])
def test_checks_that_fail_for_ever_do_not_fill_the_history_before_the_state_machine_s_timeout(
    world, operation, answer
) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0)}})
    w.announce({"export_id": 5})
    w.run(until=10)
    w.stack.faults.answer(operation, answer)
    w.run(until=10_000)
    states = [event.get("stateEnteredEventDetails", {}).get("name") for event in w.stack.history("default_5")]
    assert states.count("Wait after failed check") == 2
    rounds = [at for at, state in enumerate(states) if state == "Wait longer after failed checks"]
    [events] = {after - before for before, after in pairwise(rounds)}
    assert EVENTS_LIMIT / events * 900 > TIMEOUT_SECONDS
