"""Emarsys, Secrets Manager and DynamoDB on loopback, as little as a check asks of them: the same reply every time."""

import contextlib
import json
import os
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import trustme

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536  # a reply is one write

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = json.dumps(self._answer()).encode()
        self.send_response(200)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(body),
            "X-RateLimit-Limit": 1000,
            "X-RateLimit-Remaining": 990,
            "X-RateLimit-Reset": int(time.time()) + 30,
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def _answer(self) -> object:
        """What is answered, as JSON. AWS names the operation in the header `X-Amz-Target`."""
        match self.headers.get("X-Amz-Target", "").rpartition(".")[2]:
            case "GetSecretValue":
                return {"SecretString": json.dumps(_SECRET), "CreatedDate": 1_700_000_000.0}
            case "":
                is_token = self.path == "/oauth2/token"
                return _TOKEN if is_token else {"replyCode": 0, "replyText": "OK", "data": _EXPORT}
            case _:
                return {}  # an empty table takes everything

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Nothing: a process that was measured has ended."""


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """The environment of a function while the server serves it.

    The authorities to trust are as many as a system has, which take long to read.
    """
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with tempfile.TemporaryDirectory() as folder, _Server(("127.0.0.1", 0), _Handler) as server:
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes(certifi.contents().encode("ascii") + authority.cert_pem.bytes())
        # The handshake is the connection's thread's, so that nobody waits for another one's.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield _environment(f"https://127.0.0.1:{server.server_address[1]}", str(bundle))
        server.shutdown()
        thread.join()


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
