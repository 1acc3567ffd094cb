"""What holds for all tests: a made-up AWS account, a local time that is not UTC, the same examples on each CI run."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_EC2_METADATA_DISABLED="true",
)
os.environ["TZ"] = (
    "Europe/Vienna"  # not UTC, and with daylight saving: local time must not leak into anything
)
time.tzset()
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)

# No deadlines: machines are noisy. CI repeats itself, so that a red run means the change that it ran on.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture
def world() -> Iterator[Callable[..., Any]]:
    """Makes the world of a test: `world(exports={...}, secret=WSSE, ...)`; see tests.world.deployed."""
    from tests.world import deployed  # noqa: PLC0415 - a unit test needs none, and its import takes a while

    with contextlib.ExitStack() as running:
        yield lambda **asked: running.enter_context(deployed(**asked))
