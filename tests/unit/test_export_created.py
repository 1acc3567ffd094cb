"""The export-created event: what is accepted, what is refused, and the context that stays as it was sent."""

import contextlib
import json
from typing import Any

import pytest

from export_watch.errors import InvalidEventError
from export_watch.export_created import ignored, parse
from export_watch.watch import DistributionMethod, WatchRequest

MAX_DEADLINE = 604_800


def event(**detail):
    return json.dumps({"detail-type": "Emarsys Export Created", "detail": {"export_id": 123} | detail})


def with_context(context):
    """An event whose context is given as text, since JSON that was parsed is not what it was."""
    return f'{{"detail": {{"export_id": 123, "context": {context}}}}}'


def refusal(body):
    with pytest.raises(InvalidEventError) as refused:
        parse(body, MAX_DEADLINE)
    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 200
    return message


def nested(levels):
    """A JSON object that is so many levels deep, objects and lists in turn."""
    opening = "".join('{"a":' if level % 2 == 0 else "[" for level in range(levels))
    closing = "".join("}" if level % 2 == 0 else "]" for level in reversed(range(levels)))
    return f"{opening}0{closing}"


def test_an_export_id_is_enough_and_all_else_may_be_said():
    assert parse(event(), MAX_DEADLINE) == WatchRequest(123, "default", 1, MAX_DEADLINE, None, {})
    more = {"account": "shop-2", "distribution_method": "sftp", "deadline_seconds": 3600, "attempt": 7}
    request = parse(event(**more, export_id="123", expected_seconds=900, context={"order": 5}), MAX_DEADLINE)
    assert request == WatchRequest(123, "shop-2", 7, 3600, DistributionMethod.SFTP, {"order": 5}, 900)


def test_the_execution_is_named_by_account_export_and_attempt():
    names = [
        parse(event(account=account, attempt=attempt), MAX_DEADLINE).execution_name
        for account, attempt in (("default", 1), ("default", 2), ("shop-2", 9999))
    ]
    assert names == ["default_123", "default_123_2", "shop-2_123_9999"]


ACCEPTED: dict[str, list[Any]] = {
    "export_id": [1, "1", 10**15 - 1, "999999999999999"],
    "account": ["0", "a-", "a" * 32],
    "distribution_method": ["ftp", "sftp", "local", "mail"],
    "deadline_seconds": [60, MAX_DEADLINE],
    "expected_seconds": [1, 604_800],
    "attempt": [1, 9999],
    "context": [{}],
}
WRONG: list[Any] = [True, False, 1.0, 1.5, "", " ", [], [1]]
NO_IDS = ["x", 0, -1, 10**15, 10**400, "1" * 16, "²", "१", " 1", "123\n"]
REFUSED = {
    "export_id": [*WRONG, {}, *NO_IDS, "0", "-1", "+1", "01", "1.0", "1e3", "1_0"],
    "account": [*WRONG, None, 1, "-a", "A", "a_b", "a.b", "a/b", "ä", "a" * 33, "default\n", "\uff41"],
    "distribution_method": [*WRONG, None, {}, 1, "FTP", "ftps", "ftp\n", " ftp", "l\uff4fcal"],
    "deadline_seconds": [*WRONG, None, {}, 59, 0, -60, MAX_DEADLINE + 1, 10**30, "3600", 60.0],
    "expected_seconds": [*WRONG, None, {}, 0, -1, 604_801, "900", 60.0],
    "attempt": [*WRONG, None, {}, 0, -1, 10_000, 10**30, "1", 2.0],
    "context": [*WRONG, None, "x", 1],
}
MUST_BE = {
    "export_id": "a positive integer of at most 15 digits",
    "account": "1 to 32 of a-z, 0-9 and -, and not begin with -",
    "distribution_method": "one of ftp, sftp, local, mail",
    "deadline_seconds": "an integer from 60 to 604800",
    "expected_seconds": "an integer from 1 to 604800",
    "attempt": "an integer from 1 to 9999",
    "context": "a JSON object",
}


