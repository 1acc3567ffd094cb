"""Fuzzing of the two parsers that read what others write, each against what the project publishes.

The parser of events must agree with the JSON Schema of events; and whatever a reply holds, what is told of it must
keep the contract of notifications, and be read again as it was remembered.
"""

import contextlib
import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from export_watch import export_created, notification, state
from export_watch.check_report import Before
from export_watch.decision import Wait, decide
from export_watch.emarsys.reply import interpret
from export_watch.errors import InvalidEventError
from export_watch.schedule import Policy
from export_watch.transport import Reply
from export_watch.watch import Obstacle, Refused, StatusSeen, Watch, WatchRequest
from tests.contract.schemas import EXPORT_CREATED, assert_valid_notification

START = 1_800_000_000
DEADLINE_SECONDS = 604_800  # the longest that the schema allows
ARN = "arn:aws:states:eu-central-1:123456789012:execution:export-watch:default_5"

TEXTS = st.text(max_size=40) | st.text(st.characters(codec=None), max_size=10)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def sometimes(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return usual | VALUES


# Events.

DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "export_id": sometimes(
            st.integers(-1, 10**16) | st.from_regex(r"[0-9]{1,17}", fullmatch=True) | st.just("5\n")
        ),
        "account": sometimes(st.from_regex(r"[a-zA-Z0-9_/-]{0,34}", fullmatch=True)),
        "attempt": sometimes(st.integers(-1, 10_001)),
        "deadline_seconds": sometimes(st.integers(58, DEADLINE_SECONDS + 2)),
        "distribution_method": sometimes(st.sampled_from(["ftp", "sftp", "local", "mail", "FTP", "ftp "])),
        "context": sometimes(st.dictionaries(TEXTS, VALUES, max_size=3)),
        "other": VALUES,
    },
)


def parsed(detail: Any) -> WatchRequest | str:
    body = json.dumps({"detail-type": "Emarsys Export Created", "source": "fuzz", "detail": detail})
    try:
        return export_created.parse(body, DEADLINE_SECONDS)
    except InvalidEventError as error:
        return str(error)


@given(DETAILS)
@example({"export_id": 5.0})
@example({"export_id": True})
@example({"export_id": "5\n"})
@example({"export_id": 5, "attempt": 1.0})
def test_what_the_schema_of_events_allows_is_accepted_and_nothing_else(detail) -> None:
    wanted = {
        "detail-type": "Emarsys Export Created",
        "source": "fuzz",
        "detail": json.loads(json.dumps(detail)),
    }
    result = parsed(detail)
    # The schema cannot tell 5.0 from 5: to JSON they are the same number.
    if EXPORT_CREATED.is_valid(wanted) and not any(type(value) is float for value in detail.values()):
        assert isinstance(result, WatchRequest), result
    if isinstance(result, WatchRequest):
        EXPORT_CREATED.validate(wanted)


@given(DETAILS | VALUES)
def test_what_was_accepted_makes_a_name_and_a_state_and_what_was_refused_a_clear_line(detail) -> None:
    result = parsed(detail)
    if isinstance(result, WatchRequest):
        # Step Functions' own rule for names, and no more than it allows.
        assert re.fullmatch(
            r"[a-z0-9-]{1,32}_[1-9][0-9]{0,14}(_[1-9][0-9]{0,3})?", result.execution_name, re.ASCII
        )
        assert result.context == detail.get("context", {})
        watch = Watch.begin(result, START)
        remembered = json.loads(json.dumps(state.dump(watch, Policy())))
        assert state.load(remembered, f"arn:{watch.execution}") == Before(watch, Policy())
    else:
        assert result.isprintable()
        assert len(result) < 250


@given(st.binary(max_size=60), st.integers(0, 200), DETAILS)
def test_a_body_that_was_broken_is_accepted_or_refused_and_nothing_else(noise, at, detail) -> None:
    whole = json.dumps({"detail": {"export_id": 5, **detail}})
    body = whole[:at] + noise.decode("latin-1") + whole[at + len(noise) // 2 :]
    with contextlib.suppress(InvalidEventError):
        export_created.parse(body, DEADLINE_SECONDS)


# Replies.

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "id": sometimes(st.sampled_from(["5", 5, " 5 ", "5\u3000", 5.0, "05", 6])),
        "status": sometimes(
            st.sampled_from(["done", "ready", "In_Progress", "error", "scheduled", "archived"])
        ),
        "type": sometimes(st.sampled_from(["Responses", "registrations", "İ", "NULL"])),
        "file_name": sometimes(st.sampled_from(["a.csv", "..", "NULL", "a/b", "\x00"])),
        "ftp_host": sometimes(st.sampled_from(["h", "h:21", "h:0", "h/..", "user@h", "NULL"])),
        "ftp_dir": sometimes(st.sampled_from(["a/b", "/", "..", "a//b", "a\\..\\b"])),
        "created": VALUES,
        "unknown": VALUES,
    },
)
CODES = sometimes(st.sampled_from([0, "0", 1, 10001, "4002", 7003, "\u0661"]))
CONTENTS = VALUES | st.fixed_dictionaries(
    {}, optional={"replyCode": CODES, "replyText": VALUES, "message": VALUES, "data": FIELDS | VALUES}
)
STATUSES = st.sampled_from([200, 201, 301, 400, 401, 403, 404, 408, 429, 500, 503, 599, 999])
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Date"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30) | st.integers().map(str) | st.floats().map(str),
)


@given(STATUSES, HEADERS, CONTENTS, st.sampled_from([0, 59, 3900, 7200, DEADLINE_SECONDS]))
def test_whatever_a_reply_holds_what_is_published_keeps_the_contract(status, headers, content, age) -> None:
    body = json.dumps(content).encode()
    seen = interpret(Reply(status, headers, body), 5, "https://api.emarsys.net/api/v3/export/5/data", START)
    watch = Watch.begin(WatchRequest(5, "default", 1, DEADLINE_SECONDS, None, {"a": [1.1]}), START)
    for now in (START + age, START + DEADLINE_SECONDS):
        decision = decide(watch, seen, now, Policy())
        if not isinstance(decision, Wait):
            sent = notification.of_decision(decision, now, notification.Origin("stack", ARN))
            assert_valid_notification({"attributes": sent.attributes, "message": json.loads(sent.message)})
            assert sent.message.isascii()
            assert all(value and value.isprintable() for value in sent.attributes.values())
        remembered = json.loads(json.dumps(state.dump(decision.watch, Policy())))
        watch = state.load(remembered, ARN).watch
        assert watch == decision.watch


@given(STATUSES, st.binary(max_size=200))
def test_bytes_of_any_kind_are_an_observation(status, body) -> None:
    seen = interpret(Reply(status, {}, body), 5, "https://api.emarsys.net/api/v3/export/5/data", START)
    assert isinstance(seen, Obstacle | Refused | StatusSeen)
