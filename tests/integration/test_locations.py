"""A file's URI, followed by clients that people use on servers of FTP and SFTP: it leads to that file or to nothing.

Every file holds its own path. Beside the one that is meant lie those to which a client could be led instead.
"""

import asyncio
import contextlib
import posixpath
import re
import shutil
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from queue import Queue
from urllib.error import URLError
from urllib.parse import quote, unquote
from urllib.request import urlopen

import asyncssh
import pytest

from export_watch.location import File, locate, named
from export_watch.watch import DistributionMethod, Export
from tests.unit.test_location import DIRECTORIES, ENCODED

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # asyncore, in Python 3.11
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

LOGINS = ["/", "/home/user"]
"""Where a login begins."""

PLACES = [*(("out", name) for name in ENCODED), *((directory, "a.csv") for directory in DIRECTORIES)]
"""`ftp_dir` and `file_name` of files that have a URI. The unit test has those that have none, too."""


@dataclass(frozen=True)
class Server:
    """Where a login begins in the server's tree, and the port."""

    login: str
    port: int

    def meant(self, directory: str | None, name: str) -> str:
        """The path of the file in the server's tree."""
        return posixpath.normpath(posixpath.join(self.login, named(directory) or "", name)).replace("//", "/")

    def file(self, directory: str | None, name: str, method: DistributionMethod) -> File:
        export = Export(file_name=name, ftp_dir=directory, ftp_host=f"127.0.0.1:{self.port}")
        return locate(export, method, "https://emarsys.example/export/1")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are meant, and each at the other login, decoded, encoded, halved, and without its folder."""
    root = tmp_path_factory.mktemp("tree")
    readings: list[Callable[[str], str]] = [str, unquote, lambda text: re.split("[;#?]", text)[0], quote]
    for read, base, (directory, name) in product(readings, LOGINS, PLACES):
        for path in (f"{base}/{read(named(directory) or '')}/{read(name)}", f"{base}/{read(name)}"):
            inside = posixpath.normpath(path).replace("//", "/")
            file = root / inside[1:]
            with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"{inside}\n", "utf-8")
    return root


@pytest.fixture(scope="module", params=LOGINS)
def ftp(request: pytest.FixtureRequest, tree: Path) -> Iterator[Server]:
    class Handler(FTPHandler):  # type: ignore[misc]
        authorizer = DummyAuthorizer()
        masquerade_address = None

        def on_login(self, username: str) -> None:
            self.fs.cwd = request.param

    Handler.authorizer.add_user("user", "secret", str(tree))
    Handler.authorizer.add_anonymous(str(tree))
    server = FTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.01, "handle_exit": False})
    thread.start()
    yield Server(request.param, server.address[1])
    server.close_all()
    thread.join()


@pytest.fixture(scope="module", params=LOGINS)
def sftp(request: pytest.FixtureRequest, tree: Path) -> Iterator[Server]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=str(tree).encode())

        def map_path(self, path: bytes) -> bytes:
            return super().map_path(posixpath.join(request.param.encode(), path))

    class Anyone(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    port, stopped = Queue[int](), threading.Event()

    async def serve() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with asyncssh.listen(
            "127.0.0.1", 0, server_factory=Anyone, sftp_factory=Files, server_host_keys=[key]
        ) as server:
            port.put(server.get_port())
            await asyncio.to_thread(stopped.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield Server(request.param, port.get(timeout=10))
    stopped.set()
    thread.join()


def by_urllib(uris: list[str]) -> list[str]:
    read = []
    for uri in uris:
        with contextlib.suppress(URLError), urlopen(uri, timeout=10) as reply:
            read += reply.read().decode().splitlines()
    return read


def command(*words: str, **options: object) -> list[str]:
    """The lines that a command writes to standard output."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20, **options)  # type: ignore[call-overload]
    if "not supported or disabled" in done.stderr:
        pytest.skip(f"{words[0]} has no such protocol")
    return str(done.stdout).splitlines()


def by(*words: str) -> Callable[[list[str]], list[str]]:
    return lambda uris: command(*words, *uris)


CURL = ("curl", "--disable", "--silent", "--insecure", "--globoff", "--user", "user:secret")
OPENSSH = (
    *("sftp", "-q", "-F", "none", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null"),
    *("-oBatchMode=yes", "-oLogLevel=ERROR"),
)


@pytest.mark.parametrize(
    "read",
    [
        by_urllib,
        by(*CURL, "--ftp-method", "multicwd"),  # RFC 1738 to the letter: a CWD for every segment but the last
        by(*CURL, "--ftp-method", "singlecwd"),
        by("wget", "--no-config", "--quiet", "--no-glob", "--output-document=-"),
    ],
    ids=["urllib", "curl multicwd", "curl singlecwd", "wget"],
)
def test_by_ftp_every_client_reads_the_files_that_are_meant(ftp, read):
    uris = [str(ftp.file(*place, DistributionMethod.FTP).uri) for place in PLACES]
    assert read(uris) == [ftp.meant(*place) for place in PLACES]


def test_by_sftp_curl_reads_the_files_that_are_meant(sftp):
    uris = [str(sftp.file(*place, DistributionMethod.SFTP).uri) for place in PLACES]
    assert command(*CURL, *uris) == [sftp.meant(*place) for place in PLACES]


def test_by_sftp_others_read_the_files_that_are_meant_by_directory_and_name(sftp, tmp_path):
    files = [sftp.file(*place, DistributionMethod.SFTP) for place in PLACES]
    paths = ["/".join(filter(None, [file.directory, file.name])) for file in files]
    # OpenSSH reads a path as a shell does, so that it has to be escaped.
    escaped = [re.sub(r"([^\w/.~-])", r"\\\1", path) for path in paths]
    gets = [f"get -- {path} {number}\n" for number, path in enumerate(escaped)]
    command(*OPENSSH, "-b", "-", "-P", str(sftp.port), "user@127.0.0.1", input="".join(gets), cwd=tmp_path)
    read = [(tmp_path / str(number)).read_text("utf-8").rstrip() for number in range(len(files))]
    assert read == [sftp.meant(*place) for place in PLACES]


@pytest.mark.parametrize("place", [PLACES[0], ("my exports/Österreich", "a.csv")])
def test_by_sftp_a_client_that_does_not_know_the_sign_of_the_login_reads_no_other_file(sftp, place, tmp_path):
    """OpenSSH reads every URI from the login's directory, an absolute one too, which is thus left out."""
    command(*OPENSSH, str(sftp.file(*place, DistributionMethod.SFTP).uri), "got", cwd=tmp_path)
    got = tmp_path / "got"
    assert not got.exists() or got.read_text("utf-8") == f"{sftp.meant(*place)}\n"
