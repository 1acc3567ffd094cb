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
from export_watch.decision import Wait, decide
from export_watch.emarsys.reply import interpret
from export_watch.export_created import MAX_CONTEXT_BYTES
from export_watch.location import FIELD_LENGTH
from export_watch.schedule import Policy
from export_watch.transport import MAX_REPLY_BYTES, Reply
from export_watch.watch import DistributionMethod, Export, StatusSeen, Watch
from sandbox.aws import Notification
from tests.world import START, WSSE, World, deployed

QUOTA_BYTES = 262_144
"""Both SNS's for a message with its attributes and Step Functions' for a state."""

MARK = "vendor-mark"
FIELDS = [field.name for field in fields(Export)]

TEXTS = {
    "control characters": f"{MARK}\x00\x1b[31m\r\nX-Injected: 1\x7f\x85\u2028",
    "lone surrogates": f"{MARK}\ud800\udfff",
    "markup": f"{MARK}\"'\\</script>${{jndi:ldap://x}}%s{{}}",
    "bidi": f"{MARK}\u202e\u200b\ufeff\ufffe\uffff",
    "long": MARK + "x" * 60_000,
    "1 MB": MARK + "x" * 1_000_000,
    "astral": MARK + "\U0001f600" * 5000,
    "blank": " \t\u3000",
}
VALUES = [
    *map(json.dumps, TEXTS.values()),
    *("1" + "0" * 3999, "1" * 5000, "1e400", "-0.0", "NaN", "-Infinity", "true"),
    *(f'["{MARK}"]', f'{{"{MARK}": 1}}', "[" * 900 + "]" * 900, "[" * 30_000 + "]" * 30_000),
]
"""What may stand in place of any field, as JSON or what is none."""


def bodies() -> Iterator[tuple[int, str]]:
    """Hostile replies: their HTTP statuses and bodies. An id is `ID` where it is that of the export."""
    for value in VALUES:
        for status in ('"done"', '"ready"', value):
            yield 200, success(dict.fromkeys(FIELDS, value) | {"id": '"ID"', "status": status})
    nasty = json.dumps(TEXTS["control characters"])
    good = {"id": '"ID"', "status": '"done"', "file_name": '"f.csv"', "ftp_host": '"h.example.com"'}
    for field in (*FIELDS, MARK):
        yield 200, success({**good, field: nasty})
    for http in (200, 302, 400, 401, 403, 418, 429, 500):
        yield http, f'{{"replyCode": 1, "replyText": {nasty}, "data": {nasty}}}'
        yield http, f'{{"replyCode": {nasty}, "message": {nasty}}}'
        yield http, TEXTS["long"]


def success(data: Mapping[str, str]) -> str:
    text = ", ".join(f"{json.dumps(key)}: {value}" for key, value in data.items())
    return f'{{"replyCode": 0, "replyText": "OK", "data": {{{text}}}}}'


# The worst of both at once.

CHARACTERS = ["\U0001f600", "\x01", "\u3000", "\\", '"', "\x7f", "\uf8ff"]
"""Characters that grow: in UTF-8, as an escape of JSON, as an escape within an escape, in a URI."""

UNITS = [r"\u0061", r"\u0001", r"\"", r"\\", r"\ud83d\ude00", "ü", "\U0001f600"]
"""What a context may be made of; an escape counts as what it stands for, so some are longer than they count."""

LONGEST_ID, LONGEST_ACCOUNT = 10**15 - 1, "a" * 32


def longest_event(unit: str) -> str:
    count = len(json.dumps(json.loads(f'"{unit}"'), ensure_ascii=False).encode()) - 2
    context = f'{{"a":"{unit * ((MAX_CONTEXT_BYTES - len(json.dumps({"a": ""}))) // count)}"}}'
    detail = {"account": LONGEST_ACCOUNT, "attempt": 9999, "export_id": LONGEST_ID, "context": "CONTEXT"}
    return json.dumps({"detail": detail}).replace('"CONTEXT"', context)


def longest_reply(character: str, status: str, host_length: int = FIELD_LENGTH) -> str:
    """Each field as long as it can be; one that is shorter by a character was not cut, and may be used."""
    blanks = "\u3000" * FIELD_LENGTH
    data = dict.fromkeys(FIELDS, character * FIELD_LENGTH)
    data |= {"id": f"{LONGEST_ID}{blanks}", "status": f"{status}{blanks}"}
    data |= {"ftp_host": ("h" if host_length < FIELD_LENGTH else character) * host_length}
    data |= dict.fromkeys(("ftp_dir", "file_name"), character * host_length)
    body = json.dumps({"replyCode": 0, "data": data}, ensure_ascii=False)
    assert len(body.encode()) <= MAX_REPLY_BYTES, "else it would not be read at all"
    return body


