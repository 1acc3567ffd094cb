"""Where a cold start goes, in this process: CPU seconds of each part, as one line of JSON on standard error."""

import importlib
import json
import sys
import time
from typing import Any

from probe import NOT_IN_LAMBDA  # type: ignore[import-not-found]

PARTS = {
    "urllib3": "urllib3",
    "botocore": "botocore.session",
    "powertools": "export_watch.telemetry",
    "clients": "export_watch.aws",
    "own": "app",
}
"""A module for each part, imported in this order, so that what comes first pays for what they share."""


def main() -> None:
    """Import part after part; the handler gets no clients, since they were made before it."""
    for name in NOT_IN_LAMBDA:
        sys.modules[name] = None  # type: ignore[assignment]
    seconds = {}
    for part, module in PARTS.items():
        begin = time.process_time()
        imported: Any = importlib.import_module(module)
        if part == "clients":
            for service in ("secretsmanager", "dynamodb"):
                imported.client(service)
            imported.client = lambda _: None
        seconds[part] = time.process_time() - begin
    print(json.dumps(seconds), file=sys.stderr)


if __name__ == "__main__":
    main()
