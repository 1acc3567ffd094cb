"""Where a file that Emarsys delivered by SFTP to AWS Transfer Family lies in S3."""

from collections.abc import Mapping
from typing import Any


def s3_location(file: Mapping[str, Any], home: str) -> tuple[str, str]:
    """The bucket and the key of `data.file` of a notification.

    `home` is what the login's directory stands for, as Transfer Family has it: `/bucket/emarsys`. It is the user's
    home directory, or the Target of its mapping for `/`. Raises ValueError where the path would lead out of it.
    """
    bucket, _, prefix = home.strip("/").partition("/")
    path = [*(file["directory"] or "").split("/"), file["name"] or ""]
    if ".." in path or "/" in path[-1] or not path[-1]:
        raise ValueError(f"not a path below {home}: {path!r}")
    return bucket, "/".join(part for part in [prefix, *path] if part not in ("", "."))
