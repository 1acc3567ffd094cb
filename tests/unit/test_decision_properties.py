"""What holds for every sequence of observations, every policy and every deadline.

A watch is walked from check to check as the state machine walks it, with checks that come late for reasons of their
own, and through the state that the machine passes on. An independent reading of the rules says what each leads to.
"""

import json
from dataclasses import dataclass, field
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from export_watch import state
from export_watch.check_report import Before
from export_watch.decision import Decision, decide
from export_watch.schedule import CHECK_BUDGET, Policy, first_wait_seconds
from export_watch.watch import (
    DistributionMethod,
    Export,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
    Watch,
)
from tests.unit.examples import ARN, FILE_URL, STARTED_AT, a_watch

MAX_DEADLINE = 604_800

texts = st.text(max_size=10)
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts
exports = st.builds(Export, file_name=scalars | st.just("../b"), ftp_host=scalars)
limits = st.none() | st.builds(RateLimit, st.just(1000), st.floats(0, 1000), st.none() | st.floats(0, 3600))
refusals = st.builds(Refused, st.sampled_from(Refusal), limits)
obstacles = st.builds(
    Obstacle, st.sampled_from(ObstacleCode), st.just("it rained"), st.none() | st.integers(0, 3600)
)


def statuses(words):
    return st.builds(StatusSeen, st.sampled_from(words), exports, st.just(FILE_URL), limits)


not_final = [status for status in ExportStatus if status not in {ExportStatus.DONE, ExportStatus.ERROR}]
anything = st.lists(statuses(list(ExportStatus)) | refusals | obstacles, min_size=1, max_size=8)
nothing_final = st.lists(statuses(not_final) | obstacles, min_size=1, max_size=6)
policies = st.builds(
    Policy,
    check_cost_seconds=st.floats(0.1, 3600),
    min_wait_seconds=st.integers(1, 3600),
    max_wait_seconds=st.integers(1, 86_400),
    stuck_after_seconds=st.integers(1, MAX_DEADLINE) | st.integers(1, 4000),
)
most_hostile = st.just(Policy(0.1, 1, 1, 1))
watches = st.builds(
    lambda number, method, context, seconds: a_watch(
        execution=f"default_{number}",
        distribution_method=method,
        context=context,
        deadline_at=STARTED_AT + seconds,
    ),
    st.integers(1, 10**15 - 1),
    st.none() | st.sampled_from(DistributionMethod),
    st.dictionaries(texts, scalars, max_size=3),
    st.integers(60, 600) | st.integers(60, MAX_DEADLINE) | st.just(MAX_DEADLINE),
)
delays = st.lists(st.just(0) | st.integers(0, 900), min_size=1, max_size=5)


@dataclass(frozen=True)
class Step:
    now: int
    observation: Observation
    decision: Decision
    state_size: int


def walk(watch: Watch, policy: Policy, found, late=(0,)):
    """Each check of a watch, to its end; what is found, and how late the checks come, repeats itself."""
    arn = ARN.replace("default_123", watch.execution)
    now = watch.started_at + first_wait_seconds(watch, policy)
    for observation, delay in zip(cycle(found), cycle(late), strict=False):
        now += delay
        decision = decide(watch, observation, now, policy)
        remembered = json.dumps(state.dump(decision.watch, policy))
        assert state.load(json.loads(remembered), arn) == Before(decision.watch, policy)
        yield Step(now, observation, decision, len(remembered) - len(str(decision.watch.checks)))
        if decision.outcome not in ("wait", "stuck"):
            return
        assert decision.wait_seconds >= 1
        watch = decision.watch
        now += decision.wait_seconds


@dataclass
class Rules:
    """The rules of a watch once more, as the design has them and with a memory that may grow."""

    watch: Watch
    policy: Policy
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    stuck: bool = False

    def outcome(self, seen: Observation, now: int) -> str:
        if isinstance(seen, Refused):
            self.refused.append((now, seen.refusal))
            if any(now - at >= 60 and same is seen.refusal for at, same in self.refused):
                return "rejected"
        status = seen.status if isinstance(seen, StatusSeen) else None
        if status:
            self.refused.clear()
        if status in (ExportStatus.DONE, ExportStatus.ERROR):
            return status
        if now >= self.watch.deadline_at:
            return "expired"
        if status is ExportStatus.READY:
            self.ready.append(now)
            if not self.stuck and now - self.ready[0] >= self.policy.stuck_after_seconds:
                self.stuck = True
                return "stuck"
        return "wait"


@settings(max_examples=60)
@given(watches, policies, anything, delays)
def test_every_check_leads_to_what_the_rules_say(watch, policy, found, late):
    rules = Rules(watch, policy)
    for step in walk(watch, policy, found, late):
        assert step.decision.outcome == rules.outcome(step.observation, step.now)


@settings(max_examples=20)
@given(watches, policies | most_hostile, nothing_final, delays)
def test_a_watch_ends_by_its_deadline_within_its_budget_and_its_state_does_not_grow(
    watch, policy, found, late
):
    steps = list(walk(watch, policy, found, late))
    assert len(steps) <= CHECK_BUDGET
    assert steps[-1].now <= watch.deadline_at + max(late)
    assert all(step.now < watch.deadline_at for step in steps[:-1])
    once = len(found) * len(late) * 2
    assert max(step.state_size for step in steps) <= max(step.state_size for step in steps[: once + 1])


@settings(max_examples=5)
@given(watches, most_hostile, nothing_final)
def test_the_most_hostile_policy_ends_at_the_deadline(watch, policy, found):
    assert [*walk(watch, policy, found)][-1].now == watch.deadline_at
