"""Where a file is: names that cannot be trusted become a URI that is right, or none."""

import re
from dataclasses import replace
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.location import FIELD_LENGTH, File, effective_method, locate, named
from export_watch.watch import DistributionMethod, Export, Scalar
from tests.unit.examples import FILE_URL, an_export


def by_ftp(
    file_name: Scalar = "a.csv",
    ftp_dir: Scalar = "out",
    ftp_host: Scalar = "ftp.example.com",
    method: DistributionMethod = DistributionMethod.FTP,
) -> File:
    export = Export(file_name=file_name, ftp_dir=ftp_dir, ftp_host=ftp_host)
    return locate(export, method, FILE_URL)


@pytest.mark.parametrize(
    ("method", "login"),
    [
        (DistributionMethod.FTP, "ftp://88.99.123.23"),
        (DistributionMethod.SFTP, "sftp://88.99.123.23/~"),
    ],
)
def test_a_file_on_a_server_has_the_scheme_of_its_delivery(method: DistributionMethod, login: str) -> None:
    file = locate(an_export(), method, FILE_URL)
    assert file == File(
        name="clicks_3931993_1_en-df0ef2.csv",
        distribution_method=method,
        host="88.99.123.23",
        directory="folder/subfolder",
        uri=f"{login}/folder/subfolder/clicks_3931993_1_en-df0ef2.csv",
    )


def test_a_local_file_lies_below_its_export() -> None:
    file = locate(an_export(), DistributionMethod.LOCAL, FILE_URL)
    assert (file.host, file.directory) == (None, None)
    assert file.uri == "https://api.emarsys.net/api/v3/export/123/data"
    assert file.name == "clicks_3931993_1_en-df0ef2.csv"


def test_a_mailed_file_has_no_place() -> None:
    file = locate(an_export(), DistributionMethod.MAIL, FILE_URL)
    assert (file.host, file.directory, file.uri) == (None, None, None)
    assert file.name == "clicks_3931993_1_en-df0ef2.csv"


@pytest.mark.parametrize(
    ("file_name", "encoded"),
    [
        ("my clicks.csv", "my%20clicks.csv"),
        ("a/b.csv", "a%2Fb.csv"),
        ("a\\b.csv", "a%5Cb.csv"),
        ("100%.csv", "100%25.csv"),
        ("a%2Fb.csv", "a%252Fb.csv"),
        ("%2e%2e", "%252e%252e"),
        ("Käufer & Ömer.csv", "K%C3%A4ufer%20%26%20%C3%96mer.csv"),
        ("报告.csv", "%E6%8A%A5%E5%91%8A.csv"),
        ("😀.csv", "%F0%9F%98%80.csv"),
        ("a?b#c;d=e+f.csv", "a%3Fb%23c%3Bd%3De%2Bf.csv"),
        ("a.csv;type=a", "a.csv%3Btype%3Da"),
        ("a[1]*.csv", "a%5B1%5D%2A.csv"),
        ("~a.csv", "~a.csv"),
        ("./a.csv", "a.csv"),
        ("a/.//b.csv", "a%2Fb.csv"),
        ("a:b@c.csv", "a%3Ab%40c.csv"),
        ("...", "..."),
        ("..a", "..a"),
        ("a..b", "a..b"),
        (".hidden", ".hidden"),
        (123, "123"),
    ],
)
def test_every_part_of_a_uri_is_percent_encoded(file_name: Scalar, encoded: str) -> None:
    assert by_ftp(file_name=file_name).uri == f"ftp://ftp.example.com/out/{encoded}"


