"""`python -m benchmarks [NAME ...] [--quick | --render]`."""

import argparse
import sys
from pathlib import Path

from benchmarks import picture
from benchmarks.check.benchmark import CHECK
from benchmarks.fleet.benchmark import FLEET
from benchmarks.frame import Benchmark, fill, read
from benchmarks.money.benchmark import MONEY
from benchmarks.schedule.benchmark import SCHEDULE

BENCHMARKS = {benchmark.name: benchmark for benchmark in (SCHEDULE, FLEET, CHECK, MONEY)}
"""In the order in which they run: money builds on the committed results of the schedule and of a check."""

ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the arguments are those of the process unless given. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure everything, write the results, and render them as tables and pictures.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(BENCHMARKS)}")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--quick", action="store_true", help="measure less, change nothing, fail on a regression"
    )
    how.add_argument("--render", action="store_true", help="measure nothing, render the committed results")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    chosen = [BENCHMARKS[name] for name in BENCHMARKS if not options.names or name in options.names]
    if options.quick:
        # A busy moment is no regression: what got worse is measured once more.
        return max(int(regressed(each) and regressed(each)) for each in chosen)
    if not options.render:
        for each in chosen:
            print(each.name, flush=True)
            each.write(each.run(False))
    render()
    return 0


def regressed(benchmark: Benchmark) -> bool:
    """Run it quickly, and print each ratio beside the committed one: whether one is worse by more than its noise."""
    committed = benchmark.ratios(read(benchmark.name))
    measured = benchmark.ratios(benchmark.run(True))
    worse = {name for name in measured if measured[name] > committed[name] * (1 + benchmark.noise)}
    for name, ratio in measured.items():
        verdict = "REGRESSION" if name in worse else "ok"
        print(f"{name:<56}{committed[name]:>8.3f} → {ratio:<8.3f} noise {benchmark.noise:.1%}  {verdict}")
    return bool(worse)


def render() -> None:
    """Write the pictures and tables of all committed results into docs/ and README.md."""
    tables: dict[str, str] = {}
    for name, benchmark in BENCHMARKS.items():
        measured = read(name)
        tables |= benchmark.tables(measured)
        for file, figure in benchmark.pictures(measured).items():
            (ROOT / "docs" / "images" / f"{file}.svg").write_text(picture.svg(figure), encoding="utf-8")
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        document.write_text(fill(document.read_text(encoding="utf-8"), tables), encoding="utf-8")
    print("rendered: the tables in docs/ and README.md, and docs/images/")


if __name__ == "__main__":
    sys.exit(main())
