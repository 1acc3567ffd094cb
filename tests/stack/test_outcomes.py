"""The deployed template, driven through each outcome in virtual time, with the real values of its parameters."""

from datetime import datetime

import pytest

from tests.world import OAUTH, START, WSSE, timeline

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(("secret", "version"), [(OAUTH, "v3"), (WSSE, "v2"), ({**OAUTH, **WSSE}, "v3")])
def test_an_export_done_by_ftp_is_published_with_the_location_of_its_file(world, secret, version) -> None:
    plan = {
        "type": "Responses",
        "ftp_host": "88.99.123.23",
        "ftp_dir": "folder/subfolder",
        "file_name": "clicks.csv",
    }
    w = world(
        secret=secret,
        exports={123: {**plan, "timeline": timeline(scheduled=0, in_progress=60, ready=300, done=330)}},
    )
    w.announce({"export_id": 123, "context": {"campaign": "spring"}})
    w.run()
    assert w.only["file"] == {
        "name": "clicks.csv",
        "distribution_method": "ftp",
        "host": "88.99.123.23",
        "directory": "folder/subfolder",
        "uri": "ftp://88.99.123.23/folder/subfolder/clicks.csv",
    }
    assert w.only["reason"] is None
    assert w.only["context"] == {"campaign": "spring"}
    assert w.only["watch"]["checks"] == len([seen for seen in w.server.requests if "/export/" in seen.path])
    assert {seen.path for seen in w.server.requests if "/export/" in seen.path} == {
        f"/api/{version}/export/123"
    }
    assert w.told[0]["attributes"] == {
        "outcome": "done",
        "account": "default",
        "export_type": "responses",
        "terminal": "true",
    }
    assert w.statuses == {"default_123": "SUCCEEDED"}


def test_an_export_done_by_sftp_is_published_as_announced(world) -> None:
    w = world(
        exports={1: {"distribution_method": "sftp", "ftp_host": "sftp.example.com:2222", "ftp_dir": ""}}
    )
    w.announce({"export_id": "1", "distribution_method": "sftp"})
    w.run()
    assert w.only["file"]["uri"] == "sftp://sftp.example.com:2222/~/export.csv"


@pytest.mark.parametrize(("secret", "version"), [(OAUTH, "v3"), (WSSE, "v2")])
@pytest.mark.parametrize("null_as", ["json", "text", "empty", "absent"])
def test_a_local_export_is_published_with_its_data_resource(world, secret, version, null_as) -> None:
    w = world(secret=secret, exports={5: {"distribution_method": "local", "null_as": null_as}})
    w.announce({"export_id": 5})
    w.run()
    assert w.only["file"] == {
        "name": "export.csv",
        "distribution_method": "local",
        "host": None,
        "directory": None,
        "uri": f"{w.server.url}/api/{version}/export/5/data",
    }


def test_an_export_by_mail_has_no_place(world) -> None:
    w = world(exports={5: {"distribution_method": "mail"}})
    w.announce({"export_id": 5, "distribution_method": "mail"})
    w.run()
    assert (w.only["file"]["name"], w.only["file"]["uri"]) == ("export.csv", None)


@pytest.mark.parametrize("null_as", ["json", "text", "empty", "absent"])
def test_done_without_a_file_name_is_published_without_a_file(world, null_as) -> None:
    names: dict[str, dict[str, str | None]] = {
        "json": {"file_name": None},
        "text": {"file_name": "NULL"},
        "empty": {"file_name": ""},
        "absent": {},
    }
    reply: dict[str, str | None] = {
        "id": "5",
        "status": "done",
        "type": "responses",
        "ftp_host": "ftp.example.com",
        **names[null_as],
    }
    w = world(
        exports={5: {"faults": [{"reply": {"json": {"replyCode": 0, "replyText": "OK", "data": reply}}}]}}
    )
    w.announce({"export_id": 5})
    w.run()
    assert (w.only["outcome"], w.only["file"]) == ("done", None)


def test_names_from_the_vendor_become_correct_uris_or_none(world) -> None:
    encoded = {
        "my clicks.csv": "my%20clicks.csv",
        "a/b.csv": "a%2Fb.csv",
        "100%.csv": "100%25.csv",
        "two\r\nlines.csv": None,
        "Käufer.csv": "K%C3%A4ufer.csv",
        "a?b#c;d.csv": "a%3Fb%23c%3Bd.csv",
        "a..b.csv": "a..b.csv",
        "..": None,
        "../../etc/passwd": None,
        "a\\..\\b.csv": None,
    }
    plans = {number: {"file_name": name, "ftp_dir": "a b/ü"} for number, name in enumerate(encoded, 1)}
    w = world(exports=plans)
    w.announce(*({"export_id": number} for number in plans))
    w.run()
    assert {data["file"]["name"]: data["file"]["uri"] for data in w.data} == {
        name: uri and f"ftp://ftp.example.com/a%20b/%C3%BC/{uri}" for name, uri in encoded.items()
    }
    assert {data["file"]["directory"] for data in w.data} == {"a b/ü"}


def test_an_error_of_emarsys_is_published(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, error=40)}})
    w.announce({"export_id": 5})
    w.run()
    assert (w.only["outcome"], w.only["reason"]["code"]) == ("error", "export_failed")
    assert w.only["file"] is None
    assert w.only["export"]["status"] == "error"
    assert w.statuses == {"default_5": "SUCCEEDED"}


