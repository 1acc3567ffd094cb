"""WSSE UsernameToken, as version 2 of the API wants it on every request."""

import hashlib
from base64 import b64encode
from datetime import datetime


def header(username: str, secret: str, nonce: str, created: datetime) -> str:
    """The value of `X-WSSE`. `nonce` is 32 hex characters, new for each request; `created` is in UTC.

    Emarsys refuses a `created` that is more than five minutes off. Its digest is base64 of the hex characters of the
    SHA-1, not of its raw bytes: that is Emarsys's reading of WSSE.
    """
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    sha1 = hashlib.sha1((nonce + moment + secret).encode(), usedforsecurity=False).hexdigest()
    digest = b64encode(sha1.encode()).decode()
    return (
        f'UsernameToken Username="{username}", PasswordDigest="{digest}", Nonce="{nonce}", Created="{moment}"'
    )