@pytest.mark.parametrize(
    ("ftp_dir", "ftp_start", "sftp_start"),
    [
        (None, "/", "/~/"),
        ("", "/", "/~/"),
        ("NULL", "/", "/~/"),
        (".", "/", "/~/"),
        ("out/", "/out/", "/~/out/"),
        ("a//b", "/a/b/", "/~/a/b/"),
        ("./a/./b/.", "/a/b/", "/~/a/b/"),
        ("my exports/Österreich", "/my%20exports/%C3%96sterreich/", "/~/my%20exports/%C3%96sterreich/"),
        ("50% off/a?b#c", "/50%25%20off/a%3Fb%23c/", "/~/50%25%20off/a%3Fb%23c/"),
        ("a~", "/a~/", "/~/a~/"),
        ("/", "/%2F", "/"),
        ("/.", "/%2F", "/"),
        ("/out/", "/%2Fout/", "/out/"),
        ("//out/a", "/%2Fout/a/", "/out/a/"),
        ("/./out", "/%2Fout/", "/out/"),
    ],
)
def test_the_directory_is_that_of_the_login_or_begins_in_the_root(
    ftp_dir: Scalar, ftp_start: str, sftp_start: str
) -> None:
    assert by_ftp(ftp_dir=ftp_dir).uri == f"ftp://ftp.example.com{ftp_start}a.csv"
    sftp = by_ftp(ftp_dir=ftp_dir, method=DistributionMethod.SFTP)
    assert (sftp.uri, sftp.directory) == (f"sftp://ftp.example.com{sftp_start}a.csv", named(ftp_dir))


ELSEWHERE = {
    "way up": ["..", "../a", "a/..", "a/../b", "..\\a", "a\\..", "a\\..\\b"],
    "separator of another system": ["a\\.\\b", ".\\a"],
    "home of a user": ["~/a", "~user/a", "./~/a"],
    "control character": ["a\nb", "a\r\nDELE b", "a\x00b", "a\x7f", "a\x85"],
    "lost character": ["lost\ufffd", "half\ud83d"],
    "blank at an end": [" a", "a ", "a /b", "a\u00a0"],
}
BOTH = [part for parts in ELSEWHERE.values() for part in parts]
SERVERS = [DistributionMethod.FTP, DistributionMethod.SFTP]


@pytest.mark.parametrize("method", SERVERS)
@pytest.mark.parametrize("name", [*BOTH, "/a.csv", "//a.csv", "\\a.csv", ".", "./.", "a/", "a/.", "a/./"])
def test_a_name_that_may_lead_elsewhere_makes_no_uri_and_stays_as_it_came(
    name: str, method: DistributionMethod
) -> None:
    file = by_ftp(file_name=name, method=method)
    assert (file.name, file.host, file.directory, file.uri) == (name, "ftp.example.com", "out", None)


@pytest.mark.parametrize("method", SERVERS)
@pytest.mark.parametrize("ftp_dir", [*BOTH, "/..", "/~", "/~user", "~", "~user", "a/~b", "//~"])
def test_a_directory_that_may_lead_elsewhere_makes_no_uri_and_stays_as_it_came(
    ftp_dir: str, method: DistributionMethod
) -> None:
    file = by_ftp(ftp_dir=ftp_dir, method=method)
    assert (file.name, file.host, file.directory, file.uri) == ("a.csv", "ftp.example.com", ftp_dir, None)


@pytest.mark.parametrize(
    "host",
    [
        "ftp",
        "ftp.example.com",
        "ftp.example.com.",
        "ftp.example.com:2121",
        "my_ftp-1.x",
        "88.99.123.23",
        "88.99.123.23:2121",
        "[::1]",
        "[::1]:2121",
        "[2001:DB8::7]",
        "[::ffff:88.99.123.23]",
    ],
)
def test_a_host_is_a_name_or_an_address_and_perhaps_a_port(host: str) -> None:
    assert by_ftp(ftp_host=host).uri == f"ftp://{host}/out/a.csv"


