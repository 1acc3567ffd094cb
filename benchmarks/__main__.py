"""`python -m benchmarks [NAME ...] [--quick | --render]`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import document, results
from benchmarks.benchmark import Benchmark
from benchmarks.check.benchmark import CHECK
from benchmarks.fleet.benchmark import FLEET
from benchmarks.limits.benchmark import LIMITS
from benchmarks.money.benchmark import MONEY
from benchmarks.regression import Change, RatioMissingError, changes
from benchmarks.sandbox.benchmark import SANDBOX
from benchmarks.schedule.benchmark import SCHEDULE

BENCHMARKS = (SCHEDULE, FLEET, CHECK, MONEY, LIMITS, SANDBOX)
"""In the order in which they run: one may build on the committed result of an earlier one, as money does."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the arguments are those of the process unless given. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure everything, write the results, and render them as tables and pictures.",
    )
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(names)}")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--quick", action="store_true", help="measure less, change no file, fail on a regression"
    )
    how.add_argument("--render", action="store_true", help="measure nothing, render the committed results")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(names):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    chosen = [benchmark for benchmark in BENCHMARKS if not options.names or benchmark.name in options.names]
    try:
        if options.quick:
            return compare(chosen)
        if not options.render:
            measure(chosen)
        document.write(rendered())
    except (results.ResultMissingError, document.UnknownTableError, RatioMissingError) as error:
        print(error, file=sys.stderr)
        return 1
    print("the tables of README.md and docs/, and docs/images/, are rendered from benchmarks/results/")
    return 0


def measure(chosen: Sequence[Benchmark]) -> None:
    """Run benchmarks in full, and write and print what they measured."""
    for benchmark in chosen:
        started = time.perf_counter()
        measured = benchmark.run(False)
        results.write(benchmark, measured)
        print(f"\n{benchmark.name}: {time.perf_counter() - started:.1f} s")
        for table in benchmark.tables(results.read(benchmark.name)["measured"]).values():
            print(f"\n{table}")


def compare(chosen: Sequence[Benchmark]) -> int:
    """Run benchmarks quickly against the committed results; 1 if anything got worse or a document is stale."""
    compared = [change for benchmark in chosen for change in _quickly(benchmark)]
    for change in compared:
        print(change)
    stale = document.stale(rendered())
    for file in stale:
        print(f"{file} is not what the committed results make: run python -m benchmarks --render")
    return 1 if stale or any(change.is_regression for change in compared) else 0


def _quickly(benchmark: Benchmark) -> list[Change]:
    """A quick run against the committed one. What got worse is worse again in a second run; a busy moment is over."""
    committed = benchmark.ratios(results.read(benchmark.name)["measured"])
    found = changes(committed, benchmark.ratios(benchmark.run(True)))
    if not any(change.is_regression for change in found):
        return found
    again = changes(committed, benchmark.ratios(benchmark.run(True)))
    return [max(pair, key=lambda change: change.margin) for pair in zip(found, again, strict=True)]


def rendered() -> dict[Path, str]:
    """What the generated files should hold, by the committed results of all benchmarks."""
    tables: dict[str, str] = {}
    pictures: dict[str, str] = {}
    for benchmark in BENCHMARKS:
        result = results.read(benchmark.name)
        tables |= benchmark.tables(result["measured"])
        tables[f"{benchmark.name}-run"] = provenance(result)
        pictures |= benchmark.pictures(result["measured"])
    return document.render(tables, pictures)


def provenance(result: dict[str, Any]) -> str:
    """How a result came about, in a sentence."""
    machine = result["machine"]
    return (
        f"Made by `{result['command']}` with the seed {result['seed']} on {result['measured_on']}, by Python "
        f"{machine['python']} on {machine['cores']} cores of {machine['processor']} with {machine['memory_gib']} GiB "
        f"({machine['system']}). All figures: [{result['benchmark']}.json](../benchmarks/results/"
        f"{result['benchmark']}.json)."
    )


if __name__ == "__main__":
    sys.exit(main())