@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_the_longest_context_and_the_longest_fields_fit_together(character) -> None:
    """A hostile event may meet a hostile reply; an execution whose state grows too long fails, past all catching."""
    largest = 0
    for unit in UNITS:
        watch = Watch.begin(export_created.parse(longest_event(unit), 604_800), START)
        watch = replace(watch, checks=1600, ready_since=START, distribution_method=DistributionMethod.SFTP)
        url = f"https://{'h' * 200}/api/v3/export/{LONGEST_ID}"
        arn = f"arn:aws-iso-b:states:us-isob-east-1:123456789012:execution:{'s' * 80}:{watch.execution}"
        for status in ("done", "ready"):
            for length in (FIELD_LENGTH - 1, FIELD_LENGTH):
                body = longest_reply(character, status, length).encode()
                seen = interpret(Reply(200, {}, body), LONGEST_ID, url, START)
                assert isinstance(seen, StatusSeen)
                decision = decide(watch, seen, START + 604_000, Policy())
                assert not isinstance(decision, Wait)
                origin = notification.Origin("s" * 128, arn)
                published = notification.of_decision(decision, START + 604_000, origin)
                output = {
                    "watch": state.dump(decision.watch, Policy()),
                    "outcome": decision.outcome,
                    "wait_seconds": 86_400,
                    "notification": {"message": published.message, "attributes": published.attributes},
                }
                # However Step Functions counts: as UTF-8, or with everything but ASCII escaped.
                largest = max(largest, len(json.dumps(output)), len(published.message) + 1000)
    assert largest < QUOTA_BYTES


@pytest.fixture(scope="module")
def w() -> Iterator[World]:
    """The end of watches each of which met a hostile reply, and one the longest reply after the longest event."""
    exports: dict[int, Any] = {
        number: {"faults": [{"reply": {"http": http, "text": body.replace('"ID"', f'"{number}"')}}]}
        for number, (http, body) in enumerate(bodies(), 1)
    }
    exports[LONGEST_ID] = {"faults": [{"reply": {"text": longest_reply(CHARACTERS[0], "done")}}]}
    with deployed(
        secrets={"default": WSSE, LONGEST_ACCOUNT: WSSE},
        exports=exports,
        parameters={"StuckAfterSeconds": 5, "MinWaitSeconds": 60},
    ) as world:
        for number in exports:
            if number != LONGEST_ID:
                world.announce({"export_id": number, "deadline_seconds": 60})
        inbox = world.stack.outputs["InboxQueueUrl"]
        world.stack.client("sqs").send_message(QueueUrl=inbox, MessageBody=longest_event(UNITS[0]))
        world.run()
        yield world


def test_whatever_a_reply_says_its_watch_ends_and_says_so(w) -> None:
    terminal = [data for data in w.data if data["terminal"]]  # and each is held to the schemas
    assert sorted(data["export_id"] for data in terminal) == sorted(w.server.scenario.exports)
    assert {data["outcome"] for data in terminal} == {"done", "expired"}
    assert set(w.statuses.values()) == {"SUCCEEDED"}
    assert w.stack.dead_letters() == []


def test_no_text_of_the_vendors_gets_anywhere_unescaped_or_unbounded(w) -> None:
    w.assert_log_is_clean()
    for line in w.stack.logs.lines:
        assert MARK not in re.sub(r"does not document the status '.{1,700}?'\. ", "", line.text)
    for published in w.stack.notifications:
        assert published.body.isascii()
        assert size(published) < QUOTA_BYTES
        for value in published.attributes.values():
            assert 1 <= len(value) <= 100
            assert value.isprintable()
        data = published.message["data"]
        uri = (data["file"] or {}).get("uri")
        assert uri is None or re.fullmatch(r"[A-Za-z0-9:/._~%-]+", uri)
        assert MARK not in re.sub(r" host .*? is unavailable", "", json.dumps(data["reason"]))


def test_the_longest_reply_to_the_longest_event_is_published(w) -> None:
    [published] = [each for each in w.stack.notifications if each.attributes["account"] == LONGEST_ACCOUNT]
    assert published.attributes["outcome"] == "done"
    assert 50_000 < size(published) < QUOTA_BYTES
    for event in w.stack.history(f"{LONGEST_ACCOUNT}_{LONGEST_ID}_9999"):
        for details in filter(lambda value: isinstance(value, Mapping), event.values()):
            assert all(len(str(details.get(key))) < QUOTA_BYTES for key in ("input", "output", "parameters"))


def size(published: Notification) -> int:
    """What SNS counts: the body, and names, types and values of all attributes."""
    attributes = sum(len(f"{name}String{value}".encode()) for name, value in published.attributes.items())
    return len(published.body.encode()) + attributes
