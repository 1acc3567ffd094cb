"""The queries of docs/reference/metrics-and-logs.md name fields of the log lines, and find the lines they are for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.schemas import ROOT
from tests.world import deployed, timeline

Row = dict[str, Any]

_PAGE = (ROOT / "docs" / "reference" / "metrics-and-logs.md").read_text("utf-8")
_BLOCKS = [block.replace("    ", "").strip() for block in re.findall(r"(?m)^(?:    [^ \n].*\n)+", _PAGE)]
QUERIES = [block for block in _BLOCKS if block.startswith("filter ")]


@pytest.fixture(scope="module")
def lines() -> Iterator[list[Row]]:
    """All lines of a stack on which most things happen that an operator asks for."""
    exports: dict[int, Any] = {
        5: {},
        7: {"faults": [{"fault": "forbidden_html"}]},
        123: {"timeline": timeline(in_progress=0)},
    }
    with deployed(exports=exports) as w:
        w.announce(*({"export_id": export_id, "deadline_seconds": 300} for export_id in (0, *exports)))
        w.run(until=90)
        w.stack.stop("default_123")
        w.run()
        assert sorted(w.outcomes) == ["done", "expired", "lost"]
        yield [{"@timestamp": 0, **record} for record in w.stack.logs.records()]


def test_there_are_queries():
    assert len(QUERIES) == 3


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_finds_what_it_is_for(lines, query):
    first, *stages = query.split("\n| ")
    found = [line for line in lines if holds(line, first.removeprefix("filter "))]
    for stage in stages:
        command, _, rest = stage.partition(" ")
        if command == "parse":
            matches = [(line, regex(rest).search(line["message"])) for line in found]
            found = [line | match.groupdict() for line, match in matches if match]
        if command == "stats":
            read = re.findall(r"latest\(([@\w]+)\)", rest) + re.split(r", *", rest.partition(" by ")[2])
            assert [name for name in read if not any(name in line for line in found)] == []
    assert found


def holds(line: Row, condition: str) -> bool:
    if present := re.fullmatch(r"ispresent\((\w+)\)", condition):
        return present[1] in line
    if equal := re.fullmatch(r'(\w+) = "(\w+)"', condition):
        return bool(line.get(equal[1]) == equal[2])
    return regex(condition).search(str(line.get("message"))) is not None


def regex(clause: str) -> re.Pattern[str]:
    """The regular expression of `message /…/` or `message like /…/`; a named group is `(?<name>…)` there."""
    pattern = re.fullmatch(r"message (?:like )?/(.*)/", clause)
    assert pattern, clause
    return re.compile(pattern[1].replace("(?<", "(?P<"))
