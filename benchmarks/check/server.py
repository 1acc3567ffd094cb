"""Emarsys, Secrets Manager and DynamoDB on loopback, as little as a check asks of them: the same reply every time.

`python -m benchmarks.check.server BUNDLE.pem` writes the authorities to trust, prints its URL and serves over TLS until
its standard input ends.
"""

import json
import socketserver
import ssl
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import certifi
import trustme

OAUTH = {"client_id": "benchmark-client", "client_secret": "benchmark-client-secret"}
WSSE = {"username": "customer001", "secret": "benchmark-wsse-secret"}
EXPORT_ID = 123
_EXPORT = {
    "replyCode": 0,
    "replyText": "OK",
    "data": {
        "id": str(EXPORT_ID),
        "created": "2012-05-23 11:08:56",
        "status": "in progress",
        "type": "Responses",
        "file_name": "clicks_3931993_1_en-df0ef2.csv",
        "ftp_host": "88.99.123.23",
        "ftp_dir": "folder/subfolder",
    },
}


def answer(path: str, target: str, body: bytes) -> object:
    """What is answered, as JSON. `target` is the operation of AWS, as its header `X-Amz-Target` names it."""
    match target.rpartition(".")[2]:
        case "GetSecretValue":
            name = json.loads(body)["SecretId"]
            secret = WSSE if name.endswith("wsse") else OAUTH
            return {"Name": name, "SecretString": json.dumps(secret), "CreatedDate": 1_700_000_000.0}
        case "":
            token = {"access_token": "benchmark-token", "token_type": "bearer", "expires_in": 3600}
            return token if path == "/oauth2/token" else _EXPORT
        case _:
            return {}  # an empty table takes everything


class _Handler(socketserver.StreamRequestHandler):
    """HTTP/1.1 with connections that are kept alive; the standard library's own handler takes longer than a check."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        while request := self.rfile.readline():
            headers = {}
            while line := self.rfile.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            path = request.decode("latin-1").split()[1]
            self.wfile.write(self._reply(answer(path, headers.get("x-amz-target", ""), body)))

    def _reply(self, content: object) -> bytes:
        body = json.dumps(content).encode()
        now = time.time()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Date: {formatdate(now, usegmt=True)}\r\nX-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 990\r\n"
            f"X-RateLimit-Reset: {int(now) + 30}\r\n\r\n"
        )
        return head.encode() + body


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._tls.wrap_socket(request, server_side=True) as own:
            super().finish_request(own, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a process that was measured has ended
            super().handle_error(request, client_address)


def main() -> None:
    """Serve until nobody is left to serve. The bundle holds all that a real one does, which take long to read."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    Path(sys.argv[1]).write_bytes(certifi.contents().encode("ascii") + authority.cert_pem.bytes())
    with _Server(tls) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"https://127.0.0.1:{server.server_address[1]}", flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
