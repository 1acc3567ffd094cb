"""The benchmark of a check: every way in turn, round by round, so that a busy moment of the machine meets them all."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.check.server import EXPORT_ID, serving
from benchmarks.frame import Benchmark, Measured, table
from export_watch import state
from export_watch.schedule import Policy
from export_watch.watch import Watch, WatchRequest

ROUNDS, ROUNDS_QUICK = 21, 5
"""Only the rounds differ: a process that makes fewer calls is not as warm, which is no noise but another figure."""

BLOCKS = 10
"""A process makes so many blocks of calls once it is warm; what counts is the median of the blocks."""

NOISE = 0.3
"""Busy machines were seen to add so much to the ratio of a quick run, mostly to the warm one."""


class Way(NamedTuple):
    """A way to make a check: the module of its `handler`, and calls in a block, few where each takes long."""

    module: str
    calls: int = 50


WAYS = {"ours_oauth": Way("app"), "common_oauth": Way("common_way", calls=1), "floor": Way("bare_get")}
COLD_AIM = 1.1 if sys.version_info >= (3, 13) else 1.0
COMPARED = {
    "CPU, cold: Export Watch / the common way": ("cold_cpu", "common_oauth", COLD_AIM),
    "CPU, warm: Export Watch / a bare GET by urllib3": ("warm_cpu", "floor", 2.2),
    "peak memory: Export Watch / the common way": ("peak_mib", "common_oauth", 1.1),
}
"""What must not get worse, and what it should be at most: CPU and memory, which depend on the machine the least."""


def run(quick: bool) -> Measured:
    """All ways; quick makes fewer rounds."""
    with serving() as deployed:
        for way in WAYS.values():
            measure(way, deployed, blocks=1)  # bytecode is written, files are read
        rounds = [
            {name: measure(way, deployed) for name, way in WAYS.items()}
            for _ in range(ROUNDS_QUICK if quick else ROUNDS)
        ]
    return {
        "rounds": len(rounds),
        "ways": {
            way: {figure: median(of[way][figure] for of in rounds) for figure in rounds[0][way]}
            for way in WAYS
        },
        "ratios": {
            label: {"aim": aim, **compare(rounds, figure, "ours_oauth", other)}
            for label, (figure, other, aim) in COMPARED.items()
        },
    }


def measure(way: Way, deployed: Mapping[str, str], blocks: int = BLOCKS) -> dict[str, float]:
    """What one process of the handler measured of itself: see `probe`."""
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
        raise RuntimeError(f"{way.module}: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return figures


def compare(rounds: list[dict[str, dict[str, float]]], figure: str, way: str, other: str) -> dict[str, float]:
    """The median of the rounds' ratios, and its standard error: 1.25 times that of a mean (Laplace 1818).

    The deviation is 1.4826 times the median absolute one (Hampel 1974), which one busy moment does not change.
    """
    each = np.array([of[way][figure] / of[other][figure] for of in rounds])
    deviation = 1.4826 * np.median(np.abs(each - np.median(each)))
    return {"ratio": float(np.median(each)), "error": float(1.25 * deviation / len(each) ** 0.5)}


def event() -> dict[str, Any]:
    """What the state machine hands to check_export for a watch that has a day before it."""
    request = WatchRequest(EXPORT_ID, "default", 1, 86_400, None, {})
    arn = "arn:aws:states:eu-central-1:123456789012:execution:ExportWatch:default_123"
    return {"watch": state.dump(Watch.begin(request, time.time()), Policy()), "execution_arn": arn}


def tables(measured: Measured) -> dict[str, str]:
    """What was compared."""
    rows = (
        f"{label} | {of['ratio']:.3g} | {of['error']:.1g} | {of['aim']}"
        for label, of in measured["ratios"].items()
    )
    return {"check-ratios": table("ratio | median of the rounds | standard error | aim: at most", rows)}


def pictures(measured: Measured) -> dict[str, Figure]:
    """CPU time, cold and warm."""
    ways = [measured["ways"][way] for way in WAYS]
    figure = picture.bars(
        "CPU time of a check",
        {
            "Export Watch": picture.OURS,
            "the common way": picture.OTHERS[0],
            "a bare GET by urllib3": picture.BEST,
        },
        {
            "cold: imports and the first check": ([1000 * of["cold_cpu"] for of in ways], "{:.0f} ms"),
            "warm: each further check": ([1000 * of["warm_cpu"] for of in ways], "{:.2g} ms"),
        },
    )
    return {"check": figure}


def ratios(measured: Measured) -> dict[str, float]:
    """Those of COMPARED."""
    return {label: of["ratio"] for label, of in measured["ratios"].items()}


CHECK = Benchmark("check", run, tables, pictures, ratios, noise=NOISE)
