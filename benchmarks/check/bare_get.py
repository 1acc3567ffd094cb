"""The floor: one GET by urllib3 over a connection that is kept alive, and nothing around it."""

import os
from typing import Any

import urllib3

_pool = urllib3.PoolManager()
_URL = f"{os.environ['EMARSYS_HOST']}/api/v3/export/123"
_HEADERS = {"Authorization": "Bearer benchmark-token"}


def handler(_: dict[str, Any], __: object) -> bytes:
    """The reply's body."""
    return _pool.request("GET", _URL, headers=_HEADERS).data
