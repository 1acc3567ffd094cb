"""The benchmark of the fleet: a back-fill, and exports that come hour by hour, at a limit of 1,000 calls a minute."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.fleet.pictures import pictures
from benchmarks.fleet.server import WINDOW_SECONDS, FixedWindow, Limit, SlidingWindow, Unlimited
from benchmarks.fleet.simulation import Announcement, Manner, Run, simulate
from benchmarks.fleet.tables import tables
from benchmarks.schedule.workloads import HOUR, WORKLOADS, Workload

SEED = 20261124
PER_MINUTE = 1000
BACK_FILL = 500
BACK_FILLS = 6
"""Runs of the back-fill, each announced at another moment of the limit's own minute."""

SHOWN_MINUTES = 15

AFTERWARDS_HOURS = 2
"""For so long others are announced after the last export that counts, which would else end in an emptying fleet."""

SHORT, LONG, *_ = WORKLOADS

LIMITS: dict[str, Callable[[float], Limit]] = {"fixed": FixedWindow, "sliding": SlidingWindow}


@dataclass(frozen=True, slots=True)
class Stream:
    """Exports that come at random moments, `per_hour` in the mean, to so many accounts, each with a limit of its own.

    What counts are the exports announced, and the calls made, from `warm_up_hours` to `hours`. One account is simulated
    for all, and `scale` of it: as large a share of the exports at as large a share of the limit.
    """

    name: str
    label: str
    per_hour: int
    workload: Workload
    hours: float
    warm_up_hours: float
    accounts: int = 1
    scale: float = 1.0


STREAMS = (
    Stream("20", "20", 20, SHORT, 48, 1),
    Stream("5000", "5,000", 5000, SHORT, 1.75, 0.75),
    Stream("5000_long", "5,000, of 30 min each", 5000, LONG, 3, 1.5, scale=0.25),
    Stream("100000", "100,000 over 100 accounts", 100_000, SHORT, 2.75, 0.75, accounts=100),
)


def run(quick: bool) -> Measured:
    """Everything; quick takes only the back-fill, at a limit."""
    return {
        "per_minute": PER_MINUTE,
        "back_fill": {
            "exports": BACK_FILL,
            "runs": BACK_FILLS,
            **({} if quick else {"unlimited": _back_fill(lambda _: Unlimited(), Manner.OURS)}),
            "limits": {
                name: {str(manner): _back_fill(limit, manner) for manner in Manner}
                for name, limit in LIMITS.items()
            },
        },
        "streams": {} if quick else {stream.name: _stream(stream) for stream in STREAMS},
    }


def _back_fill(limit: Callable[[float], Limit], manner: Manner) -> dict[str, Any]:
    """Exports that are all announced in the same second."""
    runs = []
    for number in range(BACK_FILLS):
        chance = np.random.default_rng((SEED, number))
        starts_at = WINDOW_SECONDS * number / BACK_FILLS
        durations = chance.permutation(SHORT.sample(BACK_FILL))
        moments = starts_at + chance.random(BACK_FILL)
        exports = [Announcement(float(at), float(d)) for at, d in zip(moments, durations, strict=True)]
        runs.append((starts_at, simulate(exports, limit(PER_MINUTE), manner, 1 + number * BACK_FILL)))
    done = [each for _, each in runs]
    return {
        **_news(done, lambda _: True),
        "calls_by_minute": _by_minute([(at, each.calls) for at, each in runs]),
        "refused_by_minute": _by_minute([(at, each.refused) for at, each in runs]),
        "refused_share": sum(len(each.refused) for each in done) / sum(len(each.calls) for each in done),
        "each_run": {
            "calls": [len(each.calls) for each in done],
            "refused": [len(each.refused) for each in done],
            "delay_mean": [mean(each.delays.values()) for each in done],
        },
    }


def _by_minute(runs: Sequence[tuple[float, list[float]]]) -> list[float]:
    """Calls in each minute since the announcement, in the mean of the runs."""
    counts = Counter(int((call - starts_at) // 60) for starts_at, calls in runs for call in calls)
    return [counts[minute] / len(runs) for minute in range(SHOWN_MINUTES)]


def _stream(stream: Stream) -> dict[str, Any]:
    per_hour = stream.per_hour * stream.scale / stream.accounts
    chance = np.random.default_rng((SEED, stream.per_hour))
    hours = stream.hours + AFTERWARDS_HOURS
    count = round(per_hour * hours)
    moments = np.sort(chance.random(count)) * hours * HOUR
    durations = chance.permutation(stream.workload.sample(count))
    exports = [Announcement(float(at), float(d)) for at, d in zip(moments, durations, strict=True)]
    limits = LIMITS if stream.accounts == 1 else {"fixed": FixedWindow}
    return {
        "label": stream.label,
        "per_hour": stream.per_hour,
        "limits": {
            name: {
                str(manner): _flow(
                    simulate(exports, limit(PER_MINUTE * stream.scale), manner), exports, stream
                )
                for manner in Manner
            }
            for name, limit in limits.items()
        },
    }


def _flow(run: Run, exports: Sequence[Announcement], stream: Stream) -> dict[str, Any]:
    """What a run did once the first exports were through, while as many came as ended."""
    first, last = stream.warm_up_hours * HOUR, stream.hours * HOUR
    calls = [call for call in run.calls if first <= call < last]
    refused = [call for call in run.refused if first <= call < last]
    by_minute = Counter(int(call // 60) for call in calls)
    return {
        **_news([run], lambda number: first <= exports[number].at < last),
        "calls_a_minute": len(calls) / ((last - first) / 60) / stream.scale * stream.accounts,
        "peak_an_account": max(by_minute.values()) / stream.scale,
        "refused_share": len(refused) / len(calls),
        "state_bytes": [min(run.state_bytes), max(run.state_bytes)],
    }


def _news(runs: Sequence[Run], counts: Callable[[int], bool]) -> dict[str, float]:
    delays = [delay for each in runs for number, delay in each.delays.items() if counts(number)]
    checks = [made for each in runs for number, made in each.checks.items() if counts(number)]
    return {
        "checks": mean(checks),
        "delay_mean": mean(delays),
        "delay_p95": float(np.percentile(delays, 95)),
    }


def ratios(measured: Measured) -> dict[str, Ratio]:
    """The back-fill: our refusals against those without headroom, our delay and calls against the shared queue's."""
    compared = (("refused", Manner.REFUSALS_ONLY), ("delay_mean", Manner.QUEUE), ("calls", Manner.QUEUE))
    return {
        f"back-fill, {limit}: {figure} / {other}": _ratio(
            of[Manner.OURS]["each_run"][figure], of[other]["each_run"][figure]
        )
        for limit, of in measured["back_fill"]["limits"].items()
        for figure, other in compared
    }


def _ratio(ours: Sequence[float], others: Sequence[float]) -> Ratio:
    """The ratio of the sums over the same runs. It has no error: with a seed every run is the same."""
    return Ratio(sum(ours) / sum(others))


FLEET = Benchmark("fleet", SEED, run, tables, pictures, ratios)
