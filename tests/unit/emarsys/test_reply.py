"""What the reply to a status call means: the table of errors, row by row, and everything that is in no table."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from export_watch.emarsys.reply import interpret, without_reply
from export_watch.errors import NoReplyError, UnreadableReplyError
from export_watch.location import FIELD_LENGTH
from export_watch.reason import REMEDY, remedy
from export_watch.transport import Reply
from export_watch.watch import ExportStatus, Obstacle, ObstacleCode, RateLimit, Refusal, Refused, StatusSeen
from tests.unit.emarsys.fakes import reply
from tests.unit.examples import EXPORT, FILE_URL

NOW = 1_795_452_601.0
DATA: dict[str, Any] = asdict(EXPORT)
SEEN = StatusSeen(ExportStatus.DONE, EXPORT, FILE_URL)
NO_CODES: list[Any] = [None, False, "", [0], {}, 0.5, "zero", "-0.0", 10**400, "1" * 10]
NO_OBJECTS: list[Any] = [b"", b"<html>", b"\xff\xfe\x00", b'{"replyCode": 0, ', b"[" * 60_000, [], "done"]
ODD: list[Any] = [float("inf"), float("nan"), [1] * 5000, {"a": {}}]
NO_STATUS: dict[str, list[Any]] = {
    "without the data of an export": [None, [], ""],
    "without a status": [DATA | {"status": word} for word in (None, "", " ", 0, True, [], ["done"])],
    "about another export": [
        DATA | {"id": other}
        for other in ("124", 124, 0, "0123", 123.5, "123.", "1.23e2", True, "123a", [123], "1" * 2000)
    ],
}
MISSING, REFUSED, PERMISSION, LIMITED, UNAVAILABLE, UNEXPECTED = ObstacleCode


def ok(**data: Any) -> Reply:
    return reply(200, {"replyCode": 0, "replyText": "OK", "data": DATA | data})


def error(code: Any) -> dict[str, Any]:
    return {"replyCode": code, "replyText": "an error", "data": ""}


def seen(answer: Reply) -> StatusSeen:
    found = interpret(answer, 123, FILE_URL, NOW)
    assert isinstance(found, StatusSeen)
    return found


def obstacle(answer: Reply) -> Obstacle:
    found = interpret(answer, 123, FILE_URL, NOW)
    assert isinstance(found, Obstacle)
    return found


@pytest.mark.parametrize(
    "answer",
    [
        *(Reply(status, {}, ok().body) for status in (200, 201, 202, 203, 206, 299)),
        Reply(200, {}, ok().body, "no complete reply in time", interrupted=True),
        Reply(200, {"Content-Type": "text/html; charset=utf-8"}, ok().body),
        *(reply(200, {"replyCode": code, "data": DATA}) for code in (0, "0", 0.0, "0.0", " 0 ")),
        *(
            ok(id=export_id)
            for export_id in ("123", 123, None, "", "NULL", " 123 ", 123.0, "123.0", "123.00")
        ),
    ],
)
def test_any_success_with_reply_code_0_and_the_data_of_the_export_is_its_status(answer):
    assert seen(answer) == replace(SEEN, export=replace(EXPORT, id=answer.json()["data"]["id"]))


WORDS = {
    ExportStatus.SCHEDULED: ["scheduled"],
    ExportStatus.IN_PROGRESS: ["in progress", "In_Progress", " in  progress "],
    ExportStatus.READY: ["READY"],
    ExportStatus.DONE: [" done "],
    ExportStatus.ERROR: ["Error"],
    ExportStatus.UNKNOWN: ["unknown", "not done", "not in_progress"],
}


@pytest.mark.parametrize("status", ExportStatus)
def test_a_status_is_read_however_it_is_written_and_kept_as_it_came(status):
    for word in WORDS[status]:
        found = seen(ok(status=word))
        assert (found.status, found.export.status) == (status, word)


@pytest.mark.parametrize("status", [200, 299, 400])
@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, Refusal.EXPORT_NOT_FOUND) for code in (10001, "10001", 10001.0)),
        *((code, Refusal.EXPORT_TYPE_UNSUPPORTED) for code in (4002, "4002")),
    ],
)
def test_two_codes_are_refusals(status, code, refusal):
    assert interpret(reply(status, error(code)), 123, FILE_URL, NOW) == Refused(refusal)


REDIRECT = "(a redirect, which is not followed: the host may be another one now)"


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (reply(400, error(1)), UNEXPECTED, "HTTP 400 with replyCode 1"),
        (reply(400, error("")), UNEXPECTED, "HTTP 400"),
        (reply(401, error(1)), REFUSED, "HTTP 401 with replyCode 1"),
        (reply(401, b""), REFUSED, "HTTP 401"),
        (reply(403, b"<h1>403 Forbidden</h1>"), PERMISSION, "HTTP 403"),
        *((reply(of, error(7003)), LIMITED, f"HTTP {of} with replyCode 7003") for of in (200, 400, 429)),
        (reply(429, {"message": "Rate limit exceeded"}), LIMITED, "HTTP 429"),
        (reply(429, b""), LIMITED, "HTTP 429"),
        (reply(500, error(2011)), UNAVAILABLE, "HTTP 500 with replyCode 2011"),
        *((reply(of, b"<html>"), UNAVAILABLE, f"HTTP {of}") for of in (408, 423, 425, 500, 503, 599)),
        *(
            (Reply(of, {}, ok().body), UNEXPECTED, f"HTTP {of} with replyCode 0 {REDIRECT}")
            for of in (300, 399)
        ),
        # A code is no refusal under a status to which it does not belong.
        (reply(404, error(7003)), UNEXPECTED, "HTTP 404 with replyCode 7003"),
        (reply(500, error(10001)), UNAVAILABLE, "HTTP 500 with replyCode 10001"),
        (reply(401, error(10001)), REFUSED, "HTTP 401 with replyCode 10001"),
        (reply(403, error(4002)), PERMISSION, "HTTP 403 with replyCode 4002"),
        (reply(429, error(4002)), LIMITED, "HTTP 429 with replyCode 4002"),
        (reply(404, error(10001)), UNEXPECTED, "HTTP 404 with replyCode 10001"),
        # What no table holds.
        (reply(199, error(0)), UNEXPECTED, "HTTP 199 with replyCode 0"),
        (reply(200, error(1)), UNEXPECTED, "HTTP 200 with replyCode 1"),
        (reply(400, error(0)), UNEXPECTED, "HTTP 400 with replyCode 0"),
        (reply(404, {}), UNEXPECTED, "HTTP 404"),
        *((reply(200, {"replyCode": code, "data": DATA}), UNEXPECTED, "HTTP 200") for code in NO_CODES),
        *((reply(200, text), UNEXPECTED, "HTTP 200 (a reply that is no JSON object)") for text in NO_OBJECTS),
        # Data that hold no status of this export.
        *(
            (reply(200, {"replyCode": 0, "data": data}), UNEXPECTED, f"HTTP 200 with replyCode 0 ({why})")
            for why, each in NO_STATUS.items()
            for data in each
        ),
        # What did not come whole says why, where its status does not say enough.
        (Reply(200, {}, flaw="too long"), UNEXPECTED, "HTTP 200 (too long)"),
        (Reply(200, {}, b'{"rep', "it broke off", interrupted=True), UNAVAILABLE, "HTTP 200 (it broke off)"),
        (Reply(302, {}, b"<ht", "it broke off", interrupted=True), UNAVAILABLE, "HTTP 302 (it broke off)"),
        (Reply(403, {}, b"<ht", "it broke off", interrupted=True), PERMISSION, "HTTP 403"),
    ],
)
def test_whatever_else_comes_is_an_obstacle_that_names_status_and_code(answer, code, detail):
    asked = 60 if code is LIMITED else None
    assert obstacle(answer) == Obstacle(code, f"Emarsys answered {detail}", asked)


def test_a_call_without_a_reply_says_why():
    unreachable, unreadable = NoReplyError("no way"), UnreadableReplyError("noise")
    assert without_reply(unreachable) == Obstacle(UNAVAILABLE, "Emarsys cannot be reached: no way")
    expected = Obstacle(UNAVAILABLE, "It cannot be reached: no way", remedy="Go.")
    assert without_reply(unreachable, "It", "Go.") == expected
    expected = Obstacle(UNEXPECTED, "It answered with noise", remedy="Go.")
    assert without_reply(unreadable, "It", "Go.") == expected


@pytest.mark.parametrize(
    ("value", "kept", "is_odd"),
    [
        *((kept, kept, False) for kept in (None, "NULL", "", 7, 1.5, 10**15 - 1, 1 - 10**15)),
        ("x" * 5000, "x" * FIELD_LENGTH, False),
        ("a\ud800b\udfff", "a\ufffdb\ufffd", False),
        (10**15, "1000000000000000", False),
        (10**2000, "1" + "0" * (FIELD_LENGTH - 1), False),
        *((flag, flag, True) for flag in (True, False)),
        *((odd, None, True) for odd in ODD),
    ],
    ids=lambda value: ascii(value)[:20].replace("\\", "/"),
)
def test_a_field_is_bounded_and_named_where_its_kind_is_not_documented(value, kept, is_odd):
    found = seen(ok(file_name=value, ftp_host=None))
    assert (found.export.file_name, found.odd_fields) == (kept, ("file_name",) if is_odd else ())


RESET = str(int(NOW) + 30)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (reply(429, b"", X_RateLimit_Reset=RESET), 30),
        (reply(429, b"", X_RateLimit_Reset=RESET, Retry_After="7"), 7),
        *((reply(status, b"", Retry_After="9"), 9) for status in (200, 302, 401, 403, 404, 423, 503)),
        (reply(503, b"", Retry_After="Mon, 23 Nov 2026 16:51:01 GMT"), 60),
        (reply(200, error(0), Retry_After="9"), 9),
        (reply(403, b"", X_RateLimit_Reset=RESET), None),
    ],
)
def test_what_a_reply_asks_to_wait_is_handed_on(answer, seconds):
    assert obstacle(answer).retry_after_seconds == seconds


@pytest.mark.parametrize("content", [{"replyCode": 0, "data": DATA}, error(10001)])
def test_what_is_left_of_the_rate_limit_is_handed_on(content):
    limits = {"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": RESET}
    found = interpret(Reply(200, limits, reply(200, content).body), 123, FILE_URL, NOW)
    assert isinstance(found, StatusSeen | Refused)
    assert found.rate_limit == RateLimit(9, 2, 30)


@pytest.mark.parametrize(
    ("text", "quoted", "advice"),
    [
        ("Timeframe is invalid.", True, "The clocks of AWS and of Emarsys differ"),
        ("WSSE authentication header is missing.", True, "Something on the way dropped the header X-WSSE"),
        ("WSSE authentication header is empty.", True, "Something on the way dropped the header X-WSSE"),
        ("Credentials are invalid.", True, REMEDY[REFUSED]),
        ("The Nonce field is missing from WSSE authentication header.", True, REMEDY[REFUSED]),
        ("Bearer abc123", False, REMEDY[REFUSED]),
        (["Credentials are invalid."], False, REMEDY[REFUSED]),
    ],
    ids=str,
)
def test_a_refusal_of_the_gateway_is_quoted_if_it_is_known_and_leads_to_advice(text, quoted, advice):
    found = obstacle(reply(401, {"message": text}))
    assert found.detail == "Emarsys answered HTTP 401" + (f" ({text.rstrip('.')})" if quoted else "")
    assert remedy(found).startswith(advice)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 503])
def test_no_other_text_of_the_vendor_s_is_quoted(status):
    names = ("message", "replyCode", "replyText", "error")
    content = dict.fromkeys(names, "Bearer abc123") | {"data": dict.fromkeys(DATA, "Bearer abc123")}
    assert "abc123" not in repr(obstacle(reply(status, content)))
