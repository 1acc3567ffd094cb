"""The queries of docs/reference/metrics-and-logs.md name fields of the log lines, and find the lines they are for."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.schemas import ROOT
from tests.world import START, World, timeline

Row = dict[str, Any]

_PAGE = (ROOT / "docs" / "reference" / "metrics-and-logs.md").read_text("utf-8")
QUERIES = [block.replace("    ", "").strip() for block in re.findall(r"(?m)^(?:    [^ \n].*\n)+", _PAGE)]
QUERIES = [query for query in QUERIES if query.startswith(("fields ", "filter "))]


@pytest.fixture
def lines(world) -> list[Row]:
    """All lines of a stack on which most things happen that an operator asks for."""
    w: World = world(
        exports={
            5: {"timeline": timeline(in_progress=0, done=60)},
            7: {"faults": [{"fault": "forbidden_html"}]},
            123: {"timeline": timeline(in_progress=0)},
        }
    )
    for export_id in (0, 5, 7, 123):
        w.announce({"export_id": export_id, "deadline_seconds": 300})
    w.announce({"export_id": 5})
    w.run(until=90)
    w.stack.stop("default_123")
    w.run()
    assert sorted(w.outcomes) == ["done", "expired", "lost"]
    assert w.stack.clock.now() > START + 300
    return [{"@timestamp": 0, **record} for record in w.stack.logs.records()]


def test_there_are_queries() -> None:
    assert len(QUERIES) == 3


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_finds_what_it_is_for(lines, query) -> None:
    for stage in query.split("\n| "):
        command, _, rest = stage.partition(" ")
        for name in names(command, rest):
            assert any(name in line for line in lines), f"no line has {name}"
        lines = list(results(lines, command, rest))
        assert lines, stage


def names(command: str, rest: str) -> list[str]:
    """The fields that a stage reads."""
    match command:
        case "filter" | "parse":
            inside = re.search(r"ispresent\((\w+)\)", rest)
            return [inside[1] if inside else rest.split(maxsplit=1)[0]]
        case "stats":
            functions, _, by = rest.partition(" by ")
            return [*re.findall(r"\(([@\w]+)\)", functions), *re.split(r", *", by)]
        case "fields" | "display":
            return re.split(r", *", rest)
        case "sort":
            return [rest.split(maxsplit=1)[0]]
        case _:
            assert command == "limit"
            return []


def results(lines: list[Row], command: str, rest: str) -> Iterator[Row]:
    """What a stage makes of the lines, as far as these queries go."""
    match command:
        case "filter":
            yield from (line for line in lines if holds(line, rest))
        case "parse":
            field, _, pattern = rest.partition(" ")
            for line in lines:
                found = re.search(regex(pattern), str(line.get(field, "")))
                yield line | (found.groupdict() if found else {})
        case "stats":
            new = re.findall(r" as (\w+)", rest)
            kept = re.split(r", *", rest.partition(" by ")[2])
            yield from (
                {**dict.fromkeys(new, 1), **{name: line.get(name) for name in kept}} for line in lines
            )
        case _:
            yield from lines


def holds(line: Row, condition: str) -> bool:
    if present := re.fullmatch(r"ispresent\((\w+)\)", condition):
        return present[1] in line
    if equal := re.fullmatch(r'(\w+) = "?(\w+)"?', condition):
        return str(line.get(equal[1])) == equal[2]
    field, _, pattern = condition.partition(" like ")
    return re.search(regex(pattern), str(line.get(field, ""))) is not None


def regex(pattern: str) -> str:
    """Logs Insights writes a regular expression between slashes, and a named group as `(?<name>…)`."""
    assert pattern.startswith("/")
    assert pattern.endswith("/")
    return pattern[1:-1].replace("(?<", "(?P<")
