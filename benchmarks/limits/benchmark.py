"""The benchmark of the limits: the deployed template under load, and the figures that two of the tests print."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.document import table
from benchmarks.limits.back_fill import BUSIEST, back_fill, long_watch

SEED = 0
"""Nothing is drawn: what is throttled is counted off, and jitter comes from the names of executions."""

ROOT = Path(__file__).parents[2]
SMALL, LARGE = 50, (500, 1000)
WATCHES = {"24 h, as deployed": {}, "7 days, as often as can be": BUSIEST}
SHOWN = (1, 10, 100, 1000)
PRINTING = ("tests/integration/test_token_sharing.py", "tests/stack/test_rate_limit.py")
PRINTED = {
    "tokens": r"(?P<what>\w.*): (?P<requests>\d+) requests, at most (?P<minute>\d+) in a minute and "
    r"(?P<hour>\d+) in an hour",
    "shared": r"(?P<exports>\d+) exports at (?P<limit>\d+) requests a minute: (?P<requests>\d+) requests, "
    r"(?P<refused>\d+) refused",
}
ROWS = {"tokens": 4, "shared": 1}
"""How many figures of each kind the tests print."""

MACHINE_NOISE = 0.01
"""What another machine adds to the standard error of a ratio, as a share of it: threads meet in another order."""


class FiguresMissingError(RuntimeError):
    """The tests failed, or did not print what the tables show; the text is what they printed."""


def run(quick: bool) -> Measured:
    """Everything; quick makes the small back-fill, and watches one export for a day."""
    watches = {name: long_watch(WATCHES[name]) for name in list(WATCHES)[: 1 if quick else None]}
    return {
        "back_fills": [asdict(back_fill(count)) for count in (SMALL, *(() if quick else LARGE))],
        "watches": {
            name: [asdict(of) for of in weights if of.check in SHOWN or of is weights[-1]]
            for name, weights in watches.items()
        },
        **({} if quick else _printed()),
    }


def _printed() -> dict[str, list[dict[str, str]]]:
    """The figures that tests print, which also hold them within their bounds."""
    command = [sys.executable, "-m", "pytest", "--quiet", "--capture=no", *PRINTING]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FiguresMissingError(done.stdout[-2000:])
    found = {
        name: [each.groupdict() for each in re.finditer(pattern, done.stdout)]
        for name, pattern in PRINTED.items()
    }
    if {name: len(rows) for name, rows in found.items()} != ROWS:
        raise FiguresMissingError(f"the tests print other figures than {ROWS}:\n{done.stdout}")
    return found


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "limits-requests": _requests(measured),
        "limits-back-fill": _back_fills(measured["back_fills"]),
        "limits-watch": _watches(measured["watches"]),
    }


def _requests(measured: Measured) -> str:
    rows = [
        *(
            [f"for access tokens, {of['what']}", of["requests"], of["minute"], of["hour"], ""]
            for of in measured["tokens"]
        ),
        *(
            [
                f"for status, {of['exports']} exports announced at once at a limit of {of['limit']} a minute",
                of["requests"],
                "",
                "",
                of["refused"],
            ]
            for of in measured["shared"]
        ),
    ]
    return table(["requests", "in all", "most in a minute", "most in an hour", "refused"], rows)


def _back_fills(loads: list[dict[str, Any]]) -> str:
    header = [
        "exports at once",
        "told",
        "twice",
        "dead letters",
        "calls throttled",
        "status calls",
        "token calls",
    ]
    rows = (
        [
            f"{of['announced']:,}",
            f"{sum(of['outcomes'].values()):,}",
            f"{of['told_twice']}",
            f"{of['dead_letters']}",
            f"{sum(of['throttled'].values()):,}",
            f"{of['status_calls']:,}",
            f"{of['token_calls']}",
            f"{of['largest_state_bytes']:,} B",
            f"{of['real_seconds']:.0f} s",
        ]
        for of in loads
    )
    return table([*header, "largest state", "real time"], rows)


def _watches(watches: Mapping[str, list[dict[str, int]]]) -> str:
    rows = (
        [
            name,
            f"{of['check']:,}",
            f"{of['state_bytes']:,} B",
            f"{of['events']:,}",
            f"{of['history_bytes'] / 1e6:,.2f} MB",
        ]
        for name, weights in watches.items()
        for of in weights
    )
    return table(["a watch", "at check", "state", "events of history", "history"], rows)


def ratios(measured: Measured) -> dict[str, Ratio]:
    """What must not grow with the number of exports, and of checks."""
    small, day = measured["back_fills"][0], measured["watches"][next(iter(WATCHES))]
    tenth, last = next(of for of in day if of["check"] == 10), day[-1]
    figures = {
        "status calls of an export": small["status_calls"] / small["announced"],
        "state of a watch, at its end / at its tenth check": last["state_bytes"] / tenth["state_bytes"],
        "events of history of a check": (last["events"] - tenth["events"]) / (last["check"] - tenth["check"]),
    }
    return {name: Ratio(value, machine_noise=MACHINE_NOISE) for name, value in figures.items()}


def pictures(_: Measured) -> dict[str, str]:
    """None: tables say it."""
    return {}


LIMITS = Benchmark("limits", SEED, run, tables, pictures, ratios)
