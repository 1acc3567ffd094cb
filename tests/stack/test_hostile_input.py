"""Input from outside that means harm: events that anyone may put on the bus, and replies that say anything at all.

An event reaches no other secret and no other URL. Text of the vendor's reaches no log but for a status that is not
documented, and everything else escaped and bounded: the longest context and the longest fields together fit into an
SNS message and into the state of an execution, both 256 KiB.
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
from sandbox.aws import Deployment, Notification
from tests.world import START, WSSE, World

QUOTA_BYTES = 262_144
"""Both SNS's for a message with its attributes and Step Functions' for a state."""

MARK = "vendor-mark"
SFTP = DistributionMethod.SFTP
FIELDS = [field.name for field in fields(Export)]


def put_into_inbox(stack: Deployment, *bodies: str) -> None:
    """Past EventBridge, which takes no event of more than 1 MB."""
    for body in bodies:
        stack.client("sqs").send_message(QueueUrl=stack.outputs["InboxQueueUrl"], MessageBody=body)


def nested(levels: int) -> str:
    return '{"a":' * levels + "0" + "}" * levels


def event(context: str) -> str:
    return f'{{"detail": {{"export_id": 5, "context": {context}}}}}'


def assert_log_is_clean(stack: Deployment) -> None:
    """Each line is one JSON object of bounded length, and holds nothing of the vendor's but a quoted status."""
    for line in stack.logs.lines:
        assert line.record, line.text[:200]
        assert len(line.text) < 2048
        assert line.text.isprintable(), line.text
        assert MARK not in re.sub(r"does not document the status '.{1,700}?'\. ", "", line.text)


# Events.

ACCOUNTS = [
    "../other", "a/../other", "other/secret", "other\n", "Other", "\u00f6ther", "\uff4fther", "%6fther", "-other",
    "other_5", "*", "", " ", "o" * 33, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:emarsys/other", None,
    5, True, ["other"], {"a": "other"}, "\ud800", "\x00", "other\x00",
]  # fmt: skip
EXPORT_IDS = [
    "5/../../../oauth2/token", "5/data", "5?x=1", "5#", "5%2fdata", "../5", "5\n", " 5", "+5", "-5", "05", "0", "5.0",
    "1e3", "\uff15", "\u0665", "", "1" * 16, 10**15, 10**400, 0, -5, 5.0, True, None, [5], {"a": 5}, "\ud800",
    "5\x00",
]  # fmt: skip


def test_no_event_reaches_another_secret_or_bends_the_url(world) -> None:
    w = world(exports={5: {}, 7: {}})
    w.stack.put_secret("other", WSSE)
    read, started = spy(w, "secretsmanager.GetSecretValue"), spy(w, "stepfunctions.StartExecution")
    hostile: list[dict[str, Any]] = [{"export_id": 5, "account": account} for account in ACCOUNTS]
    hostile += [{"export_id": export_id} for export_id in EXPORT_IDS]
    w.announce(*hostile, {"export_id": 7})
    w.run()
    assert w.outcomes == ["done"]
    assert {call["SecretId"] for call in read} == {"emarsys/default"}
    assert {call["name"] for call in started} == {"default_7"}
    assert {seen.path for seen in w.server.requests} == {"/oauth2/token", "/api/v3/export/7"}
    letters = [letter.event["detail"] for letter in w.stack.dead_letters()]
    assert sorted(map(repr, letters)) == sorted(map(repr, hostile))
    assert_log_is_clean(w.stack)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (event(json.dumps({"a": "x" * 307_200})), "`context` has"),
        (event(json.dumps({"a": [""] * 100_000})), "`context` has"),
        (event(nested(10_000)), "nested|`context` has"),
        (event(nested(500)), "`context` is nested deeper than 32 levels"),
        (event("[" * 100_000), "not JSON|nested"),
        (event(f'{{"a": {"9" * 5000}}}'), "not JSON"),
        (event('{"a": NaN}'), "NaN is no number that can be sent on"),
        (event(f'"{"x" * 100_000}"'), "`context` is 'xxx"),
        ('{"detail": {"export_id": "' + "5" * 200_000 + '"}}', "`export_id` is '555"),
        ("[" * 100_000, "not JSON|nested"),
        ("not JSON \x7f", "not JSON"),
        ("null", "no `detail`"),
    ],
    ids=["300-KiB", "many-parts", "10000-levels", "500-levels", "unclosed", "5000-digits", "NaN", "long-text",
         "long-id", "all-brackets", "no-JSON", "null"],
)  # fmt: skip
def test_what_is_too_large_or_too_deep_is_refused_with_a_clear_error(world, body, error) -> None:
    w = world(exports={5: {}, 6: {}})
    put_into_inbox(w.stack, body, '{"detail": {"export_id": 6}}')
    w.run()
    assert [data["export_id"] for data in w.data] == [6]
    [letter] = w.stack.dead_letters()
    assert (letter.body, letter.receive_count) == (body, 5)
    refusals = {
        record["message"] for record in w.stack.logs.records("start_watch") if record.get("level") == "ERROR"
    }
    assert len(refusals) == 1
    assert re.search(error, refusals.pop())
    assert_log_is_clean(w.stack)


