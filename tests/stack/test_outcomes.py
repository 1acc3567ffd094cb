"""The deployed template, driven through each outcome in virtual time, with the real values of its parameters."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.world import START, World, deployed, moment, timeline

HOUR = 3600
WATCHED: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {
    1: (
        {"type": "Responses", "timeline": timeline(scheduled=0, in_progress=60, ready=300, done=330)},
        {"context": {"campaign": "spring"}},
    ),
    2: ({"distribution_method": "sftp", "ftp_dir": ""}, {"export_id": "2", "distribution_method": "sftp"}),
    3: ({"distribution_method": "local", "null_as": "text"}, {}),
    4: ({"distribution_method": "mail", "null_as": "empty"}, {"distribution_method": "mail"}),
    5: ({"file_name": "../../etc/passwd"}, {}),
    6: ({"timeline": timeline(in_progress=0)}, {"context": {"a": 1}}),
    7: ({"timeline": timeline(in_progress=0, error=40)}, {}),
    8: ({"timeline": timeline(in_progress=0, ready=600, done=2 * HOUR + 700)}, {}),
    9: ({"distribution_method": "local", "timeline": timeline(ready=0)}, {"deadline_seconds": 2 * HOUR}),
    10: ({"faults": [{"fault": "not_found"}]}, {}),
    11: ({"faults": [{"fault": "unsupported_type_200"}]}, {}),
    12: ({"faults": [{"fault": "forbidden_html"}]}, {"deadline_seconds": 600}),
}
"""Exports, and what the event of each says besides its id."""


@pytest.fixture(scope="module")
def w() -> Iterator[World]:
    """The end of a day on which all these exports were watched."""
    with deployed(exports={number: export for number, (export, _) in WATCHED.items()}) as world:
        world.announce(*({"export_id": number, **more} for number, (_, more) in WATCHED.items()))
        world.run(until=1000)
        world.stack.stop("default_6")
        world.run()
        yield world


@pytest.mark.parametrize(
    ("export_id", "published"),
    [
        *((number, ["done: None"]) for number in range(1, 6)),
        (6, ["lost: execution_aborted"]),
        (7, ["error: export_failed"]),
        (8, ["stuck: ready_too_long", "done: None"]),
        (9, ["stuck: ready_too_long", "expired: ready_too_long"]),
        (10, ["rejected: export_not_found"]),
        (11, ["rejected: export_type_unsupported"]),
        (12, ["expired: permission_missing"]),
    ],
)
def test_each_outcome_is_published_with_its_reason(w, export_id, published):
    data = [data for data in w.data if data["export_id"] == export_id]
    assert [f"{of['outcome']}: {of['reason'] and of['reason']['code']}" for of in data] == published
    checks = [seen for seen in w.server.requests if seen.path == f"/api/v3/export/{export_id}"]
    assert data[-1]["watch"]["checks"] in (len(checks), None)  # of a lost watch nobody knows


@pytest.mark.parametrize(
    ("export_id", "name", "uri"),
    [
        (1, "export.csv", "ftp://ftp.example.com/exports/export.csv"),
        (2, "export.csv", "sftp://ftp.example.com/~/export.csv"),
        (3, "export.csv", "{url}/api/v3/export/3/data"),
        (4, "export.csv", None),
        (5, "../../etc/passwd", None),
        (9, None, "{url}/api/v3/export/9/data"),  # stuck, but it may be there
    ],
)
def test_it_says_where_the_file_is(w, export_id, name, uri):
    file = next(data["file"] for data in w.data if data["export_id"] == export_id)
    assert (file["name"], file["uri"]) == (name, uri and uri.format(url=w.server.url))


def test_it_carries_the_context_and_the_attributes_that_filters_are_for(w):
    assert {data["export_id"]: data["context"] for data in w.data if data["context"]} == {
        1: {"campaign": "spring"},
        6: {"a": 1},
    }
    attributes = {each["message"]["subject"]: each["attributes"] for each in w.published}
    about = {"outcome": "done", "account": "default", "export_type": "responses", "terminal": "true"}
    assert attributes["1"] == about


def test_stuck_is_published_at_its_moment_and_the_deadline_and_a_stop_at_theirs(w):
    stuck = next(each["message"] for each in w.published if each["message"]["subject"] == "8")
    ready_since = moment(stuck["data"]["watch"]["ready_since"])
    assert 0 <= ready_since - (START + 600) < 100
    assert moment(stuck["time"]) == ready_since + 3900
    elapsed = {data["export_id"]: data["watch"]["elapsed_seconds"] for data in w.data}
    assert (elapsed[12], elapsed[6]) == (600, 1000)


def test_each_execution_ends_and_none_fails(w):
    assert w.statuses == {f"default_{number}": "SUCCEEDED" for number in WATCHED} | {"default_6": "ABORTED"}
    assert w.stack.dead_letters() == []
