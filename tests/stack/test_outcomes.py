"""The deployed template, driven through each outcome in virtual time, with the real values of its parameters."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.world import OAUTH, START, WSSE, World, deployed, timeline

HOUR = 3600

CLICKS = {"ftp_host": "88.99.123.23", "ftp_dir": "folder/subfolder", "file_name": "clicks.csv"}

EXPORTS: dict[int, dict[str, Any]] = {
    1: {
        **CLICKS,
        "type": "Responses",
        "timeline": timeline(scheduled=0, in_progress=60, ready=300, done=330),
    },
    2: {"distribution_method": "sftp", "ftp_host": "sftp.example.com:2222", "ftp_dir": ""},
    3: {"distribution_method": "local", "null_as": "text"},
    4: {"distribution_method": "mail", "null_as": "empty"},
    5: {"file_name": "../../etc/passwd"},
    6: {"timeline": timeline(in_progress=0)},
    7: {"timeline": timeline(in_progress=0, error=40)},
    8: {"timeline": timeline(in_progress=0, ready=600, done=2 * HOUR + 700)},
    9: {"distribution_method": "local", "timeline": timeline(ready=0)},
    10: {"faults": [{"fault": "not_found"}]},
    11: {"faults": [{"fault": "unsupported_type_200"}]},
    12: {"faults": [{"fault": "forbidden_html"}]},
}
EVENTS: dict[int, dict[str, Any]] = {
    1: {"context": {"campaign": "spring"}},
    2: {"export_id": "2", "distribution_method": "sftp"},
    4: {"distribution_method": "mail"},
    6: {"context": {"a": 1}},
    9: {"deadline_seconds": 2 * HOUR},
    12: {"deadline_seconds": 600},
}
"""What an event says besides the id of its export."""


@pytest.fixture(scope="module", params=["v3", "v2"])
def version(request) -> str:
    """The version of the API: the credentials of the account decide it."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def w(version) -> Iterator[World]:
    """The end of a day on which all these exports were watched."""
    with deployed(secret={**OAUTH, **WSSE} if version == "v3" else WSSE, exports=EXPORTS) as world:
        for number in EXPORTS:
            world.announce({"export_id": number, **EVENTS.get(number, {})})
        world.run(until=1000)
        world.stack.stop("default_6")
        world.run()
        yield world


def published(w: World, export_id: int) -> list[dict[str, Any]]:
    return [data for data in w.data if data["export_id"] == export_id]


def checks(w: World, export_id: int) -> list[float]:
    """When an export was checked, in seconds."""
    return [seen.at for seen in w.server.requests if seen.path.endswith(f"/export/{export_id}")]


def test_done_by_ftp_is_published_with_the_location_of_the_file(w, version) -> None:
    [told] = [told for told in w.told if told["message"]["subject"] == "1"]
    assert told["attributes"] == {
        "outcome": "done",
        "account": "default",
        "export_type": "responses",
        "terminal": "true",
    }
    data = told["message"]["data"]
    assert data["file"] == {
        "name": "clicks.csv",
        "distribution_method": "ftp",
        "host": "88.99.123.23",
        "directory": "folder/subfolder",
        "uri": "ftp://88.99.123.23/folder/subfolder/clicks.csv",
    }
    assert data["context"] == {"campaign": "spring"}
    assert data["watch"]["checks"] == len(checks(w, 1))
    assert f"/api/{version}/export/1" in {seen.path for seen in w.server.requests}


@pytest.mark.parametrize(
    ("export_id", "name", "uri"),
    [
        (2, "export.csv", "sftp://sftp.example.com:2222/~/export.csv"),
        (3, "export.csv", "{url}/api/{version}/export/3/data"),
        (4, "export.csv", None),
        (5, "../../etc/passwd", None),
    ],
    ids=["sftp", "local", "mail", "a-name-that-leads-elsewhere"],
)
def test_done_is_published_with_where_the_file_is(w, version, export_id, name, uri) -> None:
    [data] = published(w, export_id)
    assert (data["outcome"], data["file"]["name"]) == ("done", name)
    assert data["file"]["uri"] == (uri and uri.format(url=w.server.url, version=version))


def test_an_error_of_emarsys_is_published(w) -> None:
    [data] = published(w, 7)
    assert (data["outcome"], data["reason"]["code"], data["file"]) == ("error", "export_failed", None)
    assert data["export"]["status"] == "error"


def test_a_stuck_delivery_is_published_at_its_moment_and_once_and_the_watch_goes_on(w) -> None:
    stuck, done = [told for told in w.told if told["message"]["subject"] == "8"]
    assert [told["attributes"]["outcome"] for told in (stuck, done)] == ["stuck", "done"]
    assert stuck["attributes"]["terminal"] == "false"
    data = stuck["message"]["data"]
    assert data["reason"]["code"] == "ready_too_long"
    ready_since = moment(data["watch"]["ready_since"])
    assert 0 <= ready_since - (START + 600) < 100
    assert moment(stuck["message"]["time"]) == ready_since + 3900
    assert done["message"]["data"]["watch"]["ready_since"] == data["watch"]["ready_since"]
    assert done["message"]["data"]["file"]["uri"] == "ftp://ftp.example.com/exports/export.csv"


def test_a_stuck_local_export_names_the_file_and_no_host(w, version) -> None:
    stuck, expired = published(w, 9)
    assert (stuck["outcome"], expired["outcome"]) == ("stuck", "expired")
    assert stuck["file"]["uri"] == f"{w.server.url}/api/{version}/export/9/data"
    assert (stuck["file"]["host"], stuck["file"]["name"]) == (None, None)
    assert (expired["reason"]["code"], expired["file"]) == ("ready_too_long", None)


@pytest.mark.parametrize(("export_id", "code"), [(10, "export_not_found"), (11, "export_type_unsupported")])
def test_a_refusal_is_final_once_it_has_lasted_a_minute(w, export_id, code) -> None:
    [data] = published(w, export_id)
    assert (data["outcome"], data["reason"]["code"], data["export"]) == ("rejected", code, None)
    begin, *_, last_but_one, end = checks(w, export_id)
    assert last_but_one - begin < 60 <= end - begin


def test_a_watch_expires_at_its_deadline_with_the_last_obstacle(w) -> None:
    [data] = published(w, 12)
    assert (data["outcome"], data["reason"]["code"]) == ("expired", "permission_missing")
    assert data["watch"]["elapsed_seconds"] == 600


def test_a_watch_that_is_stopped_is_published_as_lost(w) -> None:
    [data] = published(w, 6)
    assert (data["outcome"], data["reason"]["code"]) == ("lost", "execution_aborted")
    assert (data["watch"]["checks"], data["watch"]["elapsed_seconds"]) == (None, 1000)
    assert data["context"] == {"a": 1}


def test_each_execution_ends_and_none_fails(w) -> None:
    ended = {f"default_{number}": "SUCCEEDED" for number in EXPORTS}
    assert w.statuses == {**ended, "default_6": "ABORTED"}
    assert w.stack.dead_letters() == []


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
