"""`python -m benchmarks.schedule --durations FILE.csv [--json]`: all schedules on anyone's own durations."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.schedule.comparison import CHECK_COSTS, DEFAULT, Comparison, compare
from benchmarks.schedule.durations_file import DurationsFileError, read_durations
from benchmarks.schedule.workloads import LONGEST_SECONDS, SEED


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the arguments are those of the process unless given. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.schedule",
        description="Measure when each schedule would have noticed the end of your exports, and what that cost.",
    )
    parser.add_argument(
        "--durations", type=Path, required=True, metavar="FILE.csv", help="one column of seconds"
    )
    parser.add_argument(
        "--expected",
        type=_expected_seconds,
        metavar="SECONDS",
        help="also with this `expected_seconds` in each event, as export_watch_expected",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the schedules that draw their waits (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        durations = read_durations(options.durations)
    except DurationsFileError as error:
        print(f"{options.durations}: {error}", file=sys.stderr)
        return 1
    comparison = compare(durations, options.seed, options.expected)
    print(json.dumps(as_json(comparison), indent=2) if options.json else as_table(comparison))
    return 0


def _expected_seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= LONGEST_SECONDS):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number of seconds from 1 to {LONGEST_SECONDS}"
        )
    return int(text)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Checks and delays of ours are those of the default; its `regret` (relative cost) at c is that of c."""
    return {
        "schedules": {
            name: {
                "checks": by_cost[DEFAULT].mean_checks,
                "delay_mean": by_cost[DEFAULT].mean_delay,
                "delay_p95": by_cost[DEFAULT].p95_delay,
                "regret": {str(cost): comparison.relative_cost(name, cost) for cost in CHECK_COSTS},
            }
            for name, by_cost in comparison.measured.items()
        }
    }


def as_table(comparison: Comparison) -> str:
    """The same as a table for people."""
    lines = [
        f"{len(comparison.durations):,} exports. Cost: mean delay + c x checks, relative to the best possible.",
        "",
        f"{'schedule':<22}{'checks':>9}{'delay: mean':>13}{'p95':>9}"
        + "".join(f"{f'cost c={cost}':>13}" for cost in CHECK_COSTS),
    ]
    for name, of in as_json(comparison)["schedules"].items():
        lines.append(
            f"{name:<22}{of['checks']:>9.1f}{of['delay_mean']:>11.1f} s{of['delay_p95']:>7.0f} s"
            + "".join(f"{cost:>13.2f}" for cost in of["regret"].values())
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
