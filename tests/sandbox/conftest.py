"""What tests of the sandbox share: a small chain to deploy, on a virtual clock."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import Deployment, VirtualClock, deploy

CHAIN = Path(__file__).parent / "chain" / "template.yaml"
START = 1_800_000_000.0


@pytest.fixture
def deploy_chain() -> Callable[..., AbstractContextManager[Deployment]]:
    """Deploys the chain, on a virtual clock unless another one is given."""

    def deploy_it(
        parameters: dict[str, object] | None = None, **options: Any
    ) -> AbstractContextManager[Deployment]:
        options.setdefault("clock", VirtualClock(START))
        return deploy(parameters, template=CHAIN, **options)

    return deploy_it


@pytest.fixture
def chain(deploy_chain: Callable[..., AbstractContextManager[Deployment]]) -> Iterator[Deployment]:
    """The chain, deployed on a virtual clock."""
    with deploy_chain() as deployment:
        yield deployment
