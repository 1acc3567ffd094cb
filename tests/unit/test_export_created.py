"""The export-created event: what is accepted, what is refused, and the context that stays as it was sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.errors import InvalidEventError
from export_watch.export_created import ignored, parse
from export_watch.watch import DistributionMethod, WatchRequest

MAX_DEADLINE = 86_400
WRONG = [True, False, 1.0, 1.5, "", " ", "x", [], {}, None]


def event(**detail: Any) -> str:
    return json.dumps({"detail-type": "Emarsys Export Created", "detail": {"export_id": 123} | detail})


def with_context(context: str) -> str:
    """An event whose context is given as text, since JSON that was parsed is not what it was."""
    return f'{{"detail": {{"export_id": 123, "context": {context}}}}}'


def refusal(body: str) -> str:
    with pytest.raises(InvalidEventError) as refused:
        parse(body, MAX_DEADLINE)
    return str(refused.value)


def nested(levels: int) -> str:
    """A JSON object that is so many levels deep, objects and lists in turn."""
    opening = "".join('{"a":' if level % 2 == 0 else "[" for level in range(levels))
    closing = "".join("}" if level % 2 == 0 else "]" for level in reversed(range(levels)))
    return f"{opening}0{closing}"


def test_an_export_id_is_enough() -> None:
    assert parse(event(), MAX_DEADLINE) == WatchRequest(
        export_id=123,
        account="default",
        attempt=1,
        deadline_seconds=MAX_DEADLINE,
        distribution_method=None,
        context={},
    )


def test_all_keys_are_read() -> None:
    body = event(
        export_id="123",
        account="shop-2",
        distribution_method="sftp",
        deadline_seconds=3600,
        expected_seconds=900,
        attempt=7,
        context={"order": 5},
    )
    request = parse(body, MAX_DEADLINE)
    assert request == WatchRequest(123, "shop-2", 7, 3600, DistributionMethod.SFTP, {"order": 5}, 900)


def test_a_key_that_means_nothing_is_named() -> None:
    request = parse(event(distributon_method="sftp", **{"\n\x1b[31m" * 99: 1}), MAX_DEADLINE)
    assert len(request.ignored_keys) == 2
    warning = ignored(request)
    assert "'distributon_method'" in warning
    assert warning.isprintable()
    assert len(warning) < 300


def test_of_many_keys_that_mean_nothing_some_are_named_and_the_others_counted() -> None:
    warning = ignored(parse(event(**{f"key{number:03}": 1 for number in range(300)}), MAX_DEADLINE))
    assert "'key009', and 290 more" in warning
    assert len(warning) < 300


@pytest.mark.parametrize(
    ("detail", "name"),
    [
        ({}, "default_123"),
        ({"attempt": 1}, "default_123"),
        ({"attempt": 2}, "default_123_2"),
        ({"account": "shop-2", "attempt": 9999}, "shop-2_123_9999"),
        ({"account": "a" * 32, "export_id": 10**15 - 1}, "a" * 32 + "_999999999999999"),
    ],
)
def test_the_execution_is_named_by_account_export_and_attempt(detail: dict[str, Any], name: str) -> None:
    assert parse(event(**detail), MAX_DEADLINE).execution_name == name


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("export_id", 1),
        ("export_id", "1"),
        ("export_id", 999_999_999_999_999),
        ("export_id", "999999999999999"),
        ("account", "0"),
        ("account", "a-"),
        ("account", "a" * 32),
        ("deadline_seconds", 60),
        ("deadline_seconds", MAX_DEADLINE),
        ("attempt", 1),
        ("attempt", 9999),
        ("expected_seconds", 1),
        ("expected_seconds", 604_800),
        *(("distribution_method", method) for method in ("ftp", "sftp", "local", "mail")),
        ("context", {}),
    ],
)
def test_each_key_is_accepted_up_to_its_bounds(key: str, value: Any) -> None:
    parsed = getattr(parse(event(**{key: value}), MAX_DEADLINE), key)
    assert str(parsed) == ("{}" if value == {} else str(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("export_id", value) for value in (*WRONG, 0, -1, 10**15, 10**400, 1e3, "0", "0123", "-1", "+1")),
        *(
            ("export_id", value)
            for value in ("1" * 16, "1.0", "1e3", "123\n", " 123", "\uff11\uff12\uff13", "१२३", "1_0", "²")
        ),
        *(("account", value) for value in WRONG if value != "x"),
        *(
            ("account", value)
            for value in (1, "-a", "A", "a_b", "a.b", "a/b", "ä", "a" * 33, "default\n", "\uff41")
        ),
        *(
            ("distribution_method", value)
            for value in (*WRONG, 1, "FTP", "ftps", "ftp\n", " ftp", "l\uff4fcal")
        ),
        *(
            ("deadline_seconds", value)
            for value in (*WRONG, 59, 0, -60, MAX_DEADLINE + 1, 10**30, "3600", 60.0)
        ),
        *(("expected_seconds", value) for value in (*WRONG, None, 0, -1, 604_801, "900", 60.0)),
        *(("attempt", value) for value in (*WRONG, 0, -1, 10_000, 10**30, "1", 2.0)),
        *(("context", value) for value in WRONG if value != {}),
    ],
)
def test_each_key_is_refused_beyond_its_bounds_and_named(key: str, value: Any) -> None:
    message = refusal(event(**{key: value}))
    assert f"`{key}`" in message
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize(
    "detail", ["{}", '{"id": 7}', '{"Export_Id": 7}', '{"export_id": null}', '{"context": {"export_id": 7}}']
)
def test_an_event_without_an_export_id_is_refused(detail: str) -> None:
    assert "`export_id` is missing" in refusal(f'{{"detail": {detail}}}')


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "text",
        "{",
        '{"detail": {"export_id": 123}',
        '{"detail": {"export_id": 123}} more',
        "{'detail': {'export_id': 123}}",
        '{"detail": {"export_id": 0123}}',
        '{"detail": {"export_id": 123, "x": NaN}}',
        '{"detail": {"export_id": 123, "x": Infinity}}',
        '{"detail": {"export_id": 123, "context": {"x": -Infinity}}}',
        '{"detail": {"export_id": 123, "context": {"x": NaN}}}',
        '{"detail": {"export_id": 123, "context": {"x": 1e400}}}',
        '{"detail": {"export_id": 123, "context": {"x": [-1e400]}}}',
        '{"detail": {"export_id": 123, "context": {"x": "a\nb"}}}',
        '{"detail": {"export_id": ' + "9" * 5000 + "}}",
        '\ufeff{"detail": {"export_id": 123}}',
    ],
)
def test_what_is_no_json_is_refused(body: str) -> None:
    assert "not JSON" in refusal(body)


@pytest.mark.parametrize("body", ["null", "[]", "7", '"detail"', "{}", '{"detail": []}', '{"detail": "{}"}'])
def test_an_event_without_a_detail_is_refused(body: str) -> None:
    assert "`detail`" in refusal(body)


@pytest.mark.parametrize("levels", [33, 500, 980, 990, 1000, 9990, 10_000, 100_000])
@pytest.mark.parametrize("key", ["context", "export_id", "account", "attempt", "distribution_method"])
def test_a_key_of_any_depth_is_refused(levels: int, key: str) -> None:
    assert refusal(f'{{"detail": {{"export_id": 123, "{key}": {nested(levels)}}}}}')


@pytest.mark.parametrize("levels", [500, 990, 1000, 9990, 10_000, 100_000])
def test_an_ignored_key_of_any_depth_breaks_nothing(levels: int) -> None:
    body = f'{{"detail": {{"unknown": {nested(levels)}, "export_id": 123, "context": {{"a": 1.0}}}}}}'
    try:
        context = parse(body, MAX_DEADLINE).context
    except InvalidEventError:  # deeper than Python reads, which depends on its version
        assert levels > 900
    else:
        assert context == {"a": 1.0}


@pytest.mark.parametrize("levels", [1, 2, 31, 32])
def test_a_context_may_be_32_levels_deep(levels: int) -> None:
    assert parse(with_context(nested(levels)), MAX_DEADLINE).context == json.loads(nested(levels))


@pytest.mark.parametrize("first", ["", '"first": {}, "list": [], '], ids=["narrow", "wide"])
@pytest.mark.parametrize("levels", [32, 33])
def test_a_context_deeper_than_32_levels_is_refused(levels: int, first: str) -> None:
    assert "deeper than 32 levels" in refusal(with_context(f'{{{first}"a": {nested(levels)}}}'))


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_context_may_have_8192_bytes_in_utf_8(character: str, ascii_only: bool) -> None:
    size = len(character.encode())
    for text, accepted in ((character * (8184 // size), True), (character * (8184 // size) + "x", False)):
        body = with_context(json.dumps({"a": text}, ensure_ascii=ascii_only, indent=2))
        if accepted:
            assert parse(body, MAX_DEADLINE).context == {"a": text}
        else:
            assert "8192" in refusal(body)


def test_the_last_of_keys_of_one_name_counts() -> None:
    body = (
        '{"detail": {"export_id": 1}, "detail": {"export_id": 2, "context": {"a": 1}, '
        '"c\\u006fntext": {"b": 1.0}, "export_id": 3}, "more": [{}]}'
    )
    request = parse(body, MAX_DEADLINE)
    assert (request.export_id, request.context) == (3, {"b": 1.0})


def test_a_message_quotes_no_more_than_it_needs() -> None:
    message = refusal(event(account="\n\x1b[31m" * 1000))
    assert message.isprintable()
    assert len(message) < 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.builds(
        lambda detail: event(**detail),
        st.dictionaries(
            st.sampled_from(
                ["export_id", "account", "attempt", "deadline_seconds", "distribution_method", "context"]
            ),
            json_values,
        ),
    )
)
def test_whatever_comes_is_a_valid_request_or_a_clear_error(body: str) -> None:
    try:
        request = parse(body, MAX_DEADLINE)
    except InvalidEventError:
        pass
    else:
        assert 1 <= request.export_id < 10**15
        assert 60 <= request.deadline_seconds <= MAX_DEADLINE


@given(st.dictionaries(st.text(), json_values), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_a_context_means_what_it_meant(context: dict[str, Any], ascii_only: bool, indent: Any) -> None:
    text = json.dumps(context, ensure_ascii=ascii_only, indent=indent)
    if len(text) < 4000:
        assert parse(with_context(text), MAX_DEADLINE).context == context
