"""A back-fill: many events at once; and what a long watch weighs."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

from export_watch.schedule import REFUSED_SPREAD_SECONDS
from sandbox.emarsys.server import SeenRequest
from tests.world import WSSE, timeline

EXPORTS = 30
"""A figure of docs/reference/limits.md. More of them take longer and show no more."""

EVENT_QUOTA = 25_000
"""Step Functions ends an execution after so many events of history."""

STATE_QUOTA_BYTES = 262_144
"""Step Functions ends an execution whose state is longer."""

DAY = 86_400


def test_every_export_of_a_back_fill_is_published_once_though_aws_throttles(world):
    lives = [timeline(in_progress=0, **end) for end in ({"done": 15}, {"done": 90}, {"error": 30})]
    w = world(exports={number: {"timeline": lives[number % 3]} for number in range(1, EXPORTS + 1)})
    throttles = [
        w.stack.faults.fail(operation, "ThrottlingException", status=429, times=EXPORTS // 3)
        for operation in ("stepfunctions.StartExecution", "lambda.Invoke", "sns.Publish")
    ]
    w.announce(*({"export_id": number} for number in range(1, EXPORTS + 1)))
    w.run()
    assert sorted(data["export_id"] for data in w.data) == list(range(1, EXPORTS + 1))
    assert set(w.outcomes) == {"done", "error"}
    assert Counter(w.statuses.values()) == {"SUCCEEDED": EXPORTS}
    assert w.stack.dead_letters() == []
    assert [fault.hits for fault in throttles] == [EXPORTS // 3] * 3
    assert sum("/oauth2/" in seen.path for seen in w.server.requests) == 1


def test_what_the_rate_limit_refuses_waits_as_long_as_emarsys_says_and_is_not_lost(world):
    """The first checks come within eleven seconds: more than half of them when nothing of the minute is left."""
    w = world(
        secret=WSSE,
        exports={n: {"timeline": timeline(in_progress=0, done=60)} for n in range(1, EXPORTS + 1)},
        requests_per_minute=EXPORTS // 3,
    )
    w.announce(*({"export_id": n} for n in range(1, EXPORTS + 1)))
    w.run()
    assert w.outcomes == ["done"] * EXPORTS
    assert w.stack.dead_letters() == []
    waits = list(waits_after_refusals(w.server.requests))
    assert len(waits) > EXPORTS // 2
    # Spread over the next minute. Emarsys's Date and our waits are whole seconds: each rounds by less than one.
    assert min(waits) >= 0
    assert max(waits) < REFUSED_SPREAD_SECONDS + 2


def waits_after_refusals(requests: Iterable[SeenRequest]) -> Iterator[float]:
    """Seconds from the moment to which Emarsys refuses a watch, the end of the minute, to its next check."""
    refused_until: dict[str, float] = {}
    for request in requests:
        if request.path in refused_until:
            yield request.at - refused_until.pop(request.path)
        if request.status == 429:
            refused_until[request.path] = (request.at // 60 + 1) * 60
    assert not refused_until


def test_a_watch_of_24_hours_does_not_grow_with_its_checks_and_its_history_does_by_a_constant(world):
    """The figures of docs/reference/limits.md are from here, with a context as long as it may be."""
    export = {"file_name": "f" * 200, "ftp_dir": "d/" * 100, "timeline": timeline(in_progress=0, ready=3600)}
    w = world(exports={1: export})
    w.announce({"export_id": 1, "context": {"note": "x" * 8000}})
    w.run()
    assert w.outcomes == ["stuck", "expired"]
    expired = w.data[-1]
    assert expired["watch"]["elapsed_seconds"] == DAY
    assert w.published[-1]["message"]["time"] == expired["watch"]["deadline_at"]
    # The number and the state of each entry of a check.
    checks = [
        (number, event["stateEnteredEventDetails"]["input"])
        for number, event in enumerate(w.stack.history("default_1"), 1)
        if event.get("stateEnteredEventDetails", {}).get("name") == "Check export"
    ]
    assert 130 <= len(checks) == expired["watch"]["checks"] <= 310
    sizes = sorted(len(state.encode()) for _, state in checks[50:])
    # The check after `stuck` was published still carries that notification; else only a counter gains a digit.
    assert sizes[-2] - sizes[0] < 100
    assert sizes[-1] < STATE_QUOTA_BYTES / 8
    steps = sorted(after - before for (before, _), (after, _) in itertools.pairwise(checks))
    assert set(steps[:-1]) == {9}
    assert steps[-1] < 20  # `stuck` was published on the way
    assert checks[-1][0] < EVENT_QUOTA / 10
