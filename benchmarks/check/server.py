"""Emarsys, Secrets Manager and DynamoDB on loopback, as little as a check asks of them: the same reply every time."""

import contextlib
import json
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import certifi
import trustme

from sandbox.emarsys.http_server import HttpServer
from sandbox.emarsys.reply import Reply, as_json

EXPORT_ID = 123
_SECRET = {"client_id": "benchmark-client", "client_secret": "benchmark-client-secret"}
_TOKEN = {"access_token": "benchmark-token", "token_type": "bearer", "expires_in": 3600}
_EXPORT = {
    "id": str(EXPORT_ID),
    "created": "2012-05-23 11:08:56",
    "status": "in progress",
    "type": "Responses",
    "file_name": "clicks_3931993_1_en-df0ef2.csv",
    "ftp_host": "88.99.123.23",
    "ftp_dir": "folder/subfolder",
}
ROOT = Path(__file__).parents[2]
_SOURCES = (ROOT / "layers", ROOT / "functions" / "check_export", Path(__file__).parent)


def _answer(_: str, path: str, headers: Message, __: bytes) -> Reply:
    """AWS names the operation in the header `X-Amz-Target`."""
    match headers.get("X-Amz-Target", "").rpartition(".")[2]:
        case "GetSecretValue":
            content: object = {"SecretString": json.dumps(_SECRET), "CreatedDate": 1_700_000_000.0}
        case "":
            is_token = path == "/oauth2/token"
            content = _TOKEN if is_token else {"replyCode": 0, "replyText": "OK", "data": _EXPORT}
        case _:
            content = {}  # an empty table takes everything
    reset = str(int(time.time()) + 30)
    limit = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "990", "X-RateLimit-Reset": reset}
    return as_json(200, content, limit)


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """The environment of a function while the server serves it.

    The authorities to trust are as many as a system has, which take long to read.
    """
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
        bundle.write(certifi.contents().encode("ascii") + authority.cert_pem.bytes())
        bundle.flush()
        server = HttpServer(_answer, "127.0.0.1", 0)
        # The handshake is the connection's thread's, so that nobody waits for another one's.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        with server:
            yield _environment(server.url.replace("http", "https"), bundle.name)


def _environment(url: str, bundle: str) -> dict[str, str]:
    """What template.yaml sets, what Lambda sets, and where Emarsys and AWS are."""
    values = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, _SOURCES)),
        "SSL_CERT_FILE REQUESTS_CA_BUNDLE AWS_CA_BUNDLE": bundle,  # of Python, of requests, of botocore
        "EMARSYS_HOST AWS_ENDPOINT_URL_SECRETS_MANAGER AWS_ENDPOINT_URL_DYNAMODB": url,
        "EMARSYS_TOKEN_URL": f"{url}/oauth2/token",
        "AWS_REGION AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN": "benchmark",
        "AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_FUNCTION_NAME": "check_export",
        "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME STACK_NAME": "benchmark",
        "CREDENTIALS_PREFIX": "emarsys",
        "TOKEN_TABLE": "tokens",
    }
    return {name: value for names, value in values.items() for name in names.split()}
