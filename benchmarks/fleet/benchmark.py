"""The benchmark of the fleet: a back-fill, and exports that come hour by hour, at a limit of 1,000 calls a minute."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.benchmark import Benchmark, Measured
from benchmarks.fleet.report import pictures, tables
from benchmarks.fleet.simulation import (
    LIMITS,
    MANNERS,
    WINDOW_SECONDS,
    Announcement,
    Limit,
    Run,
    simulate,
)
from benchmarks.schedule.workloads import FOUR, HOUR, Seconds, Workload

SEED = 20261124
PER_MINUTE = 1000
BACK_FILL = 500
BACK_FILLS = 6
"""Runs of the back-fill, each announced at another moment of the limit's own minute."""

SHOWN_MINUTES = 15
AFTERWARDS_HOURS = 1
"""For so long others are announced after the last export that counts, which would else end in an emptying fleet."""


class Stream(NamedTuple):
    """Exports that come at random moments, `per_hour` in the mean.

    What counts are the exports announced, and the calls made, from `warm_up_hours` to `hours`. `scale` of it is
    simulated: as large a share of the exports at as large a share of the limit, which chance reaches sooner.
    """

    per_hour: int
    workload: Workload
    hours: float
    warm_up_hours: float
    scale: float


STREAMS = {
    "steady": Stream(5000, FOUR["5 min"], 1.5, 0.75, scale=1),
    "overload": Stream(5000, FOUR["30 min"], 2.5, 1.25, scale=0.35),
}
STREAM_MANNERS = ("ours", "refusals_only")
"""A queue in a lasting overload moves all who wait in it at each call, which takes hours."""

Measure = Callable[[Callable[[float], Limit], str], dict[str, Any]]
"""What a fleet does that has a limit of so many calls a minute, in one of the MANNERS."""


def run(quick: bool) -> Measured:
    """Everything; quick takes only the back-fill."""
    streams = {} if quick else STREAMS
    return {
        "per_minute": PER_MINUTE,
        "back_fill": {"exports": BACK_FILL, **_by_limit(_back_fill, MANNERS)},
        "streams": {name: _by_limit(partial(_stream, of), STREAM_MANNERS) for name, of in streams.items()},
    }


def _by_limit(measure: Measure, manners: Iterable[str]) -> dict[str, Any]:
    return {
        "unlimited": measure(lambda _: Limit(math.inf), "refusals_only"),
        "limits": {
            name: {manner: measure(limit, manner) for manner in manners} for name, limit in LIMITS.items()
        },
    }


def _back_fill(limit: Callable[[float], Limit], manner: str) -> dict[str, Any]:
    """Exports that are all announced in the same second. The calls of a minute are in the mean of the runs."""
    runs, by_minute = [], []
    for number in range(BACK_FILLS):
        chance = np.random.default_rng((SEED, number))
        start = WINDOW_SECONDS * number / BACK_FILLS
        exports = _exports(FOUR["5 min"], start + chance.random(BACK_FILL), chance)
        runs.append(simulate(exports, limit(PER_MINUTE), manner, 1 + number * BACK_FILL))
        by_minute.append([_by_minute(moments, start) for moments in (runs[-1].calls, runs[-1].refused)])
    calls, refused = np.mean(by_minute, axis=0).tolist()
    return {
        **_figures(runs, range(BACK_FILL)),
        "refused_share": sum(len(each.refused) for each in runs) / sum(len(each.calls) for each in runs),
        "calls_by_minute": calls,
        "refused_by_minute": refused,
    }


def _by_minute(moments: Sequence[float], start: float) -> list[int]:
    minutes = (np.array(moments) - start).astype(int) // 60
    return list(np.bincount(minutes, minlength=SHOWN_MINUTES)[:SHOWN_MINUTES])


def _stream(stream: Stream, limit: Callable[[float], Limit], manner: str) -> dict[str, Any]:
    """What a fleet does once the first exports are through, while as many come as end."""
    chance = np.random.default_rng(SEED)
    hours = stream.hours + AFTERWARDS_HOURS
    moments = np.sort(chance.random(round(stream.per_hour * stream.scale * hours))) * hours * HOUR
    exports = _exports(stream.workload, moments, chance)
    return flow(simulate(exports, limit(PER_MINUTE * stream.scale), manner), exports, stream)


def _exports(workload: Workload, moments: Seconds, chance: np.random.Generator) -> list[Announcement]:
    durations = chance.permutation(workload(len(moments)))
    return list(map(Announcement, moments.tolist(), durations.tolist()))


def flow(run: Run, exports: Sequence[Announcement], stream: Stream) -> dict[str, float]:
    """The figures of a stream, at its whole scale."""
    first, last = stream.warm_up_hours * HOUR, stream.hours * HOUR
    calls, refused = (sum(first <= call < last for call in each) for each in (run.calls, run.refused))
    counted = [number for number, export in enumerate(exports) if first <= export.at < last]
    return {
        **_figures([run], counted),
        "refused_share": refused / calls,
        "taken_a_minute": (calls - refused) / ((last - first) / 60) / stream.scale,
    }


def _figures(runs: Sequence[Run], counted: Sequence[int]) -> dict[str, float]:
    checks = np.array([run.checks for run in runs])[:, counted]
    delays = np.array([run.delays for run in runs])[:, counted]
    return {
        "checks": float(checks.mean()),
        "delay_mean": float(delays.mean()),
        "delay_p95": float(np.percentile(delays, 95)),
    }


def ratios(measured: Measured) -> dict[str, float]:
    """The back-fill: our delay and checks against the shared queue's. With a seed every run is the same."""
    return {
        f"back-fill, {limit}: {figure} / queue": of["ours"][figure] / of["queue"][figure]
        for limit, of in measured["back_fill"]["limits"].items()
        for figure in ("delay_mean", "checks")
    }


FLEET = Benchmark("fleet", run, tables, pictures, ratios, SEED)
