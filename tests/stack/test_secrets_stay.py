"""No secret, token, digest or credential header leaves the check, whatever Emarsys does with what it is sent.

Known values are planted, an Emarsys that echoes whole requests in every part of its replies is watched, and all that
the deployment writes is searched: logs, notifications, dead letters, executions and their histories. What Emarsys puts
into a documented field of its own accord (a file name, say) is the one exception: it is told as it came, as nobody
can know what it means.
"""

import contextlib
import json
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.aws import Deployment, VirtualClock, deploy
from tests.integration.server import Server
from tests.world import OAUTH, START, WSSE

BOTH = {**OAUTH, **WSSE}
TOKEN = "planted-token"
ODD = "planted \"'\\:%41+/ü secret"


Answer = Callable[[str], bytes]
"""Makes an answer out of the text of a request."""


def answer(body: str = "{}", status: str = "200 OK", *headers: str, length: int | None = None) -> Answer:
    """An answer in which `ECHO` stands for the request: in texts of JSON it is escaped, on one line elsewhere."""

    def made(request: str) -> bytes:
        line = " ".join(request.split())
        echoed = body.replace('"ECHO"', json.dumps(request)).replace("ECHO", line).encode()
        head = [
            f"HTTP/1.1 {status}",
            *headers,
            f"Content-Length: {len(echoed) if length is None else length}",
        ]
        return "\r\n".join(head).replace("ECHO", line).encode() + b"\r\n\r\n" + echoed

    return made


ERRORS = ("400 No", "401 No", "403 No", "404 No", "429 No", "500 No", "502 No", "503 No")
ANSWERS = [
    answer('{"replyCode": 0, "replyText": "ECHO", "data": {"id": "5", "status": "in progress"}}'),
    answer('{"replyCode": 0, "data": {"id": "5", "status": "in progress", "other": "ECHO", "ECHO": 1}}'),
    *(answer('{"replyCode": 1, "replyText": "ECHO", "data": "ECHO"}', status) for status in ERRORS),
    *(answer('{"message": "ECHO"}', status) for status in ERRORS),
    *(answer("<html>ECHO</html>", status) for status in ERRORS),
    answer('{"replyCode": "ECHO"}'),
    answer('{"replyCode": 0, "data": "ECHO"}'),
    answer('{"replyCode": 0, "data": {"id": "ECHO", "status": "done"}}'),
    answer('{"replyCode": 0, "data": {"id": "5", "status": ["ECHO"]}}'),
    answer("ECHO"),
    answer('"ECHO"'),
    answer("{}", "401 ECHO"),
    answer("{}", "999 ECHO"),
    answer("{}", "ECHO"),
    answer("{}", "302 Found", "Location: https://example.com/?ECHO"),
    answer("{}", "429 No", "Retry-After: ECHO", "X-RateLimit-Reset: ECHO", "X-RateLimit-Limit: ECHO"),
    answer("{}", "200 OK", "Content-Encoding: gzip", "X-Echo: ECHO"),
    answer("{}", "200 OK", "Content-Encoding: ECHO"),
    answer("{}", "200 OK", "ECHO and no colon"),
    answer("{}", "200 OK", "Transfer-Encoding: chunked", "X-Echo: ECHO"),
    answer("ECHO", "200 OK", length=100_000),
    lambda request: b"",
]
TOKEN_ANSWERS = [
    *(answer('{"error": "invalid_client", "error_description": "ECHO"}', status) for status in ERRORS),
    answer('{"access_token": "ECHO"}'),
    answer('{"access_token": "planted-token\\r\\nX-Injected: 1"}'),
    answer('{"access_token": ["planted-token"]}'),
    answer('["planted-token"]'),
    answer('{"access_token": "planted-token'),
    answer("{}", "302 Found", "Location: https://example.com/?ECHO"),
    answer("{}", "200 OK", "ECHO and no colon"),
    answer("{}", "ECHO"),
]


