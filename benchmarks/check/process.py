"""The handlers' processes, each with an environment as Lambda's, and the server that they all ask."""

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.check.server import EXPORT_ID
from export_watch import state
from export_watch.schedule import Policy
from export_watch.watch import Watch

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
SOURCES = [ROOT / "layers", ROOT / "functions" / "check_export", FOLDER]
LAYERS = ("export_watch", "aws_lambda_powertools", "jmespath")
"""What our two layers bring."""

DEADLINE_SECONDS = 86_400
"""The parameter of template.yaml, as it ships."""

EXECUTION_ARN = "arn:aws:states:eu-central-1:123456789012:execution:ExportWatch:default_123"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to make a check: the module that holds its `handler`, and the account, which decides how it authenticates.

    Without bytecode, what is deployed has to be compiled at every cold start, since Lambda cannot store it. A block is
    so many calls: enough to be measured, and few where each takes long.
    """

    name: str
    label: str
    module: str
    account: str = "oauth"
    bytecode: bool = True
    calls: int = 50


class ProbeFailedError(RuntimeError):
    """The process of a handler ended in an error; the text is what it wrote."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where the server is, and the file with the authorities that vouch for it, among all others."""

    url: str
    bundle: str


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """The server, which runs for the time of a `with` block."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = str(Path(folder) / "bundle.pem")
        command = [sys.executable, "-m", "benchmarks.check.server", bundle]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            yield Served(server.stdout.readline().strip(), bundle)
            assert server.stdin is not None
            server.stdin.close()


def measure(way: Way, served: Served, blocks: int) -> dict[str, float]:
    """What one process of the handler measured of itself: see `probe`. Raises ProbeFailedError."""
    with _deployed(way) as folders:
        options = [] if way.bytecode else ["-B"]  # -B: what is compiled is not kept
        command = [*options, str(FOLDER / "probe.py"), way.module, str(blocks), str(way.calls)]
        return _run(command, folders, way.account, served)


def parts(served: Served) -> dict[str, float]:
    """CPU seconds of each part of a cold start of ours: see `parts`. Raises ProbeFailedError."""
    return _run([str(FOLDER / "parts.py")], SOURCES, "oauth", served)


def _run(command: list[str], folders: Sequence[Path], account: str, served: Served) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**environment(served), "PYTHONPATH": os.pathsep.join(map(str, folders))},
        input=json.dumps(event(account)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProbeFailedError(f"{command}: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return figures


@contextlib.contextmanager
def _deployed(way: Way) -> Iterator[Sequence[Path]]:
    """The folders from which a way imports what is deployed with it: the sources, or a copy without bytecode."""
    if way.bytecode:
        yield SOURCES
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package in map(importlib.util.find_spec, LAYERS):
            assert package is not None
            assert package.origin is not None
            source = Path(package.origin).parent
            shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "functions/check_export/app.py", folder)
        yield [folder]


def environment(served: Served) -> Mapping[str, str]:
    """What template.yaml sets, what Lambda sets, and where AWS is."""
    url = served.url
    return {
        "PATH": os.environ.get("PATH", ""),
        # By whom one is trusted: Python, requests, botocore.
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), served.bundle),
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_SESSION_TOKEN": "benchmark",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_FUNCTION_NAME": "check_export",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "STACK_NAME": "benchmark",
        "EMARSYS_HOST": url,
        "EMARSYS_TOKEN_URL": f"{url}/oauth2/token",
        "CREDENTIALS_PREFIX": "emarsys",
        "TOKEN_TABLE": "tokens",
        "URL_SUFFIX": "amazonaws.com",
    }


def event(account: str) -> dict[str, Any]:
    """What the state machine hands to check_export for a watch that has a day before it."""
    now = int(time.time())
    watch = Watch(
        execution="default_123",
        account=account,
        export_id=EXPORT_ID,
        distribution_method=None,
        context="{}",
        started_at=now,
        deadline_at=now + DEADLINE_SECONDS,
    )
    return {"watch": state.dump(watch, Policy()), "execution_arn": EXECUTION_ARN}
