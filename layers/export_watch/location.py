"""Where the file of an export is: names from a vendor, made into a URI that is safe or into none."""

import re
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote

from export_watch.watch import DistributionMethod, Export, Scalar

FIELD_LENGTH = 512
"""Characters to which a field of a reply is cut. A name of that length may be a cut one, so it makes no URI.

Seven such fields, told and remembered, fit with the longest context into the state of an execution: 256 KiB.
"""

_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class File:
    """The notification's `file`. `uri` is None where no safe one exists; the raw parts stay."""

    name: str | None
    distribution_method: DistributionMethod
    host: str | None
    directory: str | None
    uri: str | None


def effective_method(
    announced: DistributionMethod | None, export: Export, default: DistributionMethod = DistributionMethod.FTP
) -> DistributionMethod:
    """How the file is delivered: as announced, else `ftp` where the reply names a host, else `local`."""
    if announced is not None:
        return announced
    return default if named(export.ftp_host) else DistributionMethod.LOCAL


def locate(export: Export, method: DistributionMethod, file_url: str) -> File:
    """Where the file is, by what Emarsys named; `file_url` is that of a local export's file."""
    name = named(export.file_name)
    match method:
        case DistributionMethod.FTP | DistributionMethod.SFTP:
            host, directory = named(export.ftp_host), named(export.ftp_dir)
            return File(name, method, host, directory, _server_uri(method, host, directory, name))
        case DistributionMethod.LOCAL:
            return File(name, method, None, None, file_url)
        case DistributionMethod.MAIL:
            return File(name, method, None, None, None)
        case _:
            assert_never(method)


def named(value: Scalar) -> str | None:
    """The value as text, or None for every form of NULL that Emarsys may send: null, "NULL", "", nothing."""
    if value is None:
        return None
    text = str(value)
    return None if not text.strip() or text.strip().casefold() == "null" else text


def _server_uri(
    method: DistributionMethod, host: str | None, directory: str | None, name: str | None
) -> str | None:
    """A URI relative to the login's directory (RFC 1738, 3.2.2), every part percent-encoded."""
    if host is None or name is None or not _is_host(host):
        return None
    if any(len(part) >= FIELD_LENGTH for part in (host, directory or "", name)):
        return None
    segments = [segment for segment in (directory or "").split("/") if segment]
    if not all(_is_safe(segment) for segment in (*segments, name)):
        return None
    return f"{method}://{host}/" + "/".join(quote(segment, safe="") for segment in (*segments, name))


def _is_host(host: str) -> bool:
    port = host.partition(":")[2]
    return _HOST.fullmatch(host) is not None and (not port or 0 < int(port) < 2**16)


def _is_safe(segment: str) -> bool:
    """Whether a reader that decodes the segment ends where it was meant to: no way up, no lost character."""
    return "\ufffd" not in segment and not {".", ".."} & set(re.split(r"[/\\]", segment))
