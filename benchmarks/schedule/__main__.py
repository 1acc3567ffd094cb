"""`python -m benchmarks.schedule --durations FILE.csv [--json]`: all schedules on anyone's own durations."""

import argparse
import json
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.schedule.benchmark import CHECK_COSTS, compare
from benchmarks.schedule.schedules import OTHERS, OURS, Schedule, ours
from benchmarks.schedule.workloads import LONGEST_SECONDS, Seconds

MOST_DURATIONS = 100_000
"""They take a few seconds; more would show no more."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the arguments are those of the process unless given. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.schedule",
        description="Measure when each schedule would have noticed the end of your exports, and what that cost.",
    )
    parser.add_argument(
        "--durations", type=Path, required=True, metavar="FILE.csv", help="one column of seconds"
    )
    hint = "also with this `expected_seconds` in each event, as export_watch_expected"
    parser.add_argument("--expected", type=_expected_seconds, metavar="SECONDS", help=hint)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    schedules = {"export_watch": OURS["export_watch"]}
    if options.expected:
        schedules["export_watch_expected"] = Schedule("", partial(ours, hints=[options.expected]))
    try:
        durations = read_durations(options.durations)
    except (OSError, ValueError) as error:
        print(f"{options.durations}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1
    found = compare(schedules | OTHERS, durations)
    if options.json:
        for of in found.values():
            of["regret"] = of.pop("relative_cost")  # the name that those who read it know
        print(json.dumps({"schedules": found}, indent=2))
        return 0
    print(f"{len(durations):,} exports. Cost: mean delay + c x checks, relative to the best possible.\n")
    costs = "".join(f"{f'cost c={cost}':>13}" for cost in CHECK_COSTS)
    print(f"{'schedule':<22}{'checks':>9}{'delay: mean':>13}{'p95':>9}{costs}")
    for name, of in found.items():
        costs = "".join(f"{cost:>13.2f}" for cost in of["relative_cost"].values())
        print(f"{name:<22}{of['checks']:>9.1f}{of['delay_mean']:>11.1f} s{of['delay_p95']:>7.0f} s{costs}")
    return 0


def _expected_seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= LONGEST_SECONDS):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number of seconds from 1 to {LONGEST_SECONDS}"
        )
    return int(text)


def read_durations(path: Path) -> Seconds:
    """The durations in a file of one column, with or without a header, in ascending order.

    Raises OSError, and ValueError with the line that is no duration.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    cells = [(number, line.strip(' \t"')) for number, line in enumerate(lines, 1) if line.strip()]
    # A header has words: what has a digit is a number, if a wrong one.
    if cells and not re.search(r"\d|^[-+]?(nan|inf)", cells[0][1], re.IGNORECASE):
        del cells[0]
    if not 0 < len(cells) <= MOST_DURATIONS:
        raise ValueError(f"holds {len(cells):,} durations: 1 to {MOST_DURATIONS:,} are expected")
    durations = []
    for number, cell in cells:
        try:
            durations.append(float(cell.replace("_", "x")))  # Python alone takes 1_000 for a number
        except ValueError:
            raise ValueError(f"line {number}: {cell!r} is not a number of seconds") from None
        if not 0 <= durations[-1] <= LONGEST_SECONDS:
            raise ValueError(
                f"line {number}: {cell} s is not from 0 to {LONGEST_SECONDS} s, the longest watch"
            )
    return np.sort(durations)


if __name__ == "__main__":
    sys.exit(main())
