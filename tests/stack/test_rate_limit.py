"""Many exports announced at once, at a rate limit that is lower than what they would ask if each were alone."""

import json

from tests.stack.conftest import START, WSSE, timeline

EXPORTS = 60
REQUESTS_PER_MINUTE = 100


def test_a_back_fill_slows_down_together_and_loses_nothing(world, capsys) -> None:
    # One after the other is done, from the first minute to the fourth; alone they would ask 300 times in the first.
    plans = {n: {"timeline": timeline(in_progress=0, done=30 + 3 * n)} for n in range(1, EXPORTS + 1)}
    w = world(secret=WSSE, exports=plans, requests_per_minute=REQUESTS_PER_MINUTE)
    w.announce(*({"export_id": n} for n in plans))
    w.run()

    assert w.outcomes == ["done"] * EXPORTS
    assert {data["export_id"] for data in w.data} == set(plans)
    assert set(w.statuses.values()) == {"SUCCEEDED"}
    assert w.stack.dead_letters() == []
    assert {json.loads(execution.output or "{}").get("error") for execution in w.stack.executions()} == {None}

    seen = w.server.requests
    refused = [request for request in seen if request.status == 429]
    later = [request for request in seen if request.at >= START + 60]
    refused_later = [request for request in refused if request.at >= START + 60]
    with capsys.disabled():
        print(
            f"\n{EXPORTS} exports at {REQUESTS_PER_MINUTE} requests a minute: {len(seen)} requests, {len(refused)} of"
            f" them refused ({len(refused) / len(seen):.1%}), {len(refused_later)} of these after the first minute"
        )
    assert len(refused) < 0.10 * len(seen)
    assert len(refused_later) <= 0.02 * len(later)
