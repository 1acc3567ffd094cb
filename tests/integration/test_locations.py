"""A file's URI, followed by clients that people use on servers of FTP and SFTP: it leads to that file or to nothing.

Every file holds its own path. Beside the one that is meant lie those to which a client could be led instead.
"""

import asyncio
import contextlib
import posixpath
import re
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ftplib import FTP, error_perm
from itertools import product
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import urlopen

import asyncssh
import paramiko
import pytest

from export_watch.location import File, locate
from export_watch.watch import DistributionMethod, Export

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # asyncore, in Python 3.11
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

LOGINS = ["/", "/home/user"]
"""Where a login begins."""

PLACES = [
    ("out", "a.csv"),
    (None, "a.csv"),
    ("out/deeper", "a.csv"),
    ("./out//./deeper/", "a.csv"),
    ("out", "./a.csv"),
    ("out", "deeper/a.csv"),
    ("/out", "a.csv"),
    ("//out/deeper", "a.csv"),
    ("/home/user/out", "a.csv"),
    ("/", "a.csv"),
    ("my exports", "my clicks.csv"),
    ("Österreich", "Käufer & Ömer.csv"),
    ("报告", "😀.csv"),
    ("50%", "100%.csv"),
    ("a%2Fb", "%2e%2e"),
    ("%2Fout", "%2Fa.csv"),
    ("a#b", "a#b.csv"),
    ("a?b", "a?b.csv"),
    ("a;b", "a.csv;type=a"),
    ("a;type=d", "a;b.csv"),
    ("a:b@c", "a:b@c.csv"),
    ("a+b", "a+b=c&d,'e'.csv"),
    ("a\\b", "a\\b.csv"),
    ("...", "..a"),
    ("a~", "~a.csv"),
    ("-", "-a.csv"),
]
"""`ftp_dir` and `file_name` of files that have a URI. tests/unit/test_location.py has those that have none."""


@dataclass(frozen=True)
class Server:
    """Where a login begins in the server's tree, the port, and a session of SFTP."""

    login: str
    port: int
    session: paramiko.SFTPClient | None = None

    def meant(self, directory: str | None, name: str) -> str:
        """The path of the file in the server's tree."""
        return posixpath.normpath(posixpath.join(self.login, directory or "", name)).replace("//", "/")

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
        for path in (f"{base}/{read(directory or '')}/{read(name)}", f"{base}/{read(name)}"):
            inside = posixpath.normpath(path).replace("//", "/")
            file = root / inside[1:]
            with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(inside, "utf-8")
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

    connections: list[asyncssh.SSHServerConnection] = []

    class Anyone(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def begin_auth(self, username: str) -> bool:
            return False

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Anyone,
            sftp_factory=Files,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        )
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with paramiko.Transport(("127.0.0.1", server.get_port())) as transport:
        transport.start_client(timeout=10)
        transport.auth_none("user")
        yield Server(request.param, server.get_port(), paramiko.SFTPClient.from_transport(transport))

    async def close() -> None:
        server.close()
        for connection in connections:
            await connection.wait_closed()
        await server.wait_closed()

    asyncio.run_coroutine_threadsafe(close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


Client = Callable[[Server, File], str | None]
"""What a client reads there, or None where it finds nothing."""


def by_urllib(_: Server, file: File) -> str | None:
    try:
        with urlopen(str(file.uri), timeout=10) as reply:
            return str(reply.read().decode())
    except URLError:
        return None


def by_ftplib(_: Server, file: File) -> str | None:
    """RFC 1738 to the letter: a CWD for every segment but the last."""
    parts = urlsplit(str(file.uri))
    *folders, name = map(unquote, parts.path[1:].split("/"))
    content: list[bytes] = []
    with FTP(timeout=10) as client:
        client.connect(str(parts.hostname), int(parts.port or 21))
        client.login()
        try:
            for folder in folders:
                client.cwd(folder)
            client.retrbinary(f"RETR {name}", content.append)
        except error_perm:
            return None
    return b"".join(content).decode()


def by_command(*command: str) -> Client:
    """A command that writes what it reads to standard output."""

    def read(_: Server, file: File) -> str | None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(
            [*command, str(file.uri)], capture_output=True, text=True, check=False, timeout=20
        )
        if "not supported or disabled" in done.stderr:
            pytest.skip(f"{command[0]} has no {file.distribution_method}")
        return None if done.returncode else done.stdout

    return read


CURL = ("curl", "--disable", "--silent", "--show-error", "--insecure", "--globoff")


def by_paramiko(server: Server, path: str) -> str | None:
    assert server.session is not None
    try:
        with server.session.open(path) as opened:
            return str(opened.read().decode())
    except OSError:
        return None


def by_the_path_of_the_uri(server: Server, file: File) -> str | None:
    """As smart_open and others do, which know nothing of `~`."""
    return by_paramiko(server, unquote(urlsplit(str(file.uri)).path))


def by_directory_and_name(server: Server, file: File) -> str | None:
    return by_paramiko(server, path_of(file))


def path_of(file: File) -> str:
    return "/".join(filter(None, [file.directory, file.name]))


def by_openssh(server: Server, where: str) -> str | None:
    if shutil.which("sftp") is None:
        pytest.skip("sftp is not installed")
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR")
    command = ["sftp", "-q", "-F", "none", *(f"-o{option}" for option in options), "-P", str(server.port)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, where, "got"], cwd=folder, capture_output=True, check=False, timeout=20
        )
        return None if done.returncode else Path(folder, "got").read_text("utf-8")


