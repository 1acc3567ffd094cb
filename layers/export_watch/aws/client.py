"""Clients of AWS services with time limits that fit a function's own; botocore's are a minute and more.

They come from botocore, on which boto3 is built: boto3 would load its transfers of files to S3 at every cold start.
"""

from typing import Any

import botocore.session
from botocore.config import Config

_LIMITS = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
_session = botocore.session.get_session()


def client(service: str) -> Any:
    """A client, as boto3's, that gives up after 8 s in all: two attempts, each of 1 s to connect and 3 s to read.

    Make it while the module is imported: Lambda gives a function a whole processor then, and a part of one later.
    """
    return _session.create_client(service, config=_LIMITS)
