"""Clients of AWS services with time limits that fit a function's own; botocore's are a minute and more.

They come from botocore, on which boto3 is built: boto3 would load its transfers of files to S3 at every cold start.
"""

from typing import Any

import botocore.session
from botocore.config import Config

_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 2, 1, 3
CALL_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS)
"""The longest that a call takes."""

_LIMITS = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
)
_session = botocore.session.get_session()


def client(service: str) -> Any:
    """A client, as boto3's, that gives up after CALL_SECONDS.

    Make it while the module is imported: Lambda gives a function a whole processor then, and a part of one later.
    """
    return _session.create_client(service, config=_LIMITS)