@pytest.mark.parametrize("key", MUST_BE)
def test_each_key_is_accepted_up_to_its_bounds_and_refused_beyond_with_what_it_must_be(key):
    for value in ACCEPTED[key]:
        assert str(getattr(parse(event(**{key: value}), MAX_DEADLINE), key)) == str(value)
    for value in REFUSED[key]:
        message = refusal(event(**{key: value}))
        assert message.startswith(f"`{key}` is {ascii(value)[:60]}")
        assert message.endswith(f"; it must be {MUST_BE[key]}")


def test_a_key_that_means_nothing_is_named_and_of_many_some_are():
    warning = ignored(parse(event(distributon_method="sftp", **{"\n\x1b[31m" * 99: 1}), MAX_DEADLINE))
    assert "'\\n\\x1b[31m\\n\\x1b[31m" in warning
    assert warning.endswith("[31…, 'distributon_method'. Is one misspelt?")
    assert warning.isprintable()
    for count, end in ((10, "'i', 'j'. Is one misspelt?"), (11, "'i', 'j', and 1 more. Is one misspelt?")):
        many = dict.fromkeys("abcdefghijk"[:count], 1)
        assert ignored(parse(event(**many), MAX_DEADLINE)).endswith(end)


NO_EVENTS = {
    "`export_id` is missing: the id that Emarsys gave": [
        f'{{"detail": {detail}}}'
        for detail in ("{}", '{"Export_Id": 7}', '{"export_id": null}', '{"context": {"export_id": 7}}')
    ],
    "the event has no `detail` that is a JSON object; send it through EventBridge": [
        *("null", "[]", "7", '"detail"', "{}", '{"detail": []}', '{"detail": "{}"}')
    ],
    "the event is nested too deeply to be read": [with_context(nested(100_000))],
    "the event is not JSON: ": [
        *("", "text", event()[:-1], f"\ufeff{event()}", '{"detail": {"export_id": ' + "9" * 5000 + "}}"),
        *map(with_context, ['{"x": Infinity}', '{"x": NaN}', '{"x": "a\nb"}']),
    ],
    "the event is not JSON: 1e400 is no number that can be sent on": [with_context('{"x": 1e400}')],
    f"the event is not JSON: {'1' * 20} is no number that can": [with_context("1" * 400 + ".0")],
}


@pytest.mark.parametrize("why", NO_EVENTS)
def test_what_is_no_event_is_refused(why):
    for body in NO_EVENTS[why]:
        assert refusal(body).startswith(why)


def test_what_is_shown_of_a_value_is_cut_to_60_characters():
    whole, cut = ("a" * length for length in (58, 59))
    assert f"is '{whole}'; it" in refusal(event(account=whole))
    assert f"is '{cut}…; it" in refusal(event(account=cut))


@pytest.mark.parametrize("levels", [500, 1000, 100_000])
def test_no_depth_breaks_anything(levels):
    for key in ("context", "export_id", "distribution_method"):
        refusal(f'{{"detail": {{"export_id": 123, "{key}": {nested(levels)}}}}}')
    # How deep Python reads depends on its version.
    with contextlib.suppress(InvalidEventError) if levels > 900 else contextlib.nullcontext():
        assert parse(event()[:-2] + f', "ignored": {nested(levels)}}}}}', MAX_DEADLINE).export_id == 123


def test_a_context_may_be_32_levels_deep():
    for context in (nested(32), f'{{"list": [{nested(30)}]}}'):
        assert parse(with_context(context), MAX_DEADLINE).context == json.loads(context)
    for context in (nested(33), f'{{"first": {{}}, "list": [], "a": {nested(32)}}}'):
        assert "deeper than 32 levels" in refusal(with_context(context))


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600", "\ud800"])
def test_a_context_may_have_8192_bytes_in_utf_8_however_it_was_written(character):
    size = len(character.encode("utf-8", "surrogatepass"))
    text = character * (8178 // size) + "x" * (8178 % size)
    fits, too_long = (with_context(json.dumps({"a": a, "b": 0}, indent=2)) for a in (text, text + "x"))
    assert parse(fits, MAX_DEADLINE).context == {"a": text, "b": 0}
    assert "`context` has 8193 bytes, at most 8192 are allowed" in refusal(too_long)
