"""Emarsys, called with an account's secret as Emarsys Export Watch reads it: OAuth (v3), else WSSE (v2)."""

import base64
import hashlib
import json
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import boto3
import urllib3

HOST = "https://api.emarsys.net"
TOKEN_URL = "https://auth.emarsys.net/oauth2/token"  # noqa: S105

ORIGIN = r"(https://[A-Za-z0-9._-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
TEXT = r"[^\x00-\x1f\x7f\ud800-\udfff]+"
FORMS = {
    **dict.fromkeys(("client_id", "client_secret", "secret"), TEXT),
    "username": r'[^\x00-\x1f\x7f-\U0010ffff"]+',
    "host": ORIGIN + "/*",
    "token_url": ORIGIN + "(/[A-Za-z0-9._~/%-]*)?",
}


def credentials(secret: str) -> dict[str, str]:
    """What the text of a secret holds: `host`, and the keys of OAuth with `token_url`, or those of WSSE.

    Raises ValueError, which quotes nothing of the secret.
    """
    try:
        content = json.loads(secret.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise ValueError("the secret is no JSON") from None
    content = content if isinstance(content, dict) else {}
    good = {
        key: content[key]
        for key, form in FORMS.items()
        if isinstance(content.get(key), str) and re.fullmatch(form, content[key])
    }
    for key in ("host", "token_url"):
        if content.get(key) not in (None, "") and key not in good:
            raise ValueError(f"the secret has a {key} that is no URL like {HOST}")
    found = {"host": good.get("host", HOST).rstrip("/")}
    if "client_id" in good and "client_secret" in good:
        keys = {key: good[key] for key in ("client_id", "client_secret")}
        return {**found, **keys, "token_url": good.get("token_url", TOKEN_URL)}
    if "username" in good and "secret" in good:
        return {**found, **{key: good[key] for key in ("username", "secret")}}
    raise ValueError("the secret holds neither client_id and client_secret nor username and secret as texts")


def lifetime_seconds(expires_in: object) -> float:
    """How long a token lasts: the hour that is documented, unless its reply says at least a second."""
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return 3600.0
    return min(seconds, 86_400.0) if seconds >= 1 else 3600.0


class Emarsys:
    """One API user. Keep it for the life of the execution environment: tokens are limited to ten an hour."""

    def __init__(self, secret_id: str) -> None:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
        self._secret = credentials(answer.get("SecretString", ""))
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=False)
        self._token, self._token_until = "", 0.0

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """urllib3's reply to `/api/v…/{path}`, whatever its status, with its content still to be read."""
        version, headers = self._authentication()
        return self._http.request(
            method,
            f"{self._secret['host']}/api/{version}/{path}",
            headers={**headers, "Content-Type": "application/json"},
            body=None if body is None else json.dumps(body),
            redirect=False,
            preload_content=False,
            enforce_content_length=True,  # urllib3 1.26 takes a reply that breaks off for a whole one
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
                self._secret["token_url"],
                headers={
                    "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                body="grant_type=client_credentials",
                redirect=False,
            )
            content = json.loads(reply.data) if 200 <= reply.status < 300 else {}
            token = content.get("access_token") if isinstance(content, dict) else None
            if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,8192}", token):
                raise RuntimeError(f"no access token: HTTP {reply.status}")
            seconds = lifetime_seconds(content.get("expires_in"))
            # A tenth of a short life is margin enough: five minutes would use a token of five minutes once.
            self._token, self._token_until = token, time.time() + seconds - min(300, seconds / 10)
        return self._token
