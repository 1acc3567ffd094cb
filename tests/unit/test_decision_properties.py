"""What holds for every sequence of observations, every policy and every deadline.

A watch is walked from check to check as the state machine walks it, with checks that come late for reasons of their
own.
"""

import json
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from export_watch import state
from export_watch.decision import decide
from export_watch.schedule import CHECK_BUDGET, Policy, first_wait_seconds
from export_watch.watch import (
    DistributionMethod,
    Export,
    ExportStatus,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
)
from tests.unit.examples import FILE_URL, STARTED_AT, a_watch

MAX_DEADLINE = 604_800
MOST_HOSTILE = Policy(check_cost_seconds=0.1, min_wait_seconds=1, max_wait_seconds=1, stuck_after_seconds=1)

scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=10)
exports = st.builds(Export, file_name=scalars | st.just("../b"), ftp_host=scalars)
limits = st.none() | st.builds(RateLimit, st.just(1000), st.floats(0, 1000), st.none() | st.floats(0, 3600))
obstacles = st.builds(
    Obstacle, st.sampled_from(ObstacleCode), st.just("it rained"), st.none() | st.integers(0, 3600)
)
refusals = st.builds(Refused, st.sampled_from(Refusal), limits)


def statuses(*words):
    return st.builds(StatusSeen, st.sampled_from(words), exports, st.just(FILE_URL), limits)


not_final = statuses(*(status for status in ExportStatus if status not in {"done", "error"}))
policies = st.builds(
    Policy,
    check_cost_seconds=st.floats(0.1, 3600),
    min_wait_seconds=st.integers(1, 3600),
    max_wait_seconds=st.integers(1, 86_400),
    stuck_after_seconds=st.integers(1, MAX_DEADLINE) | st.integers(1, 4000),
)
watches = st.builds(
    lambda number, method, seconds: a_watch(
        execution=f"default_{number}", distribution_method=method, deadline_at=STARTED_AT + seconds
    ),
    st.integers(1, 10**15 - 1),
    st.none() | st.sampled_from(DistributionMethod),
    st.integers(60, 600) | st.integers(60, MAX_DEADLINE) | st.just(MAX_DEADLINE),
)


def walk(watch, policy, found, late):
    """When each check was made, what it led to, and the size of the state, but for the number of checks, to the end."""
    now = watch.started_at + first_wait_seconds(watch, policy)
    for observation, delay in zip(cycle(found), cycle(late), strict=False):
        decision = decide(watch, observation, now := now + delay, policy)
        watch = decision.watch
        size = len(json.dumps(state.dump(watch, policy))) - len(str(watch.checks))
        yield now, decision.outcome, size
        if decision.outcome not in ("wait", "stuck"):
            return
        assert decision.wait_seconds >= 1
        now += decision.wait_seconds


@settings(max_examples=50)
@given(
    watches,
    policies | st.just(MOST_HOSTILE),
    st.lists(statuses(*ExportStatus) | refusals | obstacles, min_size=1, max_size=8)
    | st.lists(not_final | obstacles, min_size=1, max_size=6),
    st.lists(st.just(0) | st.integers(0, 900), min_size=1, max_size=5),
)
def test_a_watch_ends_once_by_its_deadline_within_its_budget_and_its_state_does_not_grow(
    watch, policy, found, late
):
    times, outcomes, sizes = zip(*walk(watch, policy, found, late), strict=True)
    assert len(times) <= CHECK_BUDGET
    assert times[-1] <= watch.deadline_at + max(late)
    assert all(now < watch.deadline_at for now in times[:-1])
    assert outcomes.count("stuck") <= 1
    twice = 2 * len(found)  # all that can be found was found by then, and ready for the first time
    assert max(sizes) <= max(sizes[: twice + 1])
