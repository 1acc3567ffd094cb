"""What tests of the sandbox share: a small chain to deploy, on a virtual clock."""

from pathlib import Path

import pytest

from sandbox.aws import VirtualClock, deploy

CHAIN = Path(__file__).parent / "chain" / "template.yaml"
START = 1_800_000_000.0


@pytest.fixture
def deploy_chain():
    """Deploys the chain, on a virtual clock unless another one is given."""

    def deploy_it(parameters=None, **options):
        return deploy(parameters, template=CHAIN, **{"clock": VirtualClock(START), **options})

    return deploy_it


@pytest.fixture
def chain(deploy_chain):
    """The chain, deployed on a virtual clock."""
    with deploy_chain() as deployment:
        yield deployment