class Emarsys:
    """Answers each status call with the next of `answers`, and each token request with a new token.

    `token_answers` take the place of the tokens, in turn.
    """

    def __init__(self, answers: Sequence[Answer], token_answers: Sequence[Answer] = ()) -> None:
        self.answers, self.token_answers = answers, token_answers
        self.tokens: list[str] = []
        self.looks = 0
        self.server = Server(self._answer)

    def _answer(self, connection: Any, request: bytes) -> None:
        text = request.decode("latin-1")
        if text.startswith("POST /oauth2/token"):
            self.tokens.append(f"{TOKEN}-{len(self.tokens)}")
            body = {"access_token": self.tokens[-1], "expires_in": 3600, "scope": text}
            answers = self.token_answers or [answer(json.dumps(body))]
            made = answers[(len(self.tokens) - 1) % len(answers)]
        else:
            made = self.answers[self.looks % len(self.answers)]
            self.looks += 1
        connection.sendall(made(text))
        connection.shutdown(socket.SHUT_RDWR)

    @property
    def headers_seen(self) -> set[str]:
        """What came as credentials: whole headers, and the parts of a WSSE header that are no name or date."""
        seen = set()
        for request in self.server.requests:
            for name, value in re.findall(
                r"(?im)^(authorization|x-wsse): ([^\r\n]*)", request.decode("latin-1")
            ):
                seen |= {value, value.partition(" ")[2]}
                if name.lower() == "x-wsse":
                    seen |= set(re.findall(r'(?:PasswordDigest|Nonce)="([^"]*)"', value))
        return seen


@pytest.fixture
def watch() -> Iterator[Callable[..., tuple[Deployment, Emarsys]]]:
    """Watches an export of each account to its end: `watch(OAUTH, answers, ...)`, or `watch(shop=OAUTH, ...)`."""
    with contextlib.ExitStack() as running:

        def run(
            default: Any = None,
            answers: Sequence[Answer] = ANSWERS,
            token_answers: Sequence[Answer] = (),
            prepare: Callable[[Deployment], None] = lambda stack: None,
            deadline_seconds: int = 10_800,
            **others: Any,
        ) -> tuple[Deployment, Emarsys]:
            emarsys = Emarsys(answers, token_answers)
            running.callback(emarsys.server.stop)
            url = emarsys.server.url
            parameters = {"EmarsysHost": url, "EmarsysTokenUrl": f"{url}/oauth2/token", "LogLevel": "DEBUG"}
            secrets = {"default": default, **others} if default else others
            stack = running.enter_context(deploy(parameters, secrets=secrets, clock=VirtualClock(START)))
            prepare(stack)
            for account in secrets:
                stack.announce({"export_id": 5, "account": account, "deadline_seconds": deadline_seconds})
            stack.run()
            return stack, emarsys

        yield run


def all_that_is_written(stack: Deployment) -> str:
    """Everything that a person or a program outside of the check may come to see."""
    parts = [line.text for line in stack.logs.lines]
    parts += [f"{told.body} {dict(told.attributes)}" for told in stack.notifications]
    parts += [letter.body for letter in stack.dead_letters()]
    for execution in stack.executions():
        parts.append(f"{execution.input} {execution.output} {execution.error} {execution.cause}")
        parts.append(json.dumps(stack.history(execution.name), default=str))
    return "\n".join(parts)


def forms(value: str) -> set[str]:
    """A value, and the forms in which it may be written."""
    return {
        value,
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        quote(value, safe=""),
        b64encode(value.encode()).decode(),
    }


def assert_stays(values: set[str], *texts: str) -> None:
    assert all(len(value) > 7 for value in values), "too short to be searched for"
    found = [form for value in values for form in forms(value) if any(form in text for text in texts)]
    assert found == []


def planted(secret: dict[str, str]) -> set[str]:
    return {secret[key] for key in ("client_secret", "secret") if key in secret}


@pytest.mark.parametrize("secret", [OAUTH, WSSE, BOTH], ids=["oauth", "wsse", "both"])
def test_nothing_that_emarsys_echoes_is_written_anywhere(watch, secret, caplog, capfd) -> None:
    stack, emarsys = watch(secret)
    [told] = stack.notifications
    assert told.attributes["outcome"] == "expired"
    assert emarsys.looks >= len(ANSWERS)
    values = planted(secret) | set(emarsys.tokens) | emarsys.headers_seen
    assert len(values) >= 3
    assert_stays(values, all_that_is_written(stack), caplog.text, "".join(capfd.readouterr()))
    assert_one_json_object_a_line(stack)


