"""The benchmark of a check: every way in turn, round by round, so that a busy moment of the machine meets them all."""

from statistics import median
from typing import Any

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.check.pictures import pictures
from benchmarks.check.process import Way, measure, parts, serving
from benchmarks.check.tables import tables
from benchmarks.regression import median_error

SEED = 0
"""Nothing is drawn."""

WAYS = (
    Way("ours_oauth", "**Export Watch**, OAuth", "app", "oauth"),
    Way("ours_wsse", "**Export Watch**, WSSE", "app", "wsse"),
    Way(
        "ours_compiling", "**Export Watch**, OAuth, deployed without bytecode", "app", "oauth", bytecode=False
    ),
    Way("common_oauth", "the common way, OAuth", "common_way", "oauth", calls=1),
    Way("common_wsse", "the common way, WSSE", "common_way", "wsse", calls=1),
    Way("floor", "a bare GET by urllib3", "bare_get"),
)
ROUNDS, ROUNDS_QUICK = 21, 5
"""Only the rounds differ: a process that makes fewer calls is not as warm, which is no noise but another figure."""

BLOCKS = 10
"""A process makes so many blocks of calls once it is warm; what counts is the median of the blocks."""

GUARDED = (
    ("warm_cpu", "ours_oauth", "floor"),
    ("warm_cpu", "ours_wsse", "floor"),
    ("cold_cpu", "ours_oauth", "common_oauth"),
    ("cold_cpu", "ours_wsse", "common_wsse"),
    ("peak_mib", "ours_oauth", "common_oauth"),
)
"""What must not get worse: CPU and memory, which depend on the machine less than the wall's clock does."""

COMPARED = (
    *GUARDED,
    ("warm_cpu", "ours_oauth", "common_oauth"),
    ("warm_cpu", "ours_wsse", "common_wsse"),
    ("cold_cpu", "ours_compiling", "common_oauth"),
)
"""The last three are only shown: four fifths of a warm check of the common way are OpenSSL's, which reads the
certificate authorities each time, and what compiles takes long."""

MACHINE_NOISE = 0.05
"""What another machine adds to the standard error of a ratio, as a share of it."""


def run(quick: bool) -> Measured:
    """All ways; quick makes fewer rounds, and leaves out the one that compiles, which takes long."""
    ways = [way for way in WAYS if way.bytecode or not quick]
    with serving() as served:
        for way in ways:
            measure(way, served, 1)  # bytecode is written, files are read
        rounds = [
            {way.name: measure(way, served, BLOCKS) for way in ways}
            for _ in range(ROUNDS_QUICK if quick else ROUNDS)
        ]
        cold = [parts(served) for _ in range(1 if quick else ROUNDS)]
    return {
        "rounds": len(rounds),
        "calls": {way.name: BLOCKS * way.calls for way in ways},
        "ways": {way.name: {"label": way.label, **_medians(rounds, way.name)} for way in ways},
        "cold_parts": {part: median(each[part] for each in cold) for part in cold[0]},
        "ratios": [
            {"figure": figure, "way": way, "other": other, **_compare(rounds, figure, way, other)}
            for figure, way, other in COMPARED
            if way in rounds[0]
        ],
    }


def _medians(rounds: list[dict[str, dict[str, float]]], way: str) -> dict[str, float]:
    return {figure: median(each[way][figure] for each in rounds) for figure in rounds[0][way]}


def _compare(rounds: list[dict[str, dict[str, float]]], figure: str, way: str, other: str) -> dict[str, Any]:
    """The median of the rounds' ratios, and its standard error."""
    each = [of[way][figure] / of[other][figure] for of in rounds]
    return {"ratio": median(each), "error": median_error(each)}


def ratios(measured: Measured) -> dict[str, Ratio]:
    """Those of GUARDED."""
    return {
        f"{of['figure']}: {of['way']} / {of['other']}": Ratio(of["ratio"], of["error"], MACHINE_NOISE)
        for of in measured["ratios"]
        if (of["figure"], of["way"], of["other"]) in GUARDED
    }


CHECK = Benchmark("check", SEED, run, tables, pictures, ratios)
