"""Where a cold start goes, in this process: CPU seconds of each part, as one line of JSON on standard error."""

import importlib
import json
import sys
import time

from probe import NOT_IN_LAMBDA  # type: ignore[import-not-found]

PARTS = {"http": "export_watch.http", "powertools": "export_watch.telemetry", "own": "app"}
"""A module for each part, imported in this order, so that what comes first pays for what they share."""


def main() -> None:
    """Import part after part."""
    for name in NOT_IN_LAMBDA:
        sys.modules[name] = None  # type: ignore[assignment]
    seconds = {}
    for part, module in PARTS.items():
        begin = time.process_time()
        importlib.import_module(module)
        seconds[part] = time.process_time() - begin
    print(json.dumps(seconds), file=sys.stderr)


if __name__ == "__main__":
    main()
