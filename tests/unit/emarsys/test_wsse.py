"""The signed header of version 2 of the API."""

import re
from datetime import UTC, datetime

import pytest

from export_watch.emarsys import wsse

NONCE = "44ab5733c8d764bc2712c62f77abeeec"
DIGEST = "NTY0MzllMzJlMzM3NTFiNzQ2ZWVkMGEzZDRjNGQwODZiM2U2ZWJlYQ=="
CREATED = datetime(2018, 3, 1, 9, 15, 38, tzinfo=UTC)


def test_the_digest_is_that_of_the_test_vector() -> None:
    assert wsse.password_digest(NONCE, "2018-03-01T09:15:38Z", "test") == DIGEST


def test_the_header_has_the_documented_form() -> None:
    assert wsse.header("test", "test", NONCE, CREATED) == (
        f'UsernameToken Username="test", PasswordDigest="{DIGEST}", '
        f'Nonce="{NONCE}", Created="2018-03-01T09:15:38Z"'
    )


def test_parts_of_a_second_are_left_out() -> None:
    assert 'Created="2018-03-01T09:15:38Z"' in wsse.header(
        "test", "test", NONCE, CREATED.replace(microsecond=5)
    )


def test_the_header_does_not_hold_the_secret() -> None:
    assert "my secret" not in wsse.header("customer001", "my secret", NONCE, CREATED)


@pytest.mark.parametrize("secret", ["pässwörd", "😀", "a b", '"quoted"'])
def test_any_secret_makes_a_header_of_printable_ascii(secret: str) -> None:
    assert re.fullmatch(r"[\x20-\x7e]+", wsse.header("test", secret, NONCE, CREATED))
