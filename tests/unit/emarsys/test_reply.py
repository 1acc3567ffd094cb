"""What the answer to a status call means: the table of errors, row by row, and everything that is in no table."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch import state
from export_watch.decision import End, decide
from export_watch.emarsys.reply import interpret
from export_watch.location import FIELD_LENGTH
from export_watch.reason import remedy
from export_watch.transport import Reply
from export_watch.watch import (
    Export,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
)
from tests.unit.emarsys.fakes import reply
from tests.unit.examples import DEFAULTS, FILE_URL, STARTED_AT, a_watch

NOW = 1_795_452_601.0
DATA = {
    "id": "123",
    "created": "2012-05-23 11:08:56",
    "status": "done",
    "type": "Responses",
    "file_name": "clicks_3931993_1_en-df0ef2.csv",
    "ftp_host": "88.99.123.23",
    "ftp_dir": "folder/subfolder",
}


def meaning(answer: Reply) -> Observation:
    return interpret(answer, 123, FILE_URL, NOW)


def ok(**data: Any) -> Reply:
    return reply(200, {"replyCode": 0, "replyText": "OK", "data": DATA | data})


def error(code: Any, text: str = "an error") -> dict[str, Any]:
    return {"replyCode": code, "replyText": text, "data": ""}


def code_of(answer: Reply) -> ObstacleCode:
    found = meaning(answer)
    assert isinstance(found, Obstacle)
    return found.code


def test_the_documented_reply_is_a_status_with_its_fields() -> None:
    assert meaning(ok()) == StatusSeen(ExportStatus.DONE, Export(**DATA), FILE_URL)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("scheduled", ExportStatus.SCHEDULED),
        ("in progress", ExportStatus.IN_PROGRESS),
        ("in_progress", ExportStatus.IN_PROGRESS),
        ("In Progress", ExportStatus.IN_PROGRESS),
        ("IN_PROGRESS", ExportStatus.IN_PROGRESS),
        ("ready", ExportStatus.READY),
        ("READY", ExportStatus.READY),
        ("done", ExportStatus.DONE),
        ("Done", ExportStatus.DONE),
        (" done ", ExportStatus.DONE),
        ("error", ExportStatus.ERROR),
        ("Error", ExportStatus.ERROR),
        ("paused", ExportStatus.UNKNOWN),
        ("unknown", ExportStatus.UNKNOWN),
        ("not done", ExportStatus.UNKNOWN),
    ],
)
def test_a_status_is_read_in_every_casing_and_kept_as_it_came(word: str, status: ExportStatus) -> None:
    found = meaning(ok(status=word))
    assert isinstance(found, StatusSeen)
    assert (found.status, found.export.status) == (status, word)


@pytest.mark.parametrize("status", [None, "", " ", 0, 1, True, [], {}, ["done"]])
def test_a_reply_without_a_status_is_unexpected(status: Any) -> None:
    assert code_of(ok(status=status)) is ObstacleCode.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    ("status", "code"), [(200, 10001), (400, 10001), (200, "10001"), (400, "10001"), (400, 10001.0)]
)
def test_no_such_export_is_a_refusal(status: int, code: Any) -> None:
    assert meaning(reply(status, error(code))) == Refused(Refusal.EXPORT_NOT_FOUND)


@pytest.mark.parametrize(("status", "code"), [(200, 4002), (400, 4002), (200, "4002"), (400, "4002")])
def test_a_type_without_a_status_is_a_refusal(status: int, code: Any) -> None:
    assert meaning(reply(status, error(code))) == Refused(Refusal.EXPORT_TYPE_UNSUPPORTED)


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (400, error(1, "No resource requested"), ObstacleCode.UNEXPECTED_REPLY),
        (400, error(4003), ObstacleCode.UNEXPECTED_REPLY),
        (400, error(""), ObstacleCode.UNEXPECTED_REPLY),
        (401, error(1, "Unauthorized"), ObstacleCode.CREDENTIALS_REFUSED),
        (401, {"message": "Credentials are invalid."}, ObstacleCode.CREDENTIALS_REFUSED),
        (401, {"message": "Timeframe is invalid."}, ObstacleCode.CREDENTIALS_REFUSED),
        (401, b"", ObstacleCode.CREDENTIALS_REFUSED),
        (403, b"", ObstacleCode.PERMISSION_MISSING),
        (403, b"<html><h1>403 Forbidden</h1></html>", ObstacleCode.PERMISSION_MISSING),
        (403, error(1), ObstacleCode.PERMISSION_MISSING),
        (429, error(7003), ObstacleCode.RATE_LIMITED),
        (429, {"message": "Rate limit exceeded"}, ObstacleCode.RATE_LIMITED),
        (429, b"", ObstacleCode.RATE_LIMITED),
        (500, error(1), ObstacleCode.EMARSYS_UNAVAILABLE),
        (500, error(1003), ObstacleCode.EMARSYS_UNAVAILABLE),
        (500, error(2011), ObstacleCode.EMARSYS_UNAVAILABLE),
        (502, b"<html>Bad gateway</html>", ObstacleCode.EMARSYS_UNAVAILABLE),
        (503, b"The system is overloaded for this resource", ObstacleCode.EMARSYS_UNAVAILABLE),
        (504, b"", ObstacleCode.EMARSYS_UNAVAILABLE),
        (408, b"", ObstacleCode.EMARSYS_UNAVAILABLE),
        (599, b"", ObstacleCode.EMARSYS_UNAVAILABLE),
        # A code is no refusal under a status to which it does not belong.
        *((status, error(10001), ObstacleCode.EMARSYS_UNAVAILABLE) for status in (500, 502, 503)),
        (401, error(10001), ObstacleCode.CREDENTIALS_REFUSED),
        (403, error(4002), ObstacleCode.PERMISSION_MISSING),
        (429, error(4002), ObstacleCode.RATE_LIMITED),
        (404, error(10001), ObstacleCode.UNEXPECTED_REPLY),
        # What no table holds.
        (200, error(1), ObstacleCode.UNEXPECTED_REPLY),
        (200, error(0), ObstacleCode.UNEXPECTED_REPLY),
        (404, b"", ObstacleCode.UNEXPECTED_REPLY),
        (404, b"<html>Not found</html>", ObstacleCode.UNEXPECTED_REPLY),
        (204, b"", ObstacleCode.UNEXPECTED_REPLY),
        (301, b"", ObstacleCode.UNEXPECTED_REPLY),
        (302, {"replyCode": 0, "data": DATA}, ObstacleCode.UNEXPECTED_REPLY),
        (418, b"", ObstacleCode.UNEXPECTED_REPLY),
        (200, b"", ObstacleCode.UNEXPECTED_REPLY),
        (200, b"<html>Maintenance</html>", ObstacleCode.UNEXPECTED_REPLY),
        (200, b"\xff\xfe\x00", ObstacleCode.UNEXPECTED_REPLY),
        (200, b'{"replyCode": 0, "data"', ObstacleCode.UNEXPECTED_REPLY),
        (200, b"[" * 60_000, ObstacleCode.UNEXPECTED_REPLY),
        (200, [], ObstacleCode.UNEXPECTED_REPLY),
        (200, None, ObstacleCode.UNEXPECTED_REPLY),
        (200, "done", ObstacleCode.UNEXPECTED_REPLY),
        (200, {"data": DATA}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": None, "data": DATA}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": False, "data": DATA}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": 0}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": 0, "data": None}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": 0, "data": []}, ObstacleCode.UNEXPECTED_REPLY),
        (200, {"replyCode": 0, "data": {}}, ObstacleCode.UNEXPECTED_REPLY),
    ],
)
def test_whatever_else_comes_is_an_obstacle(status: int, content: Any, code: ObstacleCode) -> None:
    assert code_of(reply(status, content)) is code


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
def test_any_success_with_the_data_of_the_export_is_its_status(status: int) -> None:
    assert meaning(Reply(status, {}, ok().body)) == meaning(ok())
    assert meaning(Reply(status, {}, reply(200, error(10001)).body)) == Refused(Refusal.EXPORT_NOT_FOUND)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Reply(200, {}, flaw="a reply that is too long"), ObstacleCode.UNEXPECTED_REPLY),
        (
            Reply(200, {}, b'{"replyC', "the connection broke off", interrupted=True),
            ObstacleCode.EMARSYS_UNAVAILABLE,
        ),
        (
            Reply(403, {}, b"<ht", "the connection broke off", interrupted=True),
            ObstacleCode.PERMISSION_MISSING,
        ),
    ],
)
def test_a_reply_that_did_not_come_whole_says_why(answer: Reply, code: ObstacleCode) -> None:
    found = meaning(answer)
    assert isinstance(found, Obstacle)
    assert found.code is code
    assert answer.flaw in found.detail or answer.status == 403


def test_a_reply_that_was_interrupted_after_its_json_is_read() -> None:
    assert meaning(Reply(200, {}, ok().body, "no complete reply in time", interrupted=True)) == meaning(ok())


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "text/plain", "", "application/json"])
def test_the_content_type_does_not_matter(content_type: str) -> None:
    answer = Reply(200, {"Content-Type": content_type}, ok().body)
    assert meaning(answer) == meaning(ok())


@pytest.mark.parametrize("code", [0, "0", 0.0, "0.0", " 0 "])
def test_a_reply_code_is_a_number_in_any_form(code: Any) -> None:
    assert isinstance(meaning(reply(200, {"replyCode": code, "data": DATA})), StatusSeen)


@pytest.mark.parametrize("code", [None, False, "", [0], {}, 0.5, "zero", "-0.0", 10**400])
def test_without_a_reply_code_there_is_no_status(code: Any) -> None:
    assert code_of(reply(200, {"replyCode": code, "data": DATA})) is ObstacleCode.UNEXPECTED_REPLY


def test_fields_of_a_kind_that_is_not_documented_are_ignored_and_named() -> None:
    found = meaning(ok(file_name=["a.csv"], ftp_dir={"a": 1}, ftp_host=None))
    assert isinstance(found, StatusSeen)
    assert (found.export.file_name, found.export.ftp_dir) == (None, None)
    assert found.odd_fields == ("file_name", "ftp_dir")


@pytest.mark.parametrize("name", [True, False, ["a.csv"], {"name": "a.csv"}])
def test_a_file_whose_name_is_no_text_leads_nowhere(name: Any) -> None:
    found = meaning(ok(file_name=name))
    assert isinstance(found, StatusSeen)
    assert found.odd_fields == ("file_name",)
    decision = decide(a_watch(), found, STARTED_AT, DEFAULTS)
    assert isinstance(decision, End)
    assert decision.file is None


@pytest.mark.parametrize("export_id", ["123", 123, None, "", "NULL", " 123 ", 123.0, "123.0", "123.00"])
def test_a_reply_about_this_export_is_read(export_id: Any) -> None:
    assert isinstance(meaning(ok(id=export_id)), StatusSeen)


@pytest.mark.parametrize(
    "export_id", ["124", 124, 0, "0123", 123.5, "123.", "1.23e2", True, "123a", [123], "1" * 2000]
)
def test_a_reply_about_another_export_is_unexpected(export_id: Any) -> None:
    assert code_of(ok(id=export_id)) is ObstacleCode.UNEXPECTED_REPLY


@pytest.mark.parametrize("null", [None, "NULL", ""])
def test_each_form_of_null_stays_as_it_came(null: Any) -> None:
    found = meaning(ok(status="ready", file_name=null, ftp_host=null, ftp_dir=null))
    assert isinstance(found, StatusSeen)
    assert (found.export.file_name, found.export.ftp_host, found.export.ftp_dir) == (null, null, null)


def test_what_is_absent_is_null() -> None:
    found = meaning(reply(200, {"replyCode": 0, "data": {"id": "123", "status": "done"}}))
    assert found == StatusSeen(ExportStatus.DONE, Export(id="123", status="done"), FILE_URL)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * 5000, "x" * FIELD_LENGTH),
        ("a\ud800b", "a\ufffdb"),
        (7, 7),
        (1.5, 1.5),
        (True, True),
        (10**15 - 1, 10**15 - 1),
        (10**15, "1000000000000000"),
        (10**2000, "1" + "0" * (FIELD_LENGTH - 1)),
        (float("inf"), None),
        (float("nan"), None),
        ([1] * 5000, None),
        ({"a": {}}, None),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_a_field_is_bounded_and_can_be_carried_on(value: Any, kept: Any) -> None:
    found = meaning(ok(file_name=value))
    assert isinstance(found, StatusSeen)
    assert found.export.file_name == kept


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (reply(429, error(7003)), 60),
        (reply(200, error(7003)), 60),
        (reply(400, error(7003)), 60),
        (reply(429, b"", X_RateLimit_Reset="1795452631"), 30),
        (reply(429, b"", X_RateLimit_Reset="1795452631", Retry_After="7"), 7),
        (reply(429, b"", X_RateLimit_Reset="1795452600"), 60),
        (reply(429, b"", X_RateLimit_Reset="30"), 30),
        (reply(429, b"", Retry_After="soon"), 60),
        (reply(429, b"", Retry_After="999999"), 3600),
        (reply(503, b"", Retry_After="120"), 120),
        (reply(500, b"", Retry_After="120"), 120),
        (reply(529, b"", Retry_After="120"), 120),
        (reply(503, b""), None),
        *(
            (reply(status, b"", Retry_After="300"), 300)
            for status in (302, 401, 403, 404, 408, 409, 423, 425)
        ),
        (reply(200, b"<html>", Retry_After="300"), 300),
        (reply(202, error(0), Retry_After="300"), 300),
        (reply(200, {"replyCode": 0, "data": DATA | {"id": "124"}}, Retry_After="300"), 300),
        (reply(403, b"", X_RateLimit_Reset="1795452631"), None),
    ],
)
def test_what_a_reply_asks_to_wait_is_handed_on(answer: Reply, seconds: int | None) -> None:
    found = meaning(answer)
    assert isinstance(found, Obstacle)
    assert found.retry_after_seconds == seconds


@pytest.mark.parametrize(("remaining", "limit"), [("250", RateLimit(1000, 250)), ("-1", None), ("few", None)])
def test_what_is_left_of_the_rate_limit_is_handed_on(remaining: str, limit: RateLimit | None) -> None:
    limits = {"X_RateLimit_Limit": "1000", "X_RateLimit_Remaining": remaining}
    seen = meaning(reply(200, {"replyCode": 0, "data": DATA}, **limits))
    refused = meaning(reply(400, error(10001), **limits))
    assert isinstance(seen, StatusSeen)
    assert isinstance(refused, Refused)
    assert (seen.rate_limit, refused.rate_limit) == (limit, limit)


def test_an_obstacle_names_the_pair_of_codes() -> None:
    found = meaning(reply(500, error(2011, "the vendor's text")))
    assert isinstance(found, Obstacle)
    assert found.detail == "Emarsys answered HTTP 500 with replyCode 2011"


@pytest.mark.parametrize("text", ["WSSE authentication header is missing.", "Timeframe is invalid."])
def test_the_gateway_s_own_refusals_are_quoted(text: str) -> None:
    found = meaning(reply(401, {"message": text}))
    assert isinstance(found, Obstacle)
    assert text.rstrip(".") in found.detail


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Timeframe is invalid.", "clocks"),
        ("WSSE authentication header is missing.", "dropped the header X-WSSE"),
        ("WSSE authentication header is empty.", "dropped the header X-WSSE"),
        ("Credentials are invalid.", "Check the account's API credentials"),
        ("Another text.", "Check the account's API credentials"),
    ],
)
def test_the_advice_follows_from_what_the_gateway_refused(text: str, advice: str) -> None:
    found = meaning(reply(401, {"message": text}))
    assert isinstance(found, Obstacle)
    assert advice in remedy(found)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_no_other_text_of_the_vendor_s_is_quoted(status: int) -> None:
    echo = "Bearer abc123"
    content = {
        "message": echo,
        "replyCode": echo,
        "replyText": echo,
        "error": echo,
        "data": {"id": echo, "status": echo},
    }
    assert echo not in repr(meaning(reply(status, content)))


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=8,
)
fields = st.dictionaries(st.sampled_from(list(DATA)), json_values)
contents = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {},
        optional={
            "replyCode": st.sampled_from([0, 1, 10001, 4002, 7003, "0"]) | json_values,
            "data": fields.map(lambda data: {"status": "ready"} | data) | json_values,
            "message": json_values,
        },
    ),
)
bodies = st.binary() | contents.map(lambda content: json.dumps(content).encode())
names = [
    "Retry-After",
    "X-RateLimit-Reset",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "Date",
    "Content-Type",
]
headers = st.dictionaries(st.sampled_from(names), st.text() | st.floats().map(str))


@given(st.integers(100, 999) | st.sampled_from([200, 400, 401, 403, 429, 500]), headers, bodies)
def test_no_reply_ever_raises_and_what_it_found_can_be_carried_on(
    status: int, header: dict[str, str], body: bytes
) -> None:
    found = meaning(Reply(status, header, body))
    decision = decide(a_watch(), found, STARTED_AT, DEFAULTS)
    text = json.dumps(state.dump(decision.watch, DEFAULTS), ensure_ascii=False, allow_nan=False)
    assert len(text.encode()) < 32_768
