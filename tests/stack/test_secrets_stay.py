"""No secret, token, digest or credential header leaves the check, whatever Emarsys does with what it is sent.

Known values are planted, an Emarsys that echoes whole requests in every part of its replies is watched, and all that
the deployment writes is searched: logs, notifications, dead letters, executions and their histories. What Emarsys puts
into a documented field of its own accord (a file name, say) is the one exception: it is published as it came, as nobody
can know what it means.
"""

import itertools
import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.integration.server import Server
from tests.world import OAUTH, WSSE, World

ERRORS = ("400 No", "401 No", "403 No", "429 No", "503 No")


@dataclass(frozen=True)
class Answer:
    """An answer in which `ECHO` stands for the request: in texts of JSON it is escaped, on one line elsewhere."""

    body: str = "{}"
    status: str = "200 OK"
    headers: Sequence[str] = ()
    length: int | None = None

    def to(self, request: str) -> bytes:
        line = " ".join(request.split())
        body = self.body.replace('"ECHO"', json.dumps(request)).replace("ECHO", line).encode()
        length = len(body) if self.length is None else self.length
        # It is closed after each answer: else a request may be sent on it before that is seen, and is lost.
        head = [f"HTTP/1.1 {self.status}", "Connection: close", *self.headers, f"Content-Length: {length}"]
        return "\r\n".join(head).replace("ECHO", line).encode() + b"\r\n\r\n" + body


MALFORMED = [
    Answer(status="401 ECHO"),
    Answer(status="ECHO"),
    Answer(status="302 Found", headers=["Location: https://example.com/?ECHO"]),
    Answer(status="429 No", headers=["Retry-After: ECHO", "X-RateLimit-Reset: ECHO"]),
    Answer(headers=["Content-Encoding: ECHO"]),
    Answer(headers=["ECHO and no colon"]),
    Answer(headers=["Transfer-Encoding: chunked", "X-Echo: ECHO"]),
    Answer("ECHO", length=100_000),
]
DATA = [
    '{"id": "5", "status": "ready", "ECHO": "ECHO"}',
    '"ECHO"',
    '{"id": "ECHO"}',
    '{"id": "5", "status": ["ECHO"]}',
]
ANSWERS = [
    *(Answer(f'{{"replyCode": 0, "replyText": "ECHO", "data": {data}}}') for data in DATA),
    Answer('{"replyCode": "ECHO"}'),
    *(Answer('{"replyCode": 1, "replyText": "ECHO", "message": "ECHO"}', status) for status in ERRORS),
    *MALFORMED,
]
TOKEN_ANSWERS = [
    *(Answer('{"error": "invalid_client", "error_description": "ECHO"}', status) for status in ERRORS),
    *(Answer(f'{{"access_token": {token}}}') for token in ('"ECHO"', '["ECHO"]', '"ECHO')),
    *MALFORMED,
]
TOKEN = "planted-token"
FILE_TOKEN = "token-of-a-file-name"
ODD = "planted \"'\\:%41+/ü secret"
PLANTED = {OAUTH["client_secret"], WSSE["secret"], ODD, "planted-secret-text", "planted-quote", TOKEN}

UNUSABLE = [
    "planted-secret-text",
    '{"client_id": "a", "client_secret": "planted-secret-text"',
    {"client_id": "a", "client_secret": "planted-secret-text\r\nX-Injected: 1"},
    {"username": 'a", Nonce="planted-secret-text', "secret": "b"},
    {**OAUTH, "host": "https://user:planted-secret-text@example.com"},
    {**OAUTH, "token_url": "https://example.com/token?key=planted-secret-text"},
]
USABLE: dict[str, dict[str, str]] = {
    "oauth": OAUTH,
    "wsse": WSSE,
    "odd-oauth": {"client_id": "a", "client_secret": ODD},
    "odd-wsse": {"username": "a", "secret": ODD},
}