# Replies.

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
NUMBERS = {
    "4,000 digits": "1" + "0" * 3999,
    "5,000 digits": "1" * 5000,
    "1e400": "1e400",
    "-0.0": "-0.0",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "true": "true",
    "list": f'["{MARK}"]',
    "object": f'{{"{MARK}": 1}}',
    "deep": "[" * 900 + "]" * 900,
    "very deep": "[" * 30_000 + "]" * 30_000,
}
VALUES = {**{name: json.dumps(text) for name, text in TEXTS.items()}, **NUMBERS}


def reply(data: Mapping[str, str]) -> dict[str, Any]:
    """A reply of these fields, each given as the text of its JSON."""
    text = ", ".join(f"{json.dumps(key)}: {value}" for key, value in data.items())
    return {"reply": {"text": f'{{"replyCode": 0, "replyText": "OK", "data": {{{text}}}}}'}}


def hostile_replies(export_id: int, value: str) -> Iterator[Mapping[str, str]]:
    """A good reply in which one documented field after the other holds the value, and one in which most do."""
    good = {"id": f'"{export_id}"', "status": '"done"', "file_name": '"f.csv"', "ftp_host": '"h.example.com"'}
    for field in FIELDS:
        yield {**good, field: value}
    yield dict.fromkeys(FIELDS, value) | {"id": f'"{export_id}"', "status": '"done"'}
    yield dict.fromkeys(FIELDS, value) | {"id": f'"{export_id}"', "status": '"ready"'}
    yield {**good, MARK: value}


@pytest.mark.parametrize("name", VALUES)
def test_no_text_of_the_vendors_gets_anywhere_unescaped_or_unbounded(world, name) -> None:
    replies = list(enumerate(hostile_replies(0, VALUES[name]), 1))
    exports = {
        number: {"faults": [reply({**data, "id": f'"{number}"' if data["id"] == '"0"' else data["id"]})]}
        for number, data in replies
    }
    w = world(secret=WSSE, exports=exports, parameters={"StuckAfterSeconds": 5, "MinWaitSeconds": 60})
    w.announce(*({"export_id": number, "deadline_seconds": 60} for number in exports))
    w.run()
    terminal = [data for data in w.data if data["terminal"]]  # and each is held to the schemas
    assert sorted(data["export_id"] for data in terminal) == sorted(exports)
    assert {data["outcome"] for data in terminal} <= {"done", "expired"}
    assert set(w.statuses.values()) == {"SUCCEEDED"}
    for told in w.stack.notifications:
        assert told.body.isascii()
        assert size(told) < QUOTA_BYTES
        for value in told.attributes.values():
            assert 1 <= len(value) <= 100
            assert value.isprintable()
        data = told.message["data"]
        uri = (data["file"] or {}).get("uri")
        assert uri is None or re.fullmatch(r"[A-Za-z0-9:/._~%-]+", uri)
        assert MARK not in re.sub(r" host .*? is unavailable", "", json.dumps(data["reason"]))
    assert w.stack.dead_letters() == []
    assert_log_is_clean(w.stack)


@pytest.mark.parametrize("http", [200, 302, 400, 401, 403, 418, 429, 500])
def test_no_error_text_of_the_vendors_gets_anywhere(world, http) -> None:
    bodies = []
    for text in (TEXTS["control characters"], TEXTS["lone surrogates"], TEXTS["long"]):
        quoted = json.dumps(text)
        bodies += [
            f'{{"replyCode": 1, "replyText": {quoted}, "data": {quoted}}}',
            f'{{"replyCode": {quoted}}}',
            f'{{"message": {quoted}}}',
            text.encode(errors="replace").decode(),
        ]
    exports = {
        number: {"faults": [{"reply": {"http": http, "text": body}}]} for number, body in enumerate(bodies, 1)
    }
    w = world(secret=WSSE, exports=exports, parameters={"MinWaitSeconds": 60})
    w.announce(*({"export_id": number, "deadline_seconds": 60} for number in exports))
    w.run()
    assert w.outcomes == ["expired"] * len(bodies)
    assert MARK not in json.dumps(w.told)
    assert_log_is_clean(w.stack)


# The worst of both at once.

CHARACTERS = ["\U0001f600", "\x01", "\u3000", "\\", '"', "\x7f", "\uf8ff"]
"""Characters that grow: in UTF-8, as an escape of JSON, as an escape within an escape, in a URI."""

