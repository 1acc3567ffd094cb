"""Checks that fail with all their retries: the watch goes on, and waits longer from the third round on."""

from collections.abc import Iterator

from sandbox.aws import crashed
from tests.world import START, World, timeline

HOUR = 3600


def waits_after_failed_checks(w: World) -> Iterator[str]:
    for event in w.stack.history("default_5"):
        name = (event.get("stateEnteredEventDetails") or {}).get("name", "")
        if name.startswith("Wait ") and "failed check" in name:
            yield name


SHORT, LONG = "Wait after failed check", "Wait longer after failed checks"


def test_from_the_third_failed_round_on_the_wait_is_longer(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=HOUR)}})
    w.stack.faults.answer("check_export", crashed, until=START + HOUR)
    w.announce({"export_id": 5})
    w.run()
    assert w.outcomes == ["done"]
    assert list(waits_after_failed_checks(w)) == [SHORT, SHORT, LONG, LONG, LONG, LONG]


def test_a_check_that_succeeds_begins_the_count_anew(world) -> None:
    w = world(exports={5: {"timeline": timeline(in_progress=0, done=3 * HOUR)}})
    w.stack.faults.answer("check_export", crashed, until=START + 1000)
    w.announce({"export_id": 5})
    w.run(until=2 * HOUR)
    assert list(waits_after_failed_checks(w)) == [SHORT, SHORT, LONG]
    w.stack.faults.answer("check_export", crashed, until=START + 2 * HOUR + 1000)
    w.run()
    assert w.outcomes == ["done"]
    assert list(waits_after_failed_checks(w))[3:] in ([SHORT, SHORT], [SHORT, SHORT, LONG])
