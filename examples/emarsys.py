"""Emarsys, called with an account's secret as Emarsys Export Watch reads it: OAuth (v3), else WSSE (v2)."""

import base64
import hashlib
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import boto3
import urllib3

HOST = "https://api.emarsys.net"
TOKEN_URL = "https://auth.emarsys.net/oauth2/token"  # noqa: S105


class Emarsys:
    """One API user. Keep it for the life of the execution environment: tokens are limited to ten an hour."""

    def __init__(self, secret_id: str) -> None:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
        self._secret = json.loads(answer["SecretString"])
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=False)
        self._token, self._token_until = "", 0.0

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """urllib3's reply to `/api/v…/{path}`, whatever its status, with its content still to be read."""
        version, headers = self._authentication()
        return self._http.request(
            method,
            f"{self._secret.get('host', HOST)}/api/{version}/{path}",
            headers={**headers, "Content-Type": "application/json"},
            body=None if body is None else json.dumps(body),
            redirect=False,
            preload_content=False,
        )

    def _authentication(self) -> tuple[str, dict[str, str]]:
        if "client_id" in self._secret:
            return "v3", {"Authorization": f"Bearer {self._bearer()}"}
        nonce, created = secrets.token_hex(16), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = nonce + created + self._secret["secret"]
        sha1 = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        digest = base64.b64encode(sha1.encode()).decode()
        user = self._secret["username"]
        header = f'UsernameToken Username="{user}", PasswordDigest="{digest}", Nonce="{nonce}", Created="{created}"'
        return "v2", {"X-WSSE": header}

    def _bearer(self) -> str:
        if time.time() >= self._token_until:
            pair = f"{self._secret['client_id']}:{self._secret['client_secret']}"
            reply = self._http.request(
                "POST",
                self._secret.get("token_url", TOKEN_URL),
                headers={
                    "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                body="grant_type=client_credentials",
            )
            if reply.status != 200:
                raise RuntimeError(f"no access token: HTTP {reply.status}")
            token = json.loads(reply.data)
            self._token, self._token_until = token["access_token"], time.time() + token["expires_in"] - 300
        return self._token
