"""The fault matrix: what goes wrong and when, what is told and logged then, and where that ends."""

from itertools import pairwise

import pytest

from sandbox.aws import crashed
from tests.stack.conftest import timeline
from tests.stack.faults import document
from tests.stack.faults.groups import GROUPS, TABLES
from tests.stack.faults.ours import never

EVENTS_LIMIT = 25_000
"""Step Functions ends an execution whose history has so many events."""
DAY = 86_400


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name.replace(" ", "-"))
def test_each_fault_is_told_and_logged_as_the_matrix_says(group) -> None:
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


@pytest.mark.parametrize(
    ("operation", "answer", "days"), [("check_export", crashed, 4.9), ("lambda.Invoke", never, 9.4)]
)
def test_checks_that_fail_for_ever_fill_the_history_in_days(world, operation, answer, days) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0)}})
    w.announce({"export_id": 5})
    w.run(until=10)
    w.stack.faults.answer(operation, answer)
    w.run(until=10_000)
    states = [event.get("stateEnteredEventDetails", {}).get("name") for event in w.stack.history("default_5")]
    rounds = [at for at, state in enumerate(states) if state == "Wait after failed check"]
    assert {after - before for before, after in pairwise(rounds)} == {18}
    assert 10_000 / len(rounds) * EVENTS_LIMIT / 18 / DAY == pytest.approx(days, rel=0.04)


def test_the_document_counts_the_exports_of_the_matrix():
    exports = sum(len(row.told) for rows in TABLES.values() for row in rows)
    assert f"{exports} exports" in document.DOCUMENT.read_text("utf-8")
