"""The parsers under a fuzzer that is led by coverage.

    pip install atheris
    python -m tests.fuzz.coverage_guided -max_total_time=60

Not part of the suite, which fuzzes with hypothesis: atheris is no dependency of the project. Whatever the bytes are, an
event is a request or an InvalidEventError, and a reply is an observation; the first other exception ends the run.
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports():
    from export_watch import errors, export_created
    from export_watch.emarsys.reply import interpret
    from export_watch.transport import Reply

STATUSES = (200, 302, 400, 401, 403, 404, 429, 500, 503)
DETAIL = '{"detail":{"export_id":5,"context":%s}}'


def parse_both(data: bytes) -> None:
    """One input: as an event, as a context within an event, and as the body and a header of a reply."""
    text = data.decode("utf-8", "replace")
    for body in (text, DETAIL.replace("%s", text)):
        with contextlib.suppress(errors.InvalidEventError):
            export_created.parse(body, 86_400)
    status = STATUSES[len(data) % len(STATUSES)]
    headers = {"Retry-After": text[:40], "X-RateLimit-Remaining": text[:20], "X-RateLimit-Limit": "1000"}
    interpret(Reply(status, headers, data), 5, "https://api.emarsys.net/api/v3/export/5", 1_795_452_601.0)


if __name__ == "__main__":
    atheris.Setup(sys.argv, parse_both)
    atheris.Fuzz()
