"""Where a file is: names that cannot be trusted become a URI that is right, or none."""

import re
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_watch.location import FIELD_LENGTH, File, effective_method, locate, named
from export_watch.watch import DistributionMethod, Export
from tests.unit.examples import FILE_URL, an_export, table

FTP, SFTP, LOCAL, MAIL = DistributionMethod
NAME = "clicks_3931993_1_en-df0ef2.csv"


def on_server(file_name="a.csv", ftp_dir="out", ftp_host="ftp.example.com", method=FTP):
    return locate(Export(file_name=file_name, ftp_dir=ftp_dir, ftp_host=ftp_host), method, FILE_URL)


@table(
    "method, host, directory, uri",
    {
        "ftp": (FTP, "88.99.123.23", "folder/subfolder", f"ftp://88.99.123.23/folder/subfolder/{NAME}"),
        "sftp": (SFTP, "88.99.123.23", "folder/subfolder", f"sftp://88.99.123.23/~/folder/subfolder/{NAME}"),
        "local": (LOCAL, None, None, "https://api.emarsys.net/api/v3/export/123/data"),
        "mail": (MAIL, None, None, None),
    },
)
def test_a_file_is_where_its_delivery_puts_it(method, host, directory, uri):
    assert locate(an_export(), method, FILE_URL) == File(NAME, method, host, directory, uri)


ENCODED = {
    "my clicks.csv": "my%20clicks.csv",
    "a/b.csv": "a%2Fb.csv",
    "a/.//b.csv": "a%2Fb.csv",
    "%2Fa.csv": "%252Fa.csv",
    "%2e%2e": "%252e%252e",
    "100%.csv": "100%25.csv",
    "Käufer & Ömer.csv": "K%C3%A4ufer%20%26%20%C3%96mer.csv",
    "😀.csv": "%F0%9F%98%80.csv",
    "a?b#c;type=d+f": "a%3Fb%23c%3Btype%3Dd%2Bf",
    "a.csv;type=a": "a.csv%3Btype%3Da",
    "a[1]*:@.csv": "a%5B1%5D%2A%3A%40.csv",
    "a+b=c&d,'e'.csv": "a%2Bb%3Dc%26d%2C%27e%27.csv",
    "a\\b.csv": "a%5Cb.csv",
    **{name: name for name in ("~a.csv", "-a.csv", "...", "..a", "a..b", ".hidden")},
}
DIRECTORIES: dict[str | None, tuple[str, str]] = {
    **dict.fromkeys((None, "", "NULL", "."), ("/", "/~/")),
    "out/": ("/out/", "/~/out/"),
    "./a//./b/.": ("/a/b/", "/~/a/b/"),
    "my exports/Österreich": ("/my%20exports/%C3%96sterreich/", "/~/my%20exports/%C3%96sterreich/"),
    "50% off/a?b#c": ("/50%25%20off/a%3Fb%23c/", "/~/50%25%20off/a%3Fb%23c/"),
    "a:b@c;type=d": ("/a%3Ab%40c%3Btype%3Dd/", "/~/a%3Ab%40c%3Btype%3Dd/"),
    "a+b/-/a\\b": ("/a%2Bb/-/a%5Cb/", "/~/a%2Bb/-/a%5Cb/"),
    "%2Fout": ("/%252Fout/", "/~/%252Fout/"),
    "a~/...": ("/a~/.../", "/~/a~/.../"),
    **dict.fromkeys(("/", "/."), ("/%2F", "/")),
    "//out/a": ("/%2Fout/a/", "/out/a/"),
    "/./out/": ("/%2Fout/", "/out/"),
}
"""Where they begin by FTP, and by SFTP: in the login's directory, or in the root."""


@pytest.mark.parametrize(("file_name", "encoded"), ENCODED.items())
def test_every_part_of_a_uri_is_percent_encoded(file_name, encoded):
    assert on_server(file_name).uri == f"ftp://ftp.example.com/out/{encoded}"


@pytest.mark.parametrize(("ftp_dir", "starts"), DIRECTORIES.items())
def test_the_directory_is_that_of_the_login_or_begins_in_the_root(ftp_dir, starts):
    for method, start in zip((FTP, SFTP), starts, strict=True):
        file = on_server(ftp_dir=ftp_dir, method=method)
        assert (file.uri, file.directory) == (f"{method}://ftp.example.com{start}a.csv", named(ftp_dir))