def test_a_stuck_delivery_is_published_at_its_moment_and_once_and_the_watch_goes_on(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, ready=600, done=2 * HOUR + 700)}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["stuck", "done"]
    stuck, done = w.told
    assert stuck["attributes"]["terminal"] == "false"
    assert stuck["message"]["data"]["reason"]["code"] == "ready_too_long"
    assert "ftp.example.com" in stuck["message"]["data"]["reason"]["message"]
    ready_since = _at(stuck["message"]["data"]["watch"]["ready_since"])
    assert 0 <= ready_since - (START + 600) < 100
    assert _at(stuck["message"]["time"]) == ready_since + 3900
    assert done["message"]["data"]["watch"]["ready_since"] == stuck["message"]["data"]["watch"]["ready_since"]
    assert done["message"]["data"]["file"]["uri"] == "ftp://ftp.example.com/exports/export.csv"


def test_a_stuck_local_export_names_the_file_and_no_host(world) -> None:
    w = world(exports={5: {"distribution_method": "local", "timeline": timeline(ready=0)}})
    w.announce({"export_id": 5, "deadline_seconds": 2 * HOUR})
    w.run()
    assert w.outcomes == ["stuck", "expired"]
    stuck, expired = w.data
    assert stuck["file"]["uri"] == f"{w.server.url}/api/v3/export/5/data"
    assert (stuck["file"]["host"], stuck["file"]["name"]) == (None, None)
    assert "may already be there" in stuck["reason"]["message"]
    assert "FTP" not in stuck["reason"]["message"]
    assert (expired["reason"]["code"], expired["file"]) == ("ready_too_long", None)


@pytest.mark.parametrize(
    ("fault", "code"), [("not_found", "export_not_found"), ("unsupported_type", "export_type_unsupported")]
)
@pytest.mark.parametrize("suffix", ["", "_200"])
def test_a_refusal_is_final_once_it_has_lasted_a_minute(world, fault, code, suffix) -> None:
    w = world(exports={5: {"faults": [{"fault": fault + suffix}]}})
    w.announce({"export_id": 5})
    w.run()
    assert (w.only["outcome"], w.only["reason"]["code"], w.only["export"]) == ("rejected", code, None)
    looks = [seen.at for seen in w.server.requests if "/export/" in seen.path]
    assert looks[-1] - looks[0] >= 60
    assert looks[-2] - looks[0] < 60


def test_an_export_that_cannot_be_seen_at_first_is_watched_to_its_end(world) -> None:
    w = world(
        exports={
            5: {"faults": [{"until": 50, "fault": "not_found"}], "timeline": timeline(in_progress=0, done=90)}
        }
    )
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]


@pytest.mark.parametrize(
    ("status", "code"), [("scheduled", "still_scheduled"), ("in progress", "still_in_progress")]
)
def test_a_watch_of_24_hours_expires_at_its_deadline_with_the_last_obstacle(world, status, code) -> None:
    w = world(exports={5: {"timeline": [{"at": 0, "status": status}]}})
    w.announce({"export_id": 5})
    w.run()
    assert (w.only["outcome"], w.only["reason"]["code"]) == ("expired", code)
    assert w.only["watch"]["elapsed_seconds"] == DAY
    assert w.told[0]["message"]["time"] == w.only["watch"]["deadline_at"]
    assert 130 <= w.only["watch"]["checks"] <= 225
    history = w.stack.history("default_5")
    assert len(history) <= 9 * w.only["watch"]["checks"] + 12


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([{"fault": "unauthorized"}], "credentials_refused"),
        ([{"fault": "forbidden_html"}], "permission_missing"),
        ([{"fault": "rate_limited"}], "rate_limited"),
        ([{"fault": "bad_gateway"}], "emarsys_unavailable"),
        ([{"fault": "reset_midway"}], "emarsys_unavailable"),
        ([{"fault": "html"}], "unexpected_reply"),
        ([{"fault": "other_export"}], "unexpected_reply"),
        ([{"fault": "redirect"}], "unexpected_reply"),
    ],
)
def test_an_obstacle_that_lasts_is_the_reason_at_the_deadline(world, faults, code) -> None:
    w = world(secret=WSSE, exports={5: {"faults": faults}})
    w.announce({"export_id": 5, "deadline_seconds": 600})
    w.run()
    assert (w.only["outcome"], w.only["reason"]["code"]) == ("expired", code)
    assert w.only["watch"]["elapsed_seconds"] == 600


def test_an_outage_that_heals_does_not_show_in_the_outcome(world) -> None:
    faults = [
        {"from": 20, "until": 600, "fault": "overloaded"},
        {"from": 600, "until": 900, "fault": "reset"},
        {"from": 900, "until": 1500, "fault": "html"},
    ]
    w = world(exports={5: {"faults": faults, "timeline": timeline(in_progress=0, done=700)}})
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]


def test_a_watch_that_is_stopped_is_published_as_lost(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0)}})
    w.announce({"export_id": 5, "context": {"a": 1}})
    w.run(until=1000)
    w.stack.stop("default_5")
    w.run()
    assert (w.only["outcome"], w.only["reason"]["code"]) == ("lost", "execution_aborted")
    assert (w.only["watch"]["checks"], w.only["watch"]["elapsed_seconds"]) == (None, 1000)
    assert w.only["context"] == {"a": 1}
    assert w.statuses == {"default_5": "ABORTED"}


def test_a_check_that_fails_for_six_hours_does_not_show_in_the_outcome(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=2000)}})
    w.announce({"export_id": 5})
    w.run(until=60)
    w.stack.faults.fail("check_export", "ResourceNotFoundException", until=START + 6 * HOUR)
    w.run()
    assert w.outcomes == ["done"]
    assert w.only["watch"]["elapsed_seconds"] < 6 * HOUR + 900 + 100
    assert "the check before this one failed with all its retries" in w.log("check_export")


def _at(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
