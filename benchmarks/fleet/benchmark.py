"""The benchmark of the fleet: a back-fill, and exports that come hour by hour, at a limit of 1,000 calls a minute."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.fleet.pictures import pictures
from benchmarks.fleet.server import WINDOW_SECONDS, FixedWindow, SlidingWindow, Unlimited
from benchmarks.fleet.simulation import Announcement, Manner, Run, simulate
from benchmarks.fleet.tables import tables
from benchmarks.schedule.workloads import HOUR, WORKLOADS, Workload

SEED = 20261124
PER_MINUTE = 1000
BACK_FILL = 500
BACK_FILLS = 6
"""Runs of the back-fill, each announced at another moment of the limit's own minute."""

SHOWN_MINUTES = 15
AFTERWARDS_HOURS = 1
"""For so long others are announced after the last export that counts, which would else end in an emptying fleet."""

SHORT, LONG, *_ = WORKLOADS
MakeLimit = Callable[[float], Unlimited]
LIMITS: dict[str, MakeLimit] = {"fixed": FixedWindow, "sliding": SlidingWindow}


@dataclass(frozen=True, slots=True)
class Stream:
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
    "steady": Stream(5000, SHORT, 1.5, 0.75, scale=1),
    "overload": Stream(5000, LONG, 2.5, 1.25, scale=0.35),
}
STREAM_MANNERS = (Manner.OURS, Manner.BY_SHARE, Manner.REFUSALS_ONLY)
"""A queue in a lasting overload moves all who wait in it at each call, which takes hours."""


def run(quick: bool) -> Measured:
    """Everything; quick takes only the back-fill."""
    return {
        "per_minute": PER_MINUTE,
        "back_fill": {"exports": BACK_FILL, **_by_limit(_back_fill, tuple(Manner))},
        "streams": {}
        if quick
        else {name: _by_limit(partial(_stream, stream), STREAM_MANNERS) for name, stream in STREAMS.items()},
    }


def _by_limit(
    measure: Callable[[MakeLimit, Manner], dict[str, Any]], manners: Iterable[Manner]
) -> dict[str, Any]:
    return {
        "unlimited": measure(lambda _: Unlimited(), Manner.REFUSALS_ONLY),
        "limits": {
            name: {str(manner): measure(limit, manner) for manner in manners}
            for name, limit in LIMITS.items()
        },
    }


def _back_fill(limit: MakeLimit, manner: Manner) -> dict[str, Any]:
    """Exports that are all announced in the same second. The calls of a minute are in the mean of the runs."""
    runs, calls, refused = [], Counter[int](), Counter[int]()
    for number in range(BACK_FILLS):
        chance = np.random.default_rng((SEED, number))
        at = WINDOW_SECONDS * number / BACK_FILLS
        exports = _exports(SHORT, at + chance.random(BACK_FILL), chance)
        runs.append(simulate(exports, limit(PER_MINUTE), manner, 1 + number * BACK_FILL))
        calls.update(int((call - at) // 60) for call in runs[-1].calls)
        refused.update(int((call - at) // 60) for call in runs[-1].refused)
    return {
        **_figures(runs, range(BACK_FILL)),
        "refused_share": refused.total() / calls.total(),
        "calls_by_minute": [calls[minute] / BACK_FILLS for minute in range(SHOWN_MINUTES)],
        "refused_by_minute": [refused[minute] / BACK_FILLS for minute in range(SHOWN_MINUTES)],
    }


def _stream(stream: Stream, limit: MakeLimit, manner: Manner) -> dict[str, Any]:
    """What a fleet does once the first exports are through, while as many come as end."""
    chance = np.random.default_rng(SEED)
    hours = stream.hours + AFTERWARDS_HOURS
    moments = np.sort(chance.random(round(stream.per_hour * stream.scale * hours))) * hours * HOUR
    exports = _exports(stream.workload, moments, chance)
    return flow(simulate(exports, limit(PER_MINUTE * stream.scale), manner), exports, stream)


def _exports(workload: Workload, moments: Any, chance: np.random.Generator) -> list[Announcement]:
    durations = chance.permutation(workload.sample(len(moments)))
    return [Announcement(float(at), float(d)) for at, d in zip(moments, durations, strict=True)]


def flow(run: Run, exports: Sequence[Announcement], stream: Stream) -> dict[str, float]:
    """The figures of a stream, at its whole scale."""
    first, last = stream.warm_up_hours * HOUR, stream.hours * HOUR
    calls, refused = (sum(first <= call < last for call in each) for each in (run.calls, run.refused))
    return {
        **_figures([run], [number for number, export in enumerate(exports) if first <= export.at < last]),
        "refused_share": refused / calls,
        "taken_a_minute": (calls - refused) / ((last - first) / 60) / stream.scale,
    }


def _figures(runs: Sequence[Run], numbers: Iterable[int]) -> dict[str, float]:
    delays = [run.delays[number] for number in numbers for run in runs]
    return {
        "checks": float(np.mean([run.checks[number] for number in numbers for run in runs])),
        "delay_mean": float(np.mean(delays)),
        "delay_p95": float(np.percentile(delays, 95)),
    }


def ratios(measured: Measured) -> dict[str, Ratio]:
    """The back-fill: our delay and checks against the shared queue's. With a seed there is no error."""
    return {
        f"back-fill, {limit}: {figure} / queue": Ratio(of["ours"][figure] / of["queue"][figure])
        for limit, of in measured["back_fill"]["limits"].items()
        for figure in ("delay_mean", "checks")
    }


FLEET = Benchmark("fleet", SEED, run, tables, pictures, ratios)
