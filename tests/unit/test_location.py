"""Where a file is: names that cannot be trusted become a URI that is right, or none."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.location import FIELD_LENGTH, File, effective_method, locate, named
from export_watch.watch import DistributionMethod, Export, Scalar
from tests.unit.examples import FILE_URL, an_export


def by_ftp(
    file_name: Scalar = "a.csv", ftp_dir: Scalar = "out", ftp_host: Scalar = "ftp.example.com"
) -> File:
    export = Export(file_name=file_name, ftp_dir=ftp_dir, ftp_host=ftp_host)
    return locate(export, DistributionMethod.FTP, FILE_URL)


@pytest.mark.parametrize("method", [DistributionMethod.FTP, DistributionMethod.SFTP])
def test_a_file_on_a_server_has_the_scheme_of_its_delivery(method: DistributionMethod) -> None:
    file = locate(an_export(), method, FILE_URL)
    assert file == File(
        name="clicks_3931993_1_en-df0ef2.csv",
        distribution_method=method,
        host="88.99.123.23",
        directory="folder/subfolder",
        uri=f"{method}://88.99.123.23/folder/subfolder/clicks_3931993_1_en-df0ef2.csv",
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
        ("a\nb\r\nc.csv", "a%0Ab%0D%0Ac.csv"),
        ("Käufer & Ömer.csv", "K%C3%A4ufer%20%26%20%C3%96mer.csv"),
        ("报告.csv", "%E6%8A%A5%E5%91%8A.csv"),
        ("😀.csv", "%F0%9F%98%80.csv"),
        ("a?b#c;d=e+f.csv", "a%3Fb%23c%3Bd%3De%2Bf.csv"),
        ("a:b@c.csv", "a%3Ab%40c.csv"),
        ("...", "..."),
        ("..a", "..a"),
        ("a..b", "a..b"),
        (".hidden", ".hidden"),
        ("a\x00b", "a%00b"),
        (123, "123"),
    ],
)
def test_every_part_of_a_uri_is_percent_encoded(file_name: Scalar, encoded: str) -> None:
    assert by_ftp(file_name=file_name).uri == f"ftp://ftp.example.com/out/{encoded}"


@pytest.mark.parametrize(
    ("ftp_dir", "path"),
    [
        (None, "/a.csv"),
        ("", "/a.csv"),
        ("NULL", "/a.csv"),
        ("/", "/a.csv"),
        ("/out/", "/out/a.csv"),
        ("a//b", "/a/b/a.csv"),
        ("my exports/Österreich", "/my%20exports/%C3%96sterreich/a.csv"),
        ("50% off/a?b#c", "/50%25%20off/a%3Fb%23c/a.csv"),
        ("line\nbreak", "/line%0Abreak/a.csv"),
        ("~user", "/~user/a.csv"),
    ],
)
def test_the_directory_is_relative_to_that_of_the_login(ftp_dir: Scalar, path: str) -> None:
    assert by_ftp(ftp_dir=ftp_dir).uri == f"ftp://ftp.example.com{path}"


@pytest.mark.parametrize(
    "name", [".", "..", "../a.csv", "a/../b", "a/..", "./a", "..\\a.csv", "a\\..", "a\\.\\b"]
)
def test_a_name_that_leads_elsewhere_makes_no_uri_and_stays_as_it_came(name: str) -> None:
    file = by_ftp(file_name=name)
    assert (file.name, file.host, file.directory, file.uri) == (name, "ftp.example.com", "out", None)


@pytest.mark.parametrize(
    "ftp_dir", [".", "..", "../up", "a/../b", "a/.", "/..", "a\\..\\b", "..\\up", "a/.\\b"]
)
def test_a_directory_that_leads_elsewhere_makes_no_uri_and_stays_as_it_came(ftp_dir: str) -> None:
    file = by_ftp(ftp_dir=ftp_dir)
    assert (file.name, file.host, file.directory, file.uri) == ("a.csv", "ftp.example.com", ftp_dir, None)


@pytest.mark.parametrize(
    "host", ["ftp", "ftp.example.com", "88.99.123.23", "ftp.example.com:2121", "my_ftp-1.x"]
)
def test_a_host_is_a_name_and_perhaps_a_port(host: str) -> None:
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
        "[::1]",
        "::1",
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
    assert by_ftp(**parts).uri is None


@pytest.mark.parametrize(
    "cut",
    [
        {"file_name": "n" * FIELD_LENGTH},
        {"ftp_dir": "d" * FIELD_LENGTH},
        {"ftp_dir": "d/" * (FIELD_LENGTH // 2)},
        {"ftp_host": "h" * FIELD_LENGTH},
        {"file_name": "lost\ufffd.csv"},
        {"ftp_dir": "lost\ufffd"},
    ],
    ids=str,
)
def test_a_part_that_was_cut_or_lost_a_character_makes_no_uri(cut: dict[str, Scalar]) -> None:
    assert by_ftp(**cut).uri is None


@pytest.mark.parametrize("value", [None, "", " ", "\n", "NULL", "null", "Null", " null "])
def test_every_form_of_null_is_nothing(value: Scalar) -> None:
    assert named(value) is None
    assert effective_method(None, Export(ftp_host=value)) is DistributionMethod.LOCAL


@pytest.mark.parametrize("value", ["nullable", "NULL.csv", "0", "a"])
def test_what_only_looks_like_null_is_a_name(value: str) -> None:
    assert named(value) == value


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text("./\\ a%\n", max_size=8)


@given(names, names, st.sampled_from(["h", "ftp.example.com", "88.99.123.23:2121"]))
def test_a_uri_leads_to_exactly_what_was_named_or_there_is_none(name: str, directory: str, host: str) -> None:
    uri = by_ftp(file_name=name, ftp_dir=directory, ftp_host=host).uri
    place = f"{named(directory) or ''}/{name}"
    if uri is None:
        leads_elsewhere = {".", ".."} & set(re.split(r"[/\\]", place))
        assert leads_elsewhere or named(name) is None or "\ufffd" in place
        return
    parts = urlsplit(uri)
    assert uri.isascii()
    assert uri.isprintable()
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("ftp", host, "", "")
    *folders, file = (unquote(segment) for segment in parts.path.removeprefix("/").split("/"))
    assert file == name
    assert folders == [folder for folder in (named(directory) or "").split("/") if folder]
    assert not {".", ".."} & set(re.split(r"[/\\]", unquote(parts.path)))
