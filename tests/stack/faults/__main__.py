"""`python -m tests.stack.faults` runs the fault matrix and prints it; `--write` puts it into the document, too."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.stack.faults import document
from tests.stack.faults.groups import GROUPS, TABLES, report_of


def main() -> int:
    """Run and print. The exit status is 1 if a cell is not as the tables say."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack.faults", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write it into {document.DOCUMENT.name}, too")
    options = parser.parse_args()
    wrong: list[str] = []
    count, begin = 0, time.monotonic()
    # In processes of their own: a process can hold one deployment.
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as processes:
        for report in processes.map(report_of, range(len(GROUPS))):
            print(f"{report.name}: {report.exports} exports in {report.seconds:.1f} s", file=sys.stderr)
            count += report.exports
            wrong += report.wrong
    for line in wrong:
        print(f"wrong: {line}", file=sys.stderr)
    print(f"{count} exports in {time.monotonic() - begin:.0f} s, {len(wrong)} of them wrong", file=sys.stderr)
    if wrong:
        return 1
    text = document.matrix(TABLES)
    print(text)
    if options.write:
        filled = document.filled(document.DOCUMENT.read_text("utf-8"), text)
        document.DOCUMENT.write_text(filled, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
