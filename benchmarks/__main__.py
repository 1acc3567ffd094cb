"""`python -m benchmarks [NAME ...] [--quick | --render]`."""

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks import document, results
from benchmarks.benchmark import Benchmark
from benchmarks.check.benchmark import CHECK
from benchmarks.fleet.benchmark import FLEET
from benchmarks.money.benchmark import MONEY
from benchmarks.regression import changes
from benchmarks.schedule.benchmark import SCHEDULE

BENCHMARKS = (SCHEDULE, FLEET, CHECK, MONEY)
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
        render()
    except (results.ResultMissingError, document.UnknownTableError) as error:
        print(error, file=sys.stderr)
        return 1
    print("the tables in benchmarks/results/, docs/ and README.md, and docs/images/, are rendered")
    return 0


def measure(chosen: Sequence[Benchmark]) -> None:
    """Run benchmarks in full, and write and print what they measured."""
    for benchmark in chosen:
        started = time.perf_counter()
        results.write(benchmark, benchmark.run(False))
        print(f"\n{benchmark.name}: {time.perf_counter() - started:.1f} s")
        for table in benchmark.tables(results.read(benchmark.name)["measured"]).values():
            print(f"\n{table}")


def compare(chosen: Sequence[Benchmark]) -> int:
    """Run benchmarks quickly against the committed results; 1 if a ratio is worse, and is again in a second run."""
    code = 0
    for benchmark in chosen:
        committed = benchmark.ratios(results.read(benchmark.name)["measured"])
        found = changes(committed, benchmark.ratios(benchmark.run(True)))
        if any(change.is_regression for change in found):
            found = changes(committed, benchmark.ratios(benchmark.run(True)))
        print(*found, sep="\n")
        code |= any(change.is_regression for change in found)
    return code


def render() -> None:
    """Write the tables and pictures of the committed results of all benchmarks."""
    made: dict[str, str] = {}
    for benchmark in BENCHMARKS:
        result = results.read(benchmark.name)
        tables = benchmark.tables(result["measured"])
        run = results.provenance(result)
        parts = [f"# {benchmark.name}", run, *(f"## {name}\n\n{each}" for name, each in tables.items())]
        (results.FOLDER / f"{benchmark.name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        for name, picture in benchmark.pictures(result["measured"]).items():
            (document.IMAGES / f"{name}.svg").write_text(picture, encoding="utf-8")
        made |= {**tables, f"{benchmark.name}-run": run}
    for file, text in document.filled_documents(made).items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
