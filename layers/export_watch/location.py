"""Where the file of an export is: names from a vendor, made into a URI that is safe or into none."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never
from urllib.parse import quote

from export_watch.watch import DistributionMethod, Export, Scalar

FIELD_LENGTH = 512
"""Characters to which a field of a reply is cut. A name of that length may be a cut one, so it makes no URI.

Seven such fields, published and remembered, fit with the longest context into the state of an execution: 256 KiB.
"""

_HOST = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[Xx][0-9A-Fa-f]*)")
"""Such a host is an IPv4 address, and where it is not a whole one, clients complete it in ways of their own."""

_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
"""Control characters, of which some end a command of FTP, and what stands for a character that was lost."""


@dataclass(frozen=True, slots=True)
class File:
    """The notification's `file`. `uri` is None where no safe one exists; the raw parts stay."""

    name: str | None
    distribution_method: DistributionMethod
    host: str | None
    directory: str | None
    uri: str | None


def effective_method(
    announced: DistributionMethod | None, export: Export, default: DistributionMethod
) -> DistributionMethod:
    """How the file is delivered: as announced, else by `default` where the reply names a host, else `local`.

    A reply cannot tell FTP from SFTP: `default` is the parameter DefaultDistributionMethod, one of the two.
    """
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
    """The value as text, or None for what names nothing: `true`, and each form of NULL, as null, "NULL" and ""."""
    if value is None or isinstance(value, bool):
        return None
    text = str(value)
    return None if not text.strip() or text.strip().casefold() == "null" else text


def _server_uri(
    method: DistributionMethod, host: str | None, directory: str | None, name: str | None
) -> str | None:
    """A URI that no client reads as another place than `directory`/`name`, every part percent-encoded, or None.

    FTP starts in the login's directory (RFC 1738, 3.2.2): curl, wget and urllib read `/%2F` as the root. SFTP starts
    in the root: curl and lftp read `/~/` as the login's directory, and others find nothing there.
    """
    directory = directory or ""
    if host is None or name is None or not _is_host(host):
        return None
    if any(len(part) >= FIELD_LENGTH or _UNREADABLE.search(part) for part in (host, directory, name)):
        return None
    if name.startswith(("/", "\\")) or name.rpartition("/")[2] in {"", "."}:
        return None  # a path from the root, or a directory
    folders, names = _segments(directory), _segments(name)
    path = folders + names
    # Servers of FTP go to a user's home by `CWD ~name`, and curl sends a CWD for every directory.
    if not all(map(_is_safe, path)) or any(folder.startswith("~") for folder in path[:-1]):
        return None
    login, root = ("/", "/%2F") if method is DistributionMethod.FTP else ("/~/", "/")
    start = root if directory.startswith("/") else login
    parts = (*folders, "/".join(names))
    return f"{method}://{host}{start}" + "/".join(quote(part, safe="") for part in parts)


def _is_host(host: str) -> bool:
    """Whether it is `name[:port]` or `[IPv6][:port]`, for every client the same."""
    parts = _HOST.fullmatch(host)
    if parts is None or not 0 < int(parts["port"] or 1) < 2**16:
        return False
    try:
        if parts["ipv6"]:
            IPv6Address(parts["ipv6"])
        elif _ENDS_IN_A_NUMBER.fullmatch(parts["name"]):
            IPv4Address(parts["name"])
    except ValueError:
        return False
    return True


def _segments(path: str) -> list[str]:
    """What is between the slashes, without what leads nowhere."""
    return [segment for segment in path.split("/") if segment not in {"", "."}]


def _is_safe(segment: str) -> bool:
    """Whether every server takes it for one name: no way up, and no blanks at its ends, which some of FTP drop."""
    return segment == segment.strip() and not {".", ".."} & set(segment.split("\\"))