def by_openssh_with_directory_and_name(server: Server, file: File) -> str | None:
    """It reads a path as a shell does, so that it has to be escaped."""
    return by_openssh(server, "user@127.0.0.1:" + re.sub(r"([^\w/.~-])", r"\\\1", path_of(file)))


def by_openssh_with_the_uri(server: Server, file: File) -> str | None:
    """It reads every URI from the login's directory, an absolute one too, which is thus left out."""
    if server.login != "/" and (file.directory or "").startswith("/"):
        return None
    return by_openssh(server, str(file.uri))


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(by_urllib, id="urllib"),
        pytest.param(by_ftplib, id="RFC 1738"),
        *(
            pytest.param(
                by_command(*CURL, "--user", "user:secret", "--ftp-method", method), id=f"curl {method}"
            )
            for method in ("multicwd", "singlecwd")
        ),
        pytest.param(
            by_command("wget", "--no-config", "--quiet", "--no-glob", "--output-document=-"), id="wget"
        ),
    ],
)
def test_by_ftp_every_client_reads_the_file_that_is_meant(ftp: Server, client: Client) -> None:
    for directory, name in PLACES:
        file = ftp.file(directory, name, DistributionMethod.FTP)
        assert client(ftp, file) == ftp.meant(directory, name), file


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(by_command(*CURL, "--user", "user:secret"), id="curl"),
        pytest.param(by_directory_and_name, id="paramiko"),
        pytest.param(by_openssh_with_directory_and_name, id="OpenSSH"),
    ],
)
def test_by_sftp_curl_reads_the_file_that_is_meant_and_others_by_directory_and_name(
    sftp: Server, client: Client
) -> None:
    for directory, name in PLACES:
        file = sftp.file(directory, name, DistributionMethod.SFTP)
        assert client(sftp, file) == sftp.meant(directory, name), file


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(by_the_path_of_the_uri, id="paramiko"),
        pytest.param(by_openssh_with_the_uri, id="OpenSSH"),
    ],
)
def test_by_sftp_a_client_that_does_not_know_the_sign_of_the_login_reads_no_other_file(
    sftp: Server, client: Client
) -> None:
    for directory, name in PLACES:
        file = sftp.file(directory, name, DistributionMethod.SFTP)
        assert client(sftp, file) in {None, sftp.meant(directory, name)}, file
