"""A clock, a Secrets Manager and an HTTP client that do as they are told, and nothing that they were not."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from urllib3 import HTTPHeaderDict

from export_watch.emarsys.token_table import TokenRecord
from export_watch.errors import NoReplyError, TokenTableError
from export_watch.transport import Reply

HOST = "https://api.emarsys.net"
TOKEN_URL = "https://auth.emarsys.net/oauth2/token"
OAUTH: dict[str, Any] = {"client_id": "my-id", "client_secret": "my-client-secret"}
WSSE: dict[str, Any] = {"username": "customer001", "secret": "my-secret"}

NO_ANSWER = ReadTimeoutError(endpoint_url="https://aws.example")


def aws_error(name: str, message: str = "", status: int = 400) -> ClientError:
    """An error as botocore raises it."""
    said = {"Error": {"Code": name, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "Call")  # type: ignore[arg-type]


class FakeClock:
    """Stands still until it is told to go on."""

    def __init__(self, now: float = 1_795_452_601.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeSecretsManager:
    """Hands out `secrets`, as texts or as objects to be written as JSON, or raises `failure`."""

    def __init__(self, **secrets: Any) -> None:
        self.secrets = {f"emarsys/{account}": secret for account, secret in secrets.items()}
        self.stored_at = datetime(2026, 11, 23, tzinfo=UTC)
        self.failure: Exception | None = None
        self.reads = 0

    def store(self, account: str, secret: Any) -> None:
        """Store a new version of a secret."""
        self.secrets[f"emarsys/{account}"] = secret
        self.stored_at += timedelta(minutes=1)

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.reads += 1
        if self.failure:
            raise self.failure
        if SecretId not in self.secrets:
            raise aws_error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        secret, stored = self.secrets[SecretId], {"Name": SecretId, "CreatedDate": self.stored_at}
        if isinstance(secret, bytes):
            return {**stored, "SecretBinary": secret}
        return {**stored, "SecretString": secret if isinstance(secret, str) else json.dumps(secret)}


class FakeTokenTable:
    """Keeps records as texts, as a table would, or raises `failure`. A claim is granted as DynamoDB would grant it."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.failure: TokenTableError | None = None
        self.calls = 0

    def read(self, client: str) -> TokenRecord:
        self._called()
        return TokenRecord.from_json(self.records.get(client, ""))

    def claim(self, client: str, record: TokenRecord, now: float) -> bool:
        stored = self.read(client)
        if stored.not_before > now and stored.secret_at >= record.secret_at:
            return False
        self.records[client] = record.to_json()
        return True

    def write(self, client: str, record: TokenRecord) -> None:
        self._called()
        self.records[client] = record.to_json()

    def _called(self) -> None:
        self.calls += 1
        if self.failure:
            raise self.failure


@dataclass(frozen=True)
class Call:
    """A call as the HTTP client was asked to make it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    within_seconds: float


Answer = Reply | NoReplyError


@dataclass
class FakeHttp:
    """Answers each call as `answer` says, and remembers it."""

    answer: Callable[[Call], Answer]
    calls: list[Call] = field(default_factory=list)

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_seconds: float = 20.0,
    ) -> Reply:
        self.calls.append(Call(method, url, headers, body, within_seconds))
        answer = self.answer(self.calls[-1])
        if isinstance(answer, NoReplyError):
            raise answer
        return answer


def reply(status: int, content: Any = None, **headers: str) -> Reply:
    """A reply whose content is written as JSON, unless it is bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = HTTPHeaderDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status, named, body)
