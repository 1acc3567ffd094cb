"""A unit test is pure: it has no network."""

import pytest


@pytest.fixture(autouse=True)
def no_network(socket_disabled):
    """Let every attempt to open a socket fail."""
