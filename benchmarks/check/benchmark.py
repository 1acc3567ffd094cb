"""The benchmark of a check: every way in turn, round by round, so that a busy moment of the machine meets them all."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.check.pictures import pictures
from benchmarks.check.server import EXPORT_ID, serving
from benchmarks.document import table
from benchmarks.regression import median_error
from export_watch import state
from export_watch.schedule import Policy
from export_watch.watch import Watch

SEED = 0
"""Nothing is drawn."""

ROUNDS, ROUNDS_QUICK = 21, 5
"""Only the rounds differ: a process that makes fewer calls is not as warm, which is no noise but another figure."""

BLOCKS = 10
"""A process makes so many blocks of calls once it is warm; what counts is the median of the blocks."""

MACHINE_NOISE = 0.05
"""What another machine adds to the standard error of a ratio, as a share of it."""

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "layers", ROOT / "functions" / "check_export", Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to make a check: the module of its `handler`, and calls in a block, few where each takes long."""

    label: str
    module: str
    calls: int = 50


WAYS = {
    "ours_oauth": Way("**Export Watch**", "app"),
    "common_oauth": Way("the common way", "common_way", calls=1),
    "floor": Way("a bare GET by urllib3", "bare_get"),
}

COLD_AIM = 1.1 if sys.version_info >= (3, 13) else 1.0
COMPARED = (
    ("cold_cpu", "ours_oauth", "common_oauth", COLD_AIM),
    ("warm_cpu", "ours_oauth", "floor", 2.2),
    ("peak_mib", "ours_oauth", "common_oauth", 1.1),
)
"""What must not get worse, and what it should be at most: CPU and memory, which depend on the machine the least."""

_FIGURES = {"cold_cpu": "CPU, cold", "warm_cpu": "CPU, warm", "peak_mib": "peak memory"}


class ProbeFailedError(RuntimeError):
    """The process of a handler ended in an error; the text is what it wrote."""


def run(quick: bool) -> Measured:
    """All ways; quick makes fewer rounds."""
    with serving() as (url, bundle):
        deployed = environment(url, bundle)
        for way in WAYS.values():
            measure(way, deployed, blocks=1)  # bytecode is written, files are read
        rounds = [
            {name: measure(way, deployed) for name, way in WAYS.items()}
            for _ in range(ROUNDS_QUICK if quick else ROUNDS)
        ]
    return {
        "rounds": len(rounds),
        "ways": {
            name: {
                "label": way.label,
                "calls": BLOCKS * way.calls,
                **_medians([each[name] for each in rounds]),
            }
            for name, way in WAYS.items()
        },
        "ratios": [
            {"figure": figure, "way": way, "other": other, "aim": aim, **compare(rounds, figure, way, other)}
            for figure, way, other, aim in COMPARED
        ],
    }


def measure(way: Way, deployed: Mapping[str, str], blocks: int = BLOCKS) -> dict[str, float]:
    """What one process of the handler measured of itself: see `probe`. Raises ProbeFailedError."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("probe.py")), way.module, str(blocks), str(way.calls)],
        env=deployed,
        input=json.dumps(event()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProbeFailedError(f"{way.module}: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return figures


def _medians(of: list[dict[str, float]]) -> dict[str, float]:
    return {figure: median(each[figure] for each in of) for figure in of[0]}


def compare(rounds: list[dict[str, dict[str, float]]], figure: str, way: str, other: str) -> dict[str, float]:
    """The median of the rounds' ratios, and its standard error."""
    each = [of[way][figure] / of[other][figure] for of in rounds]
    return {"ratio": median(each), "error": median_error(each)}


def ratios(measured: Measured) -> dict[str, Ratio]:
    """Those of COMPARED."""
    return {
        f"{of['figure']}: {of['way']} / {of['other']}": Ratio(of["ratio"], of["error"], MACHINE_NOISE)
        for of in measured["ratios"]
    }


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    ways = measured["ways"]
    return {
        "check-ways": table(
            ["a check", "cold: imports", "first check", "together", "warm", "peak memory"],
            (_way(of) for of in ways.values()),
        ),
        "check-ratios": table(
            ["ratio", "median of the rounds", "standard error", "aim: at most"],
            (
                [
                    f"{_FIGURES[of['figure']]}: Export Watch / {ways[of['other']]['label']}",
                    f"{of['ratio']:.3g}",
                    f"{of['error']:.1g}",
                    f"{of['aim']}",
                ]
                for of in measured["ratios"]
            ),
        ),
    }


def _way(of: Mapping[str, Any]) -> list[str]:
    cold = [f"{1000 * of[figure]:.0f} ms" for figure in ("import_cpu", "first_cpu", "cold_cpu")]
    return [of["label"], *cold, f"{1000 * of['warm_cpu']:.2f} ms", f"{of['peak_mib']:.0f} MiB"]


def environment(url: str, bundle: str) -> dict[str, str]:
    """What template.yaml sets, what Lambda sets, and where Emarsys and AWS are."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
        # By whom one is trusted: Python, requests, botocore.
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), bundle),
        **dict.fromkeys(
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_DYNAMODB", "EMARSYS_HOST"), url
        ),
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "eu-central-1"),
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "benchmark"),
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
        "AWS_LAMBDA_FUNCTION_NAME": "check_export",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "STACK_NAME": "benchmark",
        "EMARSYS_TOKEN_URL": f"{url}/oauth2/token",
        "CREDENTIALS_PREFIX": "emarsys",
        "TOKEN_TABLE": "tokens",
    }


def event() -> dict[str, Any]:
    """What the state machine hands to check_export for a watch that has a day before it."""
    now = int(time.time())
    watch = Watch(
        execution="default_123",
        account="default",
        export_id=EXPORT_ID,
        distribution_method=None,
        context={},
        started_at=now,
        deadline_at=now + 86_400,
    )
    arn = "arn:aws:states:eu-central-1:123456789012:execution:ExportWatch:default_123"
    return {"watch": state.dump(watch, Policy()), "execution_arn": arn}


CHECK = Benchmark("check", SEED, run, tables, pictures, ratios)