@dataclass
class Emarsys:
    """Answers each status call with the next of ANSWERS, and each token request with a new token.

    A token URL that ends with a number answers with that one of TOKEN_ANSWERS.
    """

    answers: Iterator[Answer] = field(default_factory=lambda: itertools.cycle(ANSWERS))

    def __post_init__(self) -> None:
        self.server = Server(self._answer)

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        text = request.decode("latin-1")
        if number := re.match("POST /tokens/([0-9]+)", text):
            answer = TOKEN_ANSWERS[int(number[1])]
        elif text.startswith("POST"):
            token = FILE_TOKEN if text.startswith("POST /file") else f"{TOKEN}-{len(self.server.requests)}"
            answer = Answer(json.dumps({"access_token": token, "expires_in": 3600, "scope": text}))
        elif FILE_TOKEN in text:
            answer = Answer('{"replyCode": 0, "data": {"id": "5", "status": "done", "file_name": "ECHO"}}')
        else:
            answer = next(self.answers)
        connection.sendall(answer.to(text))
        connection.shutdown(socket.SHUT_RDWR)

    @property
    def credentials_seen(self) -> set[str]:
        """What came as credentials: whole headers, and the parts of a WSSE header that are no name or date."""
        seen = set()
        for request in self.server.requests:
            for value in re.findall(r"(?im)^(?:authorization|x-wsse): ([^\r\n]*)", request.decode("latin-1")):
                if FILE_TOKEN not in value:
                    seen |= {value, value.partition(" ")[2]}
                    seen |= set(re.findall(r'(?:PasswordDigest|Nonce)="([^"]*)"', value))
        return seen


def written(w: World) -> str:
    """Everything that a person or a program outside of the check may come to see."""
    parts = [line.text for line in w.stack.logs.lines]
    parts += [f"{each.body} {dict(each.attributes)}" for each in w.stack.notifications]
    parts += [letter.body for letter in w.stack.dead_letters()]
    for execution in w.stack.executions():
        parts.append(f"{execution.input} {execution.output} {execution.error} {execution.cause}")
        parts.append(json.dumps(w.stack.history(execution.name), default=str))
    return "\n".join(parts)


def forms(value: str) -> set[str]:
    """A value, and the forms in which it may be written."""
    escaped = {json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe="")}
    return {value, b64encode(value.encode()).decode(), *escaped}


def test_nothing_that_is_secret_is_written_anywhere(world, caplog, capfd):
    emarsys = Emarsys()
    url = emarsys.server.url
    unusable = {f"unusable-{number}": secret for number, secret in enumerate(UNUSABLE)}
    urls = {"file": f"{url}/file"} | {f"tokens-{n}": f"{url}/tokens/{n}" for n in range(len(TOKEN_ANSWERS))}
    secrets = unusable | USABLE | {account: {**OAUTH, "token_url": to} for account, to in urls.items()}
    parameters = {"EmarsysHost": url, "EmarsysTokenUrl": f"{url}/oauth2/token", "LogLevel": "DEBUG"}
    w = world(secrets=secrets, parameters=parameters)
    calls = ("secretsmanager.GetSecretValue", "dynamodb.GetItem", "dynamodb.PutItem")
    faults = [w.stack.faults.fail(call, message="planted-quote", times=3) for call in calls]
    for account in secrets:
        seconds = 600 if account in USABLE else 60
        w.announce({"export_id": 5, "account": account, "deadline_seconds": seconds})
    w.run()
    emarsys.server.stop()

    data = {data["account"]: data for data in w.data}
    assert {account: of["outcome"] for account, of in data.items()} == {
        **dict.fromkeys(secrets, "expired"),
        "file": "done",
    }
    assert {data[account]["reason"]["code"] for account in unusable} == {"credentials_missing"}
    assert all(fault.hits for fault in faults)
    requests = emarsys.server.requests
    assert sum(request.startswith(b"GET") for request in requests) > 2 * len(ANSWERS)
    assert len(set(re.findall(rb"POST (/tokens/[0-9]+)", b"".join(requests)))) == len(TOKEN_ANSWERS)

    values = PLANTED | emarsys.credentials_seen
    assert all(len(value) > 7 for value in values), "too short to be searched for"
    everything = "\n".join([written(w), caplog.text, *capfd.readouterr()])
    assert [form for value in values for form in forms(value) if form in everything] == []
    # Where this promise ends: a file name is a file name, whatever stands in it.
    assert FILE_TOKEN in data["file"]["file"]["name"]
    assert FILE_TOKEN not in "".join(line.text for line in w.stack.logs.lines)
