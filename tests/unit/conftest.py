"""A unit test is pure: it has no network."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_network(socket_disabled):
    """Let every attempt to open a socket fail."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let mutmut 3.7, which reads the name of a test where pytest no longer keeps it, find it."""
    if "MUTANT_UNDER_TEST" in os.environ:
        item._nodeid = item.nodeid  # type: ignore[attr-defined]
