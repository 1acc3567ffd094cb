"""Checks that fail with all their retries: the watch goes on, and waits longer from the third round on."""

import json
from itertools import pairwise

from sandbox.aws import crashed
from tests.contract.schemas import ROOT
from tests.world import START, World, timeline

HOUR = 3600
SHORT, LONG = "Wait after failed check", "Wait longer after failed checks"

EVENTS_LIMIT = 25_000
"""Step Functions ends an execution whose history has so many events."""
TIMEOUT_SECONDS = json.loads((ROOT / "statemachine" / "export_watch.asl.json").read_text("utf-8"))[
    "TimeoutSeconds"
]


def rounds(w: World) -> list[tuple[str, int]]:
    """The waits after failed checks, and the number of the event that each begins with."""
    events = enumerate(w.stack.history("default_5"))
    names = ((event.get("stateEnteredEventDetails", {}).get("name"), number) for number, event in events)
    return [(name, number) for name, number in names if name in (SHORT, LONG)]


def test_the_third_failed_round_in_a_row_and_all_that_follow_wait_longer_and_fill_no_history(world):
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=3 * HOUR)}})
    w.stack.faults.answer("check_export", crashed, until=START + HOUR)
    w.announce({"export_id": 5})
    w.run(until=2 * HOUR)
    assert [name for name, _ in rounds(w)] == [SHORT, SHORT, LONG, LONG, LONG, LONG]
    [events] = {after - before for (_, before), (_, after) in pairwise(rounds(w)[2:])}
    assert EVENTS_LIMIT / events * 900 > TIMEOUT_SECONDS

    # A check that succeeds begins the count anew; one that cannot be counted goes on all the same.
    w.stack.faults.answer("check_export", crashed, until=START + 2 * HOUR + 1000)
    w.stack.faults.fail("cloudwatch.PutMetricData")
    w.run()
    assert [name for name, _ in rounds(w)][6:] in ([SHORT, SHORT], [SHORT, SHORT, LONG])
    assert w.outcomes == ["done"]
