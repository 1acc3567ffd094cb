"""Many exports announced at once, at a rate limit that is lower than what they would ask if each were alone.

A tenth of the back-fill in docs/benchmarks.md, where 500 exports meet a limit of 1,000 requests a minute.
"""

import json
from collections.abc import Iterator

from export_watch.schedule import REFUSED_SPREAD_SECONDS
from tests.world import START, WSSE, timeline

EXPORTS = 50
REQUESTS_PER_MINUTE = 100
"""On their own, fifty watches ask some 160 times in their first minute."""

LOW_REQUESTS_PER_MINUTE = 20
"""So low that not even the first checks fit in."""


def test_a_back_fill_slows_down_together_and_loses_nothing(world, capsys) -> None:
    plans = {n: {"timeline": timeline(in_progress=0, done=60 + 3 * n)} for n in range(1, EXPORTS + 1)}
    w = world(secret=WSSE, exports=plans, requests_per_minute=REQUESTS_PER_MINUTE)
    w.announce(*({"export_id": n} for n in plans))
    w.run()

    assert w.outcomes == ["done"] * EXPORTS
    assert {data["export_id"] for data in w.data} == set(plans)
    assert set(w.statuses.values()) == {"SUCCEEDED"}
    assert w.stack.dead_letters() == []
    assert "ChecksFailed" not in w.log("check_export")

    asked = w.server.requests
    refused = [request.at - START for request in asked if request.status == 429]
    share = len(refused) / len(asked)
    sizes = [len(json.dumps(state)) for state in states(w.stack.history(f"default_{EXPORTS}"))]
    figures = (
        f"\n{EXPORTS} exports at {REQUESTS_PER_MINUTE} requests a minute: {len(asked)} requests, "
        f"{len(refused)} refused, the last one after {max(refused, default=0):.0f} s; "
        f"the state of a watch: {sizes[0]} to {max(sizes)} bytes"
    )
    with capsys.disabled():
        print(figures)
    assert share < 0.08  # it begins with the limit's own minute, which is the worst moment
    assert max(refused, default=0) < 90
    assert max(sizes) < 1000


def test_what_is_refused_all_the_same_waits_as_long_as_emarsys_says_and_is_not_lost(world) -> None:
    """Fifty first checks within eleven seconds: more than half of them come when nothing of the minute is left."""
    plans = {n: {"timeline": timeline(in_progress=0, done=60)} for n in range(1, EXPORTS + 1)}
    w = world(secret=WSSE, exports=plans, requests_per_minute=LOW_REQUESTS_PER_MINUTE)
    w.announce(*({"export_id": n} for n in plans))
    w.run()

    assert w.outcomes == ["done"] * EXPORTS
    assert {data["export_id"] for data in w.data} == set(plans)
    assert w.stack.dead_letters() == []

    waits = list(waits_after_refusals(w.server.requests))
    assert len(waits) > EXPORTS - LOW_REQUESTS_PER_MINUTE
    # Spread over the next minute. Emarsys's Date and our waits are whole seconds: each rounds by less than one.
    assert min(waits) >= 0
    assert max(waits) < REFUSED_SPREAD_SECONDS + 2


def waits_after_refusals(requests) -> Iterator[float]:
    """Seconds from the moment to which Emarsys refuses a watch, the end of the minute, to its next check."""
    refused_until: dict[str, float] = {}
    for request in requests:
        if request.path in refused_until:
            yield request.at - refused_until.pop(request.path)
        if request.status == 429:
            refused_until[request.path] = (request.at // 60 + 1) * 60
    assert not refused_until


def states(history) -> list[dict[str, object]]:
    """What the watch remembered before each of its waits."""
    inputs = (event.get("stateEnteredEventDetails", {}) for event in history)
    return [json.loads(entered["input"])["watch"] for entered in inputs if entered.get("name") == "Wait"]
