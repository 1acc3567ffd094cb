"""The fault matrix: what goes wrong and when, what is published and logged then, and where that ends."""

import pytest

from tests.stack.faults import of_emarsys, of_the_way, ours
from tests.stack.faults.deployed import wrong
from tests.stack.faults.matrix import Cell
from tests.stack.faults.tables import DOCUMENT, filled
from tests.stack.faults.walk import walk


@pytest.mark.parametrize("row", [*of_emarsys.ROWS, *of_the_way.ROWS], ids=lambda row: row.fault)
def test_a_fault_of_emarsys_or_of_the_way_is_published_and_logged_as_the_matrix_says(row):
    for moment in row.published:
        found = walk(row, Cell(row, moment))
        assert row.wrong(moment, found.published, found.logged) is None


@pytest.mark.parametrize("rows", [ours.OF_CHECKS, ours.OF_ALL_ELSE], ids=["checks", "all-else"])
def test_a_fault_of_ours_is_published_and_logged_as_the_matrix_says(rows):
    assert wrong(rows) == []


def test_the_document_shows_the_matrix():
    text = DOCUMENT.read_text("utf-8")
    assert filled(text) == text, "run `python -m tests.stack.faults`"
