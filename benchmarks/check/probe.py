"""One cold start and many warm calls of a handler, in this process: `python probe.py MODULE BLOCKS CALLS`.

A script that imports next to nothing by itself, so that all else is the handler's. The event comes on standard input,
the figures go to standard error as one line of JSON; what the handler logs goes to standard output.
"""

import json
import sys
import time
from itertools import pairwise
from types import SimpleNamespace

NOT_IN_LAMBDA = ("awscrt", "cryptography", "OpenSSL")
"""Installed here for other ends. botocore imports them where it finds them, and Lambda's runtime does not have them."""


def main() -> None:
    """Times are seconds of CPU, memory is MiB."""
    module, blocks, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    event = json.load(sys.stdin)
    context = SimpleNamespace(
        function_name="check_export",
        memory_limit_in_mb="256",
        invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:check_export",
        aws_request_id="5f0e7c5e-2a0b-4c55-9e0e-7c1a4d3f0b11",
    )
    for name in NOT_IN_LAMBDA:
        sys.modules[name] = None  # type: ignore[assignment]
    began = time.process_time()
    handler = __import__(module).handler
    imported = time.process_time()
    handler(event, context)
    warm = [time.process_time()]
    for _ in range(blocks):
        for _ in range(calls):
            handler(event, context)
        warm.append(time.process_time())
    each = sorted((end - begin) / calls for begin, end in pairwise(warm))
    # Linux's own mark: `ru_maxrss` would be that of the parent, where it was the larger one when it forked.
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is not the handler's
        peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    figures = {
        "import_cpu": imported - began,
        "first_cpu": warm[0] - imported,
        "cold_cpu": warm[0] - began,
        "warm_cpu": each[len(each) // 2],
        "peak_mib": peak_kib / 1024,
    }
    print(json.dumps(figures), file=sys.stderr)


if __name__ == "__main__":
    main()
