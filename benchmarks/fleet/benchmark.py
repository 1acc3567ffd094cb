"""The benchmark of the fleet: a back-fill, and exports that come hour by hour, at a limit of 1,000 calls a minute."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.fleet.simulation import LIMITS, MANNERS, WINDOW_SECONDS, Announcement, Run, simulate
from benchmarks.frame import Benchmark, Measured, table
from benchmarks.schedule.workloads import FOUR, HOUR, Seconds, Workload

SEED = 20261124
PER_MINUTE = 1000
BACK_FILL = 500
BACK_FILLS = 6
"""Runs of the back-fill, each announced at another moment of the limit's own minute."""

SHOWN_MINUTES = 10
AFTERWARDS_HOURS = 1
"""For so long others are announced after the last export that counts, which would else end in an emptying fleet."""

AT_ONCE = f"{BACK_FILL} at once"
UNLIMITED = ("refusals_only", "unlimited")
FLEETS = [UNLIMITED, *product(MANNERS, ("fixed", "sliding"))]
"""What each fleet does about the limit, and how that counts."""


class Load(NamedTuple):
    """The exports of each run, and the limit; what is announced and called from `first` to `last` (seconds) counts."""

    runs: Sequence[Sequence[Announcement]]
    per_minute: float = PER_MINUTE
    first: float = 0
    last: float = math.inf


def back_fill() -> Load:
    """Exports that are all announced in the same second."""
    runs = []
    for number in range(BACK_FILLS):
        chance = np.random.default_rng((SEED, number))
        start = WINDOW_SECONDS * number / BACK_FILLS
        runs.append(_exports(FOUR["5 min"], start + chance.random(BACK_FILL), chance))
    return Load(runs)


def stream(workload: Workload, warm_up_hours: float, hours: float, scale: float = 1) -> Load:
    """5,000 exports an hour, at random moments: they count once the first ones are through, and as many come as end.

    `scale` of it is simulated: as large a share of the exports at as large a share of the limit.
    """
    chance = np.random.default_rng(SEED)
    all_hours = hours + AFTERWARDS_HOURS
    moments = np.sort(chance.random(round(5000 * scale * all_hours))) * all_hours * HOUR
    exports = _exports(workload, moments, chance)
    return Load([exports], PER_MINUTE * scale, warm_up_hours * HOUR, hours * HOUR)


def _exports(workload: Workload, moments: Seconds, chance: np.random.Generator) -> list[Announcement]:
    durations = chance.permutation(workload(len(moments)))
    return list(map(Announcement, moments.tolist(), durations.tolist()))


def run(quick: bool) -> Measured:
    """Each fleet under each load; quick takes only the back-fill.

    A queue in a lasting overload moves all who wait in it at each call, which takes hours.
    """
    loads = {AT_ONCE: back_fill()}
    if not quick:
        loads["5,000 an hour"] = stream(FOUR["5 min"], 0.75, 1.5)
        loads["5,000 an hour, of 30 min each"] = stream(FOUR["30 min"], 1.25, 2.5, scale=0.35)
    fleets = [
        {"exports": exports, "manner": manner, "limit": limit, **measure(load, manner, limit)}
        for exports, load in loads.items()
        for manner, limit in FLEETS
        if manner != "queue" or exports == AT_ONCE
    ]
    return {"per_minute": PER_MINUTE, "fleets": fleets}


def measure(load: Load, manner: str, limit: str) -> dict[str, Any]:
    """What a fleet does in all runs together, each with exports of other ids."""
    runs = [
        simulate(exports, LIMITS[limit](load.per_minute), manner, 1 + number * len(exports))
        for number, exports in enumerate(load.runs)
    ]
    return figures(load, runs)


def figures(load: Load, runs: Sequence[Run]) -> dict[str, Any]:
    """What counts of these runs; the calls of each minute are those since the first announcement."""
    announced = np.array([[export.at for export in exports] for exports in load.runs])
    counted = (load.first <= announced) & (announced < load.last)
    delays = np.array([run.delays for run in runs])[counted]
    calls = np.concatenate([run.calls for run in runs])
    refused = np.concatenate([run.refused for run in runs])[(load.first <= calls) & (calls < load.last)]
    return {
        "checks": np.array([run.checks for run in runs])[counted].mean(),
        "delay_mean": delays.mean(),
        "delay_p95": np.percentile(delays, 95),
        "refused_share": refused.mean(),
        "limit_used": (~refused).sum() / ((load.last - load.first) / 60 * load.per_minute),
        "answered_by_minute": _by_minute(load, runs, refused=False),
        "refused_by_minute": _by_minute(load, runs, refused=True),
    }


