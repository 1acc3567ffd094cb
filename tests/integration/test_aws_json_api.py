"""Calls of AWS without botocore: over real HTTP, to an endpoint that holds their signature to botocore's."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.credentials import Credentials
from moto import mock_aws

from export_watch.aws import json_api
from export_watch.aws.json_api import DYNAMODB, SECRETS_MANAGER, AwsError, JsonApi, Service
from export_watch.http import HttpClient
from sandbox.aws import endpoint
from sandbox.aws.client import client
from tests.integration.server import Script, Server, answering, dripping

SUFFIX = "amazonaws.com"
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.fixture
def url() -> Iterator[str]:
    with mock_aws(), endpoint.serving(Credentials("id", "key", "token")) as url:
        yield url


def api(service: Service, url: str, **environment: str) -> JsonApi:
    return JsonApi(HttpClient(), service, SUFFIX, {**ENVIRONMENT, service.variable: url, **environment})


def test_a_secret_is_read(url: str) -> None:
    client("secretsmanager").create_secret(Name="emarsys/käufer", SecretString='{"username": "ü"}')
    answer = api(SECRETS_MANAGER, url).call("GetSecretValue", {"SecretId": "emarsys/käufer"})
    assert answer["SecretString"] == '{"username": "ü"}'
    assert isinstance(answer["CreatedDate"], float)


def test_a_refusal_has_the_name_that_aws_gives_it_and_nothing_of_its_text(url: str) -> None:
    with pytest.raises(AwsError) as refused:
        api(SECRETS_MANAGER, url).call("GetSecretValue", {"SecretId": "planted"})
    assert str(refused.value) == refused.value.name == "ResourceNotFoundException"
    with pytest.raises(AwsError, match=r"^ResourceNotFoundException$"):
        api(DYNAMODB, url).call("GetItem", {"TableName": "planted", "Key": {"client": {"S": "x"}}})


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "InvalidSignatureException"),
        ({"AWS_ACCESS_KEY_ID": "another"}, "InvalidSignatureException"),
        ({"AWS_REGION": "us-east-1"}, "InvalidSignatureException"),
        ({"AWS_SESSION_TOKEN": "another"}, "UnrecognizedClientException"),
        ({"AWS_SESSION_TOKEN": ""}, "UnrecognizedClientException"),
    ],
)
def test_whoever_is_not_allowed_is_refused(url: str, environment: dict[str, str], name: str) -> None:
    with pytest.raises(AwsError, match=f"^{name}$"):
        api(SECRETS_MANAGER, url, **environment).call("GetSecretValue", {"SecretId": "x"})


def test_a_signature_of_long_ago_is_refused(url: str) -> None:
    environment = {**ENVIRONMENT, SECRETS_MANAGER.variable: url}
    late = JsonApi(HttpClient(), SECRETS_MANAGER, SUFFIX, environment, clock=lambda: 1_795_452_601)
    with pytest.raises(AwsError, match=r"^InvalidSignatureException$"):
        late.call("GetSecretValue", {"SecretId": "x"})


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    servers: list[Server] = []

    def start(script: Script) -> Server:
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def answer(status: int, content: object) -> bytes:
    body = json.dumps(content).encode()
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("status", "content", "name"),
    [
        (500, {"__type": "InternalFailure"}, "InternalFailure"),
        (503, "<html>", "HTTP 503"),
        (429, {}, "HTTP 429"),
        (400, {"__type": "com.amazonaws.x#ThrottlingException"}, "ThrottlingException"),
        (
            400,
            {"__type": "x#ProvisionedThroughputExceededException"},
            "ProvisionedThroughputExceededException",
        ),
    ],
)
def test_what_may_pass_is_tried_once_more(serve, status: int, content: object, name: str) -> None:
    server = serve(answering(answer(status, content)))
    with pytest.raises(AwsError, match=f"^{name}$"):
        api(DYNAMODB, server.url).call("GetItem", {})
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "content", "name"),
    [
        (
            400,
            {"__type": "com.amazonaws.x#AccessDeniedException", "message": "planted"},
            "AccessDeniedException",
        ),
        (400, {"__type": "x#NotThere:http://a.b/c#Planted"}, "NotThere"),
        (400, {"__type": "x#planted text"}, "HTTP 400"),
        (400, ["planted"], "HTTP 400"),
        (200, "planted", "an answer that is no JSON object, or is too long"),
        (302, {}, "HTTP 302"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(serve, status: int, content: object, name: str) -> None:
    server = serve(answering(answer(status, content)))
    with pytest.raises(AwsError, match=f"^{name}$"):
        api(DYNAMODB, server.url).call("GetItem", {})
    assert len(server.requests) == 1


def test_an_error_that_passes_is_not_seen(serve) -> None:
    answers = iter([answer(500, {}), answer(200, {"Item": {}})])
    server = serve(lambda connection, _: connection.sendall(next(answers)))
    assert api(DYNAMODB, server.url).call("GetItem", {}) == {"Item": {}}


def test_an_answer_that_never_ends_is_given_up_after_two_attempts(
    serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_api, "ATTEMPT_SECONDS", 0.2)
    server = serve(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "))
    began = time.monotonic()
    with pytest.raises(AwsError, match="no answer of AWS, no complete reply in time"):
        api(DYNAMODB, server.url).call("GetItem", {})
    assert time.monotonic() - began < 4
    assert server.connections == 2


def test_a_connection_that_breaks_is_not_seen(serve) -> None:
    answers = iter([b"", answer(200, {"Item": {}})])

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(next(answers))
        connection.close()

    server = serve(script)
    assert api(DYNAMODB, server.url).call("GetItem", {}) == {"Item": {}}
    assert server.connections == 2


def test_credentials_are_those_of_the_moment(url: str) -> None:
    environment = {**ENVIRONMENT, SECRETS_MANAGER.variable: url, "AWS_SECRET_ACCESS_KEY": "another"}
    own = JsonApi(HttpClient(), SECRETS_MANAGER, SUFFIX, environment)
    for key, name in (("another", "InvalidSignatureException"), ("key", "ResourceNotFoundException")):
        environment["AWS_SECRET_ACCESS_KEY"] = key
        with pytest.raises(AwsError, match=f"^{name}$"):
            own.call("GetSecretValue", {"SecretId": "x"})


def test_a_secret_of_bytes_is_an_answer_too(url: str) -> None:
    client("secretsmanager").create_secret(Name="bytes", SecretBinary=b"x")
    assert "SecretString" not in api(SECRETS_MANAGER, url).call("GetSecretValue", {"SecretId": "bytes"})


@pytest.mark.parametrize("service", [SECRETS_MANAGER, DYNAMODB], ids=lambda service: service.name)
@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("eu-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
    ],
)
def test_a_service_is_asked_where_botocore_would_ask_it(service: Service, region: str, suffix: str) -> None:
    own = JsonApi(HttpClient(), service, suffix, {"AWS_REGION": region})
    botocores = boto3.Session("id", "key", region_name=region).client(cast("Any", service.name))
    assert own._url == f"{botocores.meta.endpoint_url}/"
