"""Replies that say anything at all, and the longest of events and replies together.

Text of the vendor's reaches no log but for a status that is not documented, and everything else escaped and bounded:
the longest context and the longest fields together fit into an SNS message and into the state of an execution, both
256 KiB.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from export_watch import export_created, notification, state
from export_watch.decision import Stuck, decide
from export_watch.emarsys.reply import interpret
from export_watch.export_created import MAX_CONTEXT_BYTES
from export_watch.location import FIELD_LENGTH
from export_watch.schedule import Policy
from export_watch.transport import Reply
from export_watch.watch import DistributionMethod, Export, Watch
from tests.world import START, WSSE, World, deployed

QUOTA_BYTES = 262_144
"""Both SNS's for a message with its attributes and Step Functions' for a state."""

MARK = "vendor-mark"
FIELDS = [field.name for field in fields(Export)]
NASTY = json.dumps(
    f"{MARK}\x00\x1b[31m\r\nX-Injected: 1\x7f\x85\u2028\ud800\u202e\"'</script>${{jndi:x}}%s{{}}"
)
LONG = json.dumps(MARK + "x" * 60_000)
VALUES = [NASTY, LONG, '" \\t\\u3000"', "1" * 5000, "NaN", f'["{MARK}"]', "[" * 900 + "]" * 900]
"""What may stand in place of any field, as JSON or what is none."""


def bodies() -> Iterator[tuple[int, str]]:
    """Hostile replies: their HTTP statuses and bodies. An id is `ID` where it is that of the export."""
    for value in VALUES:
        for status in ('"done"', '"ready"', value):
            yield 200, success(dict.fromkeys(FIELDS, value) | {"id": '"ID"', "status": status})
    for field in (*FIELDS, MARK):
        yield 200, success({"id": '"ID"', "status": '"done"', "file_name": '"f.csv"', field: NASTY})
    for http in (200, 302, 400, 401, 403, 418, 429, 500):
        yield http, f'{{"replyCode": 1, "message": {NASTY}, "replyText": {NASTY}, "data": {NASTY}}}'


def success(data: Mapping[str, str]) -> str:
    text = ", ".join(f"{json.dumps(key)}: {value}" for key, value in data.items())
    return f'{{"replyCode": 0, "replyText": "OK", "data": {{{text}}}}}'


CHARACTERS = ["\U0001f600", "\x01", "\u3000", "\\"]
"""Characters that grow: in UTF-8, as an escape of JSON, as an escape within an escape, in a URI."""

UNITS = [r"\u0061", r"\u0001", r"\"", r"\ud83d\ude00"]
"""What a context may be made of; an escape counts as what it stands for, so some are longer than they count."""

LONGEST_ID, LONGEST_ACCOUNT = 10**15 - 1, "a" * 32


def longest_event(unit: str) -> str:
    count = len(json.dumps(json.loads(f'"{unit}"'), ensure_ascii=False).encode()) - 2
    context = f'{{"a":"{unit * ((MAX_CONTEXT_BYTES - len(json.dumps({"a": ""}))) // count)}"}}'
    detail = {"account": LONGEST_ACCOUNT, "attempt": 9999, "export_id": LONGEST_ID, "context": "CONTEXT"}
    return json.dumps({"detail": detail}).replace('"CONTEXT"', context)


def longest_reply(character: str, status: str) -> str:
    """Each field as long as it can be; names that are shorter by a character were not cut, and are used."""
    data = dict.fromkeys(FIELDS, character * FIELD_LENGTH)
    data |= dict.fromkeys(("ftp_dir", "file_name"), character * (FIELD_LENGTH - 1))
    data |= {"id": str(LONGEST_ID), "status": status, "ftp_host": "h" * (FIELD_LENGTH - 1)}
    return json.dumps({"replyCode": 0, "data": data}, ensure_ascii=False)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_the_longest_context_and_the_longest_fields_fit_together(character, unit):
    """A hostile event may meet a hostile reply; an execution whose state grows too long fails, past all catching."""
    watch = Watch.begin(export_created.parse(longest_event(unit), 604_800), START)
    watch = replace(watch, checks=1600, ready_since=START, distribution_method=DistributionMethod.LOCAL)
    body = longest_reply(character, "ready").encode()
    url = f"https://{'h' * 200}/api/v3/export/{LONGEST_ID}"
    stuck = decide(watch, interpret(Reply(200, {}, body), LONGEST_ID, url, START), START + 604_000, Policy())
    assert isinstance(stuck, Stuck)
    arn = f"arn:aws-iso-b:states:us-isob-east-1:123456789012:execution:{'s' * 80}:{watch.execution}"
    published = notification.of_decision(stuck, START + 604_000, notification.Origin("s" * 128, arn))
    output = [state.dump(stuck.watch, Policy()), published.message, published.attributes]
    # However Step Functions counts: as UTF-8, or with everything but ASCII escaped.
    assert len(json.dumps(output)) + 1000 < QUOTA_BYTES


@pytest.fixture(scope="module")
def w() -> Iterator[World]:
    """The end of watches each of which met a hostile reply, and one the longest reply after the longest event."""
    exports: dict[int, Any] = {
        number: {"faults": [{"reply": {"http": http, "text": body.replace('"ID"', f'"{number}"')}}]}
        for number, (http, body) in enumerate(bodies(), 1)
    }
    longest = {LONGEST_ID: {"faults": [{"reply": {"text": longest_reply(CHARACTERS[0], "done")}}]}}
    with deployed(
        secrets={"default": WSSE, LONGEST_ACCOUNT: WSSE},
        exports=exports | longest,
        parameters={"StuckAfterSeconds": 5, "MinWaitSeconds": 60},
    ) as world:
        world.announce(*({"export_id": number, "deadline_seconds": 60} for number in exports))
        inbox = world.stack.outputs["InboxQueueUrl"]
        world.stack.client("sqs").send_message(QueueUrl=inbox, MessageBody=longest_event(UNITS[0]))
        world.run()
        yield world


def test_whatever_a_reply_says_its_watch_ends_and_says_so(w):
    terminal = [data for data in w.data if data["terminal"]]  # and each is held to the schemas
    assert sorted(data["export_id"] for data in terminal) == sorted(w.server.scenario.exports)
    assert {data["outcome"] for data in terminal} == {"done", "expired"}
    assert set(w.statuses.values()) == {"SUCCEEDED"}
    assert w.stack.dead_letters() == []


def test_no_text_of_the_vendors_gets_anywhere_unescaped_or_unbounded(w):
    w.assert_log_is_clean()
    for line in w.stack.logs.lines:
        assert MARK not in re.sub(r"does not document the status '.{1,700}?'\. ", "", line.text)
    for published in w.stack.notifications:
        assert published.body.isascii()
        assert all(value.isprintable() and 1 <= len(value) <= 100 for value in published.attributes.values())
        data = published.message["data"]
        assert re.fullmatch(r"[A-Za-z0-9:/._~%-]*", (data["file"] or {}).get("uri") or "")
        assert MARK not in re.sub(r" host .*? is unavailable", "", json.dumps(data["reason"]))


def test_the_longest_reply_to_the_longest_event_is_published(w):
    [published] = [each for each in w.stack.notifications if each.attributes["account"] == LONGEST_ACCOUNT]
    assert published.attributes["outcome"] == "done"
    assert 50_000 < len(published.body) < QUOTA_BYTES - 1000