def _by_minute(load: Load, runs: Sequence[Run], refused: bool) -> list[float]:
    """Calls in each minute since the first announcement, in the mean of the runs."""
    counts = np.zeros(SHOWN_MINUTES)
    for exports, run in zip(load.runs, runs, strict=True):
        minutes = (np.array(run.calls) - math.floor(min(exports).at)) // 60
        of_kind = minutes[np.array(run.refused) == refused].astype(int)
        counts += np.bincount(of_kind, minlength=SHOWN_MINUTES)[:SHOWN_MINUTES]
    return list(counts / len(runs))


def find(measured: Measured, exports: str, manner: str, limit: str) -> Mapping[str, Any]:
    """The figures of one fleet."""
    fleet = (exports, manner, limit)
    return next(of for of in measured["fleets"] if (of["exports"], of["manner"], of["limit"]) == fleet)


def ratios(measured: Measured) -> dict[str, float]:
    """How late and how often a back-fill of ours is checked. With a seed every run is the same."""
    ours = {limit: find(measured, AT_ONCE, "ours", limit) for limit in ("fixed", "sliding")}
    return {
        f"back-fill, {limit}: {name}": of[name]
        for limit, of in ours.items()
        for name in ("delay_mean", "checks")
    }


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    manners = {
        "ours": "**Export Watch**",
        "queue": "a queue that all share",
        "refusals_only": "not stretched",
    }
    limits = {"fixed": "minute of the clock", "sliding": "60 seconds"}
    rows = []
    for of in measured["fleets"]:
        unlimited = of["limit"] == "unlimited"
        fleet = "without a limit | " if unlimited else f"{manners[of['manner']]} | {limits[of['limit']]}"
        used = f"{of['limit_used']:.0%}" if of["limit_used"] else ""  # nothing in the mean of endless time
        rows.append(
            f"{of['exports']} | {fleet} | {of['refused_share']:.1%} | {used} | {of['checks']:.1f} | "
            f"{of['delay_mean']:.0f} s | {of['delay_p95']:.0f} s"
        )
    figures = "refused | limit used | checks an export | delay: mean | 95 %"
    return {"fleet": table(f"exports | fleet | {measured['per_minute']:,} calls in any | {figures}", rows)}


def pictures(measured: Measured) -> dict[str, Figure]:
    """Calls that are answered and that are refused in each minute since the start, of any 60 seconds' limit."""
    limit, minutes = measured["per_minute"], np.arange(SHOWN_MINUTES) + 1
    shown = {
        "Export Watch": ("ours", "sliding", picture.OURS),
        "a queue that all share:\nthe best possible": ("queue", "sliding", picture.BEST),
        "not stretched": ("refusals_only", "sliding", picture.OTHERS[0]),
        "asked for, if there\nwere no limit": (*UNLIMITED, picture.OTHERS[1]),
    }
    lines = {}
    for label, (manner, kind, colour) in shown.items():
        of = find(measured, AT_ONCE, manner, kind)
        lines[label] = (colour, (of["answered_by_minute"], of["refused_by_minute"]))
    figure = picture.lines(
        f"A back-fill: {BACK_FILL} exports at once, at a limit of {limit:,} calls in any 60 seconds",
        minutes,
        lines,
        ("minute since the events", "calls answered in each minute", "calls refused in each minute"),
    )
    for panel in figure.axes:
        panel.set_xticks(minutes)
        panel.axhline(limit, color=picture.INK, lw=1.2, ls="--")
        panel.text(SHOWN_MINUTES, limit + 20, f"the limit, {limit:,}", ha="right")
    return {"fleet-back-fill": figure}


FLEET = Benchmark("fleet", run, tables, pictures, ratios, SEED)