ELSEWHERE = [
    *("..", "../a", "a/..", "a/../b", "..\\a", "a\\..", "a\\..\\b"),  # the way up
    *("a\\.\\b", ".\\a"),  # separators of another system
    *("~/a", "~user/a", "./~/a"),  # a user's home
    *("a\nb", "a\r\nDELE b", "a\x00b", "a\x7f", "a\x85"),  # control characters
    *("lost\ufffd", "half\ud83d"),
    *(" a", "a ", "a /b", "a\u00a0"),  # blanks at an end
]


HOSTS = (
    "ftp ftp.example.com ftp.example.com. ftp.example.com:2121 my_ftp-1.x a:65535 88.99.123.23 88.99.123.23:2121 "
    "[::1] [::1]:2121 [2001:DB8::7] [::ffff:88.99.123.23]"
)
NO_HOSTS = (
    "ftp://ftp.example.com user@ftp.example.com user:secret@ftp.example.com ftp.example.com/evil ftp.example.com?x "
    "ftp.example.com#x ftp.example.com: ftp.example.com:0 ftp.example.com:65536 ftp.example.com:123456 "
    "ftp.example.com:ab ftp.example.com:\uff12\uff11 ::1 2001:db8::7 [] [::1 ::1] [::1]x [::1]: [::1]:0 [::1]:65536 "
    "[1::2::3] [12345::] [::1%eth0] [fe80::1%25eth0] [::g] [88.99.123.23] [ftp.example.com] [v1.a] 88.99.123 "
    "88.99.123.256 088.99.123.23 88.99.123.23.24 1482914583 0x5863 -oProxyCommand ftp..example.com .example.com .. "
    "fтp.example.com ftp%2eexample.com a,b a\\b"
)
BLANKS = ["ftp example com", " ftp.example.com", "ftp.example.com\n", "ftp.example.com\r\nX: y"]
NOWHERE = {
    "file_name": [*ELSEWHERE, "/a.csv", "//a.csv", "\\a.csv", ".", "./.", "a/", "a/.", "n" * FIELD_LENGTH],
    "ftp_dir": [*ELSEWHERE, "/..", "/~", "/~user", "~", "~user", "a/~b", "//~", "d/" * (FIELD_LENGTH // 2)],
    "ftp_host": [*NO_HOSTS.split(), *BLANKS, "h" * FIELD_LENGTH],
}


@pytest.mark.parametrize("host", HOSTS.split())
def test_a_host_is_a_name_or_an_address_and_perhaps_a_port(host):
    assert on_server(ftp_host=host).uri == f"ftp://{host}/out/a.csv"


@pytest.mark.parametrize("part", NOWHERE)
@pytest.mark.parametrize("method", [FTP, SFTP])
def test_a_part_that_may_lead_elsewhere_or_was_cut_makes_no_uri_and_stays_as_it_came(part, method):
    for value in NOWHERE[part]:
        parts = {"file_name": "a.csv", "ftp_host": "ftp.example.com", "ftp_dir": "out", part: value}
        came = File(parts["file_name"], method, parts["ftp_host"], parts["ftp_dir"], None)
        assert on_server(**parts, method=method) == came


@pytest.mark.parametrize("part", ["file_name", "ftp_host"])
def test_a_part_that_is_missing_makes_no_uri(part):
    assert on_server(**{part: None}).uri is None
    assert on_server(ftp_dir="d" * (FIELD_LENGTH - 1)).uri


NOTHING = [None, True, False, "", " ", "\n", "NULL", "null", "Null", " null "]
NAMES = ["nullable", "NULL.csv", "0", " a", 0, 1.5]


@pytest.mark.parametrize(
    ("value", "name"), [(each, None) for each in NOTHING] + [(each, str(each)) for each in NAMES]
)
def test_every_form_of_null_names_nothing_and_what_only_looks_like_it_is_a_name(value, name):
    assert named(value) == name


@table(
    "announced, ftp_host, default, expected",
    {
        "a reply with a host": (None, "h", FTP, FTP),
        "which the parameter may say is another": (None, "h", SFTP, SFTP),
        "a reply without one": (None, "NULL", SFTP, LOCAL),
        "an event wins": (MAIL, "h", SFTP, MAIL),
        "also without a host": (FTP, None, SFTP, FTP),
    },
)
def test_a_file_is_delivered_as_announced_or_else_as_the_reply_says(announced, ftp_host, default, expected):
    assert effective_method(announced, Export(ftp_host=ftp_host), default) is expected


names = st.text(max_size=20) | st.text("./\\ ~a%;\n", max_size=8)


@given(names, names, st.sampled_from(["h", "88.99.123.23:2121", "[::1]"]))
def test_a_uri_leads_to_exactly_what_was_named_or_there_is_none(name, directory, host):
    uri = on_server(name, directory, host).uri
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