@pytest.mark.parametrize(
    "host",
    [
        "ftp://ftp.example.com",
        "user@ftp.example.com",
        "user:secret@ftp.example.com",
        "ftp.example.com/evil",
        "ftp.example.com?x",
        "ftp.example.com#x",
        "ftp.example.com:",
        "ftp.example.com:0",
        "ftp.example.com:65536",
        "ftp.example.com:123456",
        "ftp.example.com:ab",
        "ftp.example.com:\uff12\uff11",
        "::1",
        "2001:db8::7",
        "[]",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1]:",
        "[::1]:0",
        "[::1]:65536",
        "[1::2::3]",
        "[12345::]",
        "[::1%eth0]",
        "[fe80::1%25eth0]",
        "[::g]",
        "[88.99.123.23]",
        "[ftp.example.com]",
        "[v1.a]",
        "88.99.123",
        "88.99.123.256",
        "088.99.123.23",
        "88.99.123.23.24",
        "1482914583",
        "0x5863",
        "-oProxyCommand",
        "ftp example com",
        " ftp.example.com",
        "ftp.example.com\n",
        "ftp.example.com\r\nX: y",
        "ftp..example.com",
        ".example.com",
        "..",
        "fтp.example.com",
        "ftp%2eexample.com",
        "a,b",
        "a\\b",
    ],
)
def test_a_host_that_is_no_name_makes_no_uri_and_stays_as_it_came(host: str) -> None:
    file = by_ftp(ftp_host=host)
    assert (file.name, file.host, file.directory, file.uri) == ("a.csv", host, "out", None)


@pytest.mark.parametrize("parts", [{"file_name": None}, {"ftp_host": None}, {"ftp_host": "NULL"}])
def test_a_part_that_is_missing_makes_no_uri(parts: dict[str, Scalar]) -> None:
    assert locate(replace(an_export(), **parts), DistributionMethod.FTP, FILE_URL).uri is None


@pytest.mark.parametrize(
    "cut",
    [
        {"file_name": "n" * FIELD_LENGTH},
        {"ftp_dir": "d" * FIELD_LENGTH},
        {"ftp_dir": "d/" * (FIELD_LENGTH // 2)},
        {"ftp_host": "h" * FIELD_LENGTH},
    ],
    ids=str,
)
def test_a_part_that_may_have_been_cut_makes_no_uri(cut: dict[str, Scalar]) -> None:
    assert locate(replace(an_export(), **cut), DistributionMethod.FTP, FILE_URL).uri is None


@pytest.mark.parametrize("value", [None, "", " ", "\n", "NULL", "null", "Null", " null "])
def test_every_form_of_null_is_nothing(value: Scalar) -> None:
    assert named(value) is None
    assert effective_method(None, Export(ftp_host=value)) is DistributionMethod.LOCAL


def test_a_reply_with_a_host_means_what_the_parameter_says_and_an_event_wins() -> None:
    sftp = DistributionMethod.SFTP
    assert effective_method(None, Export(ftp_host="h")) is DistributionMethod.FTP
    assert effective_method(None, Export(ftp_host="h"), sftp) is sftp
    assert effective_method(None, Export(), sftp) is DistributionMethod.LOCAL
    assert effective_method(DistributionMethod.MAIL, Export(ftp_host="h"), sftp) is DistributionMethod.MAIL


@pytest.mark.parametrize("value", ["nullable", "NULL.csv", "0", "a"])
def test_what_only_looks_like_null_is_a_name(value: str) -> None:
    assert named(value) == value


names = st.text(max_size=30) | st.text("./\\ ~a%;\n", max_size=8)


@given(names, names, st.sampled_from(["h", "ftp.example.com", "88.99.123.23:2121", "[::1]"]))
def test_a_uri_leads_to_exactly_what_was_named_or_there_is_none(name: str, directory: str, host: str) -> None:
    uri = by_ftp(file_name=name, ftp_dir=directory, ftp_host=host).uri
    if uri is None:
        return
    parts = urlsplit(uri)
    assert uri.isascii()
    assert uri.isprintable()
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("ftp", host, "", "")
    *folders, file = (unquote(segment) for segment in parts.path.removeprefix("/").split("/"))
    path = "/".join([*folders, file])
    assert path.startswith("/") is (named(directory) or "").startswith("/")
    assert normpath(path) == normpath(f"{named(directory) or '.'}/{name}").replace("//", "/")
    assert not {".", ".."} & set(re.split(r"[/\\]", path))


@given(
    st.text("aä%;#? .[", min_size=1, max_size=8).filter(lambda name: name.strip(" .") == name),
    st.lists(st.text("aä%;#?.", min_size=1, max_size=5).filter(lambda name: name.strip(".")), max_size=3),
)
def test_a_name_without_snares_has_a_uri(name: str, folders: list[str]) -> None:
    assert by_ftp(file_name=name, ftp_dir="/".join(folders)).uri is not None
