"""Fuzzing of the two parsers that read what others write, each against what the project publishes.

The parser of events must agree with the JSON Schema of events; and whatever a reply holds, what is published about it
must keep the contract of notifications, and be read again as it was remembered.
"""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from export_watch import export_created, notification, state
from export_watch.check_report import Before
from export_watch.decision import Wait, decide
from export_watch.emarsys.reply import interpret
from export_watch.errors import InvalidEventError
from export_watch.schedule import Policy
from export_watch.transport import Reply
from export_watch.watch import Watch, WatchRequest
from tests.contract.schemas import EXPORT_CREATED, assert_valid_notification
from tests.unit.emarsys.test_rate_limit import HEADERS

START = 1_800_000_000
DEADLINE_SECONDS = 604_800  # the longest that the schema allows
ARN = "arn:aws:states:eu-central-1:123456789012:execution:export-watch:"
NAME = r"[a-z0-9-]{1,32}_[1-9][0-9]{0,14}(_[1-9][0-9]{0,3})?"

TEXTS = st.text(st.characters(codec=None), max_size=10)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def objects(*, anything=(), **usual):
    """Objects that have some of these keys, with values of which a few are usual, the others anything."""
    values = {
        key: VALUES | (st.sampled_from(each) if isinstance(each, list) else each)
        for key, each in usual.items()
    }
    return st.fixed_dictionaries({}, optional=values | dict.fromkeys(anything, VALUES))


DETAILS = objects(
    export_id=st.integers(-1, 10**16) | st.from_regex(r"[0-9]{1,17}", fullmatch=True),
    account=st.from_regex(r"[a-zA-Z0-9_/-]{0,34}", fullmatch=True),
    attempt=st.integers(-1, 10_001),
    deadline_seconds=st.integers(58, DEADLINE_SECONDS + 2),
    expected_seconds=st.integers(-1, DEADLINE_SECONDS + 2),
    distribution_method=["ftp", "sftp", "local", "mail", "FTP", "ftp "],
    context=st.dictionaries(TEXTS, VALUES, max_size=3),
    anything=["other"],
)


@settings(max_examples=200)
@given(DETAILS | VALUES)
def test_what_the_schema_of_events_allows_becomes_a_watch_and_all_else_a_clear_line(detail):
    event = {"detail-type": "Emarsys Export Created", "source": "fuzz", "detail": detail}
    try:
        request = export_created.parse(json.dumps(event), DEADLINE_SECONDS)
    except InvalidEventError as error:
        refusal = str(error)
        # The schema cannot tell 5.0 from 5: to JSON they are the same number.
        floats = any(type(value) is float for value in detail.values()) if isinstance(detail, dict) else False
        assert floats or not EXPORT_CREATED.is_valid(event), refusal
        assert refusal.isprintable()
        assert len(refusal) < 250
    else:
        EXPORT_CREATED.validate(event)
        watch = Watch.begin(request, START)
        assert re.fullmatch(NAME, watch.execution, re.ASCII)  # no more than Step Functions allows
        assert watch.context == detail.get("context", {})
        remembered = json.loads(json.dumps(state.dump(watch, Policy())))
        assert state.load(remembered, ARN + watch.execution) == Before(watch, Policy())


FIELDS = objects(
    id=["5", 5, " 5 ", "5\u3000", 5.0, "05", 6],
    status=["done", "ready", "In_Progress", "error", "scheduled", "archived"],
    type=["Responses", "registrations", "İ", "NULL"],
    file_name=["a.csv", "..", "NULL", "a/b", "\x00"],
    ftp_host=["h", "h:21", "h:0", "h/..", "user@h", "NULL"],
    ftp_dir=["a/b", "/", "..", "a//b", "a\\..\\b"],
    anything=["created", "unknown"],
)
CONTENTS = objects(
    replyCode=[0, "0", 1, 10001, "4002", 7003, "\u0661"], data=FIELDS, anything=["replyText", "message"]
)
BODIES = (CONTENTS | VALUES).map(lambda content: json.dumps(content).encode()) | st.binary(max_size=100)
STATUSES = st.sampled_from([200, 201, 301, 400, 401, 403, 404, 408, 429, 500, 503, 599, 999])


@settings(max_examples=200)
@given(STATUSES, HEADERS, BODIES, st.sampled_from([0, 59, 3900, 7200, DEADLINE_SECONDS]))
def test_whatever_a_reply_holds_what_is_published_keeps_the_contract(status, headers, body, age):
    seen = interpret(Reply(status, headers, body), 5, "https://api.emarsys.net/api/v3/export/5/data", START)
    watch = Watch.begin(WatchRequest(5, "default", 1, DEADLINE_SECONDS, None, {"a": [1.1]}), START)
    arn = ARN + watch.execution
    for now in (START + age, START + DEADLINE_SECONDS):
        decision = decide(watch, seen, now, Policy())
        if not isinstance(decision, Wait):
            sent = notification.of_decision(decision, now, notification.Origin("stack", arn))
            assert_valid_notification({"attributes": sent.attributes, "message": json.loads(sent.message)})
            assert all(value and value.isprintable() for value in sent.attributes.values())
        watch = state.load(json.loads(json.dumps(state.dump(decision.watch, Policy()))), arn).watch
        assert watch == decision.watch
