"""The signed header of version 2 of the API."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from export_watch.emarsys import wsse

NONCE = "44ab5733c8d764bc2712c62f77abeeec"
CREATED = datetime(2018, 3, 1, 9, 15, 38, 5, tzinfo=UTC)


def test_the_header_is_that_of_the_documented_vector_also_where_python_runs_under_fips(monkeypatch):
    """Where only a digest is made that says that it secures nothing; and without parts of a second."""
    sha1 = hashlib.sha1

    def of_fips(data: bytes, *, usedforsecurity: bool = True) -> Any:
        assert usedforsecurity is False
        return sha1(data, usedforsecurity=False)

    monkeypatch.setattr(hashlib, "sha1", of_fips)
    assert wsse.header("test", "test", NONCE, CREATED) == (
        'UsernameToken Username="test", PasswordDigest="NTY0MzllMzJlMzM3NTFiNzQ2ZWVkMGEzZDRjNGQwODZiM2U2ZWJlYQ==", '
        f'Nonce="{NONCE}", Created="2018-03-01T09:15:38Z"'
    )
