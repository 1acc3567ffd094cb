"""`python -m benchmarks.schedule --durations FILE.csv [--json]`: all schedules on anyone's own durations."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.schedule.comparison import CHECK_COSTS, SEED, Comparison, compare
from benchmarks.schedule.durations_file import DurationsFileError, read_durations


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the arguments are those of the process unless given. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.schedule",
        description="Measure when each schedule would have noticed the end of your exports, and what that cost.",
    )
    parser.add_argument(
        "--durations", type=Path, required=True, metavar="FILE.csv", help="one column of seconds"
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
    comparison = compare(durations, options.seed)
    print(json.dumps(as_json(comparison), indent=2) if options.json else as_table(comparison))
    return 0


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Checks and delays of ours are those of the default `CheckCostSeconds`; its regret at c is that of c."""
    return {
        "schedules": {
            name: {
                "checks": measured.mean_checks,
                "delay_mean": measured.mean_delay,
                "delay_p95": measured.p95_delay,
                "regret": {str(cost): comparison.regret(name, cost) for cost in CHECK_COSTS},
            }
            for name in comparison.names
            for measured in [comparison.measurement(name)]
        }
    }


def as_table(comparison: Comparison) -> str:
    """The same as a table for people."""
    explanation = (
        f"{len(comparison.durations):,} exports. Regret: mean delay + c x checks, as a multiple of the best possible "
        "schedule's."
    )
    lines = [
        explanation,
        "",
        f"{'schedule':<18}{'checks':>9}{'delay: mean':>13}{'p95':>9}"
        + "".join(f"{f'regret c={cost}':>13}" for cost in CHECK_COSTS),
    ]
    for name in comparison.names:
        measured = comparison.measurement(name)
        lines.append(
            f"{name:<18}{measured.mean_checks:>9.1f}{measured.mean_delay:>11.1f} s{measured.p95_delay:>7.0f} s"
            + "".join(f"{comparison.regret(name, cost):>13.2f}" for cost in CHECK_COSTS)
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