UNITS = [r"\u0061", r"\u0001", r"\"", r"\\", r"\ud83d\ude00", "ü", "\U0001f600"]
"""What a context may be made of; an escape counts as what it stands for, so some are longer than they count."""

LONGEST_ID = 10**15 - 1


def longest_context(unit: str) -> str:
    count = len(json.dumps(json.loads(f'"{unit}"'), ensure_ascii=False).encode()) - 2
    return f'{{"a":"{unit * ((MAX_CONTEXT_BYTES - len(json.dumps({"a": ""}))) // count)}"}}'


def longest_replies(character: str, status: str) -> Iterator[bytes]:
    """Each field as long as it can be, with a URI and without one."""
    blanks = "\u3000" * FIELD_LENGTH
    for length, host in ((FIELD_LENGTH - 1, "h"), (FIELD_LENGTH, character)):
        data = dict.fromkeys(FIELDS, character * FIELD_LENGTH)
        data |= {"id": f"{LONGEST_ID}{blanks}", "status": f"{status}{blanks}", "ftp_host": host * length}
        data |= {"ftp_dir": character * length, "file_name": character * length}
        body = json.dumps({"replyCode": 0, "data": data}, ensure_ascii=False).encode()
        assert len(body) <= MAX_REPLY_BYTES, "else it would not be read at all"
        yield body


@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
@pytest.mark.parametrize("status", ["done", "ready"])
def test_the_longest_context_and_the_longest_fields_fit_together(character, status) -> None:
    """A hostile event may meet a hostile reply; an execution whose state grows too long fails, past all catching."""
    largest = 0
    for unit in UNITS:
        body = json.dumps(
            {"detail": {"account": "a" * 32, "attempt": 9999, "export_id": LONGEST_ID, "context": "CONTEXT"}}
        ).replace('"CONTEXT"', longest_context(unit))
        request = export_created.parse(body, 604_800)
        watch = replace(Watch.begin(request, START), checks=1600, ready_since=START, distribution_method=SFTP)
        url = f"https://{'h' * 200}/api/v3/export/{LONGEST_ID}"
        arn = f"arn:aws-iso-b:states:us-isob-east-1:123456789012:execution:{'s' * 80}:{watch.execution}"
        for answer in longest_replies(character, status):
            seen = interpret(Reply(200, {}, answer), LONGEST_ID, url, START)
            assert isinstance(seen, StatusSeen)
            decision = decide(watch, seen, START + 604_000, Policy())
            assert not isinstance(decision, Wait)
            origin = notification.Origin("s" * 128, arn)
            told = notification.of_decision(decision, START + 604_000, origin)
            output = {
                "watch": state.dump(decision.watch, Policy()),
                "outcome": decision.outcome,
                "wait_seconds": 86_400,
                "notification": {"message": told.message, "attributes": told.attributes},
            }
            # However Step Functions counts: as UTF-8, or with everything but ASCII escaped.
            largest = max(largest, len(json.dumps(output)), len(told.message) + 1000)
    assert largest < QUOTA_BYTES


def test_the_worst_context_and_the_worst_reply_are_published_all_the_same(world) -> None:
    [_, answer] = longest_replies(CHARACTERS[0], "done")
    w = world(
        secret=WSSE,
        exports={LONGEST_ID: {"faults": [{"reply": {"text": answer.decode()}}]}},
        secrets={"a" * 32: WSSE},
    )
    detail = {"account": "a" * 32, "attempt": 9999, "export_id": LONGEST_ID, "context": "CONTEXT"}
    put_into_inbox(w.stack, json.dumps({"detail": detail}).replace('"CONTEXT"', longest_context(UNITS[0])))
    w.run()
    assert w.outcomes == ["done"]
    [told] = w.stack.notifications
    assert 50_000 < size(told) < QUOTA_BYTES
    [execution] = w.stack.executions()
    assert execution.status == "SUCCEEDED"
    assert all(len(text) < QUOTA_BYTES for text in texts(w.stack.history(execution.name)))


def size(told: Notification) -> int:
    """What SNS counts: the body, and names, types and values of all attributes."""
    attributes = sum(len(f"{name}String{value}".encode()) for name, value in told.attributes.items())
    return len(told.body.encode()) + attributes


def texts(history: list[dict[str, Any]]) -> Iterator[str]:
    """The inputs, outputs and parameters in a history."""
    for event in history:
        for details in event.values():
            if isinstance(details, Mapping):
                yield from (str(details[key]) for key in ("input", "output", "parameters") if key in details)


def spy(w: World, operation: str) -> list[Mapping[str, Any]]:
    """The parameters of all calls of an operation, which go on as they were."""
    calls: list[Mapping[str, Any]] = []

    def record(parameters: Mapping[str, Any]) -> bool:
        calls.append(parameters)
        return False

    w.stack.faults.fail(operation, matches=record)
    return calls