def test_nothing_that_the_token_url_echoes_is_written_anywhere(watch, caplog, capfd) -> None:
    # Tokens follow the real clock, and a client id is let ask once a minute: so each answer goes to another one.
    clients = {f"shop{n}": {**OAUTH, "client_id": f"planted-client-{n}"} for n in range(len(TOKEN_ANSWERS))}
    stack, emarsys = watch(token_answers=TOKEN_ANSWERS, deadline_seconds=300, **clients)
    assert {told.attributes["outcome"] for told in stack.notifications} == {"expired"}
    assert len(emarsys.tokens) == len(stack.notifications) == len(TOKEN_ANSWERS)
    values = planted(OAUTH) | {TOKEN} | emarsys.headers_seen
    assert_stays(values, all_that_is_written(stack), caplog.text, "".join(capfd.readouterr()))
    assert_one_json_object_a_line(stack)


@pytest.mark.parametrize(
    "secret",
    [
        "planted-secret-text",
        '{"client_id": "a", "client_secret": "planted-secret-text"',
        '["planted-secret-text"]',
        {"client_secret": "planted-secret-text"},
        {"client_id": "planted-secret-text"},
        {"client_id": "a", "client_secret": "planted-secret-text\r\nX-Injected: 1"},
        {"client_id": "a", "client_secret": {"planted-secret-text": 1}},
        {"client_id": "planted-secret-text\n", "client_secret": "b"},
        {"username": 'a", Nonce="planted-secret-text', "secret": "b"},
        {"username": "a\r\nX-Injected: planted-secret-text", "secret": "b"},
        {"username": "planted-secret-text-\u00fc", "secret": "b"},
        {**OAUTH, "host": "https://user:planted-secret-text@example.com"},
        {**OAUTH, "host": "planted-secret-text"},
        {**OAUTH, "token_url": "https://example.com/token?key=planted-secret-text"},
    ],
)
def test_a_secret_that_cannot_be_used_is_not_quoted(watch, secret, caplog, capfd) -> None:
    stack, emarsys = watch(secret)
    [told] = stack.notifications
    assert told.message["data"]["reason"]["code"] == "credentials_missing"
    assert emarsys.server.requests == []
    values = {"planted-secret-text", *planted(OAUTH)}
    assert_stays(values, all_that_is_written(stack), caplog.text, "".join(capfd.readouterr()))


@pytest.mark.parametrize(
    "secret", [{"client_id": "a", "client_secret": ODD}, {"username": "a", "secret": ODD}]
)
def test_quotes_and_colons_in_a_secret_stay_in_it(watch, secret, caplog, capfd) -> None:
    stack, emarsys = watch(secret)
    assert emarsys.looks
    values = {ODD} | set(emarsys.tokens) | emarsys.headers_seen
    assert_stays(values, all_that_is_written(stack), caplog.text, "".join(capfd.readouterr()))


def test_no_error_of_aws_that_quotes_a_secret_is_written(watch, caplog, capfd) -> None:
    def break_aws(stack: Deployment) -> None:
        for number, operation in enumerate(
            ("secretsmanager.GetSecretValue", "dynamodb.GetItem", "dynamodb.UpdateItem", "dynamodb.PutItem")
        ):
            stack.faults.fail(operation, "InternalFailure", message="planted-quote", times=3 + number)
        stack.faults.fail("lambda.Invoke", "ServiceException", message="throttled", times=2)

    stack, emarsys = watch(OAUTH, prepare=break_aws)
    assert stack.notifications
    values = {"planted-quote", *planted(OAUTH), *emarsys.tokens, *emarsys.headers_seen}
    assert_stays(values, all_that_is_written(stack), caplog.text, "".join(capfd.readouterr()))


def test_a_token_that_emarsys_puts_into_a_documented_field_is_published_as_it_came_but_never_logged(
    watch,
) -> None:
    """Where this promise ends: a file name is a file name, whatever stands in it."""
    done = '{"replyCode": 0, "data": {"id": "5", "status": "done", "type": "ECHO", "file_name": "ECHO"}}'
    stack, emarsys = watch(OAUTH, [answer(done)])
    [told] = stack.notifications
    assert emarsys.tokens[0] in told.message["data"]["file"]["name"]
    assert emarsys.tokens[0] not in "\n".join(line.text for line in stack.logs.lines)


def assert_one_json_object_a_line(stack: Deployment) -> None:
    for line in stack.logs.lines:
        assert line.record, line.text[:200]
        assert len(line.text) < 4096
