"""What holds for every sequence of observations, every policy and every deadline.

A watch is walked from look to look as the state machine walks it, with looks that come late for reasons of their own.
An independent reading of the rules, in `Rules`, says what each look has to lead to.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from export_watch import state
from export_watch.check_report import Before
from export_watch.decision import Decision, End, Wait, decide
from export_watch.schedule import CHECK_BUDGET, Policy, first_wait_seconds
from export_watch.watch import (
    DistributionMethod,
    Export,
    ExportStatus,
    Observation,
    Obstacle,
    ObstacleCode,
    Outcome,
    RateLimit,
    Refusal,
    Refused,
    StatusSeen,
    Watch,
)
from tests.unit.examples import ARN, STARTED_AT, a_watch

MAX_DEADLINE = 604_800
UNENDING = [status for status in ExportStatus if status not in {ExportStatus.DONE, ExportStatus.ERROR}]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts
exports = st.builds(
    Export, *[scalars] * 3, file_name=scalars | st.sampled_from(["a.csv", "../b"]), ftp_host=scalars
)
obstacles = st.builds(
    Obstacle, st.sampled_from(ObstacleCode), st.just("it rained"), st.none() | st.integers(0, 3600)
)
limits = st.none() | st.builds(RateLimit, st.just(1000), st.floats(0, 1000), st.none() | st.floats(0, 3600))
refusals = st.builds(Refused, st.sampled_from(Refusal), limits)


def statuses(*words: ExportStatus) -> st.SearchStrategy[Observation]:
    return st.builds(
        StatusSeen, st.sampled_from(words), exports, st.just("https://h/api/v3/export/123"), limits
    )


anything = st.one_of(statuses(*ExportStatus), refusals, obstacles)
no_final_status = st.one_of(statuses(*UNENDING), refusals, obstacles)
status_or_obstacle = st.one_of(statuses(*UNENDING), obstacles)

policies = st.builds(
    Policy,
    check_cost_seconds=st.floats(0.1, 3600),
    min_wait_seconds=st.integers(1, 3600) | st.just(1),
    max_wait_seconds=st.integers(1, 86_400) | st.just(1),
    stuck_after_seconds=st.integers(1, MAX_DEADLINE) | st.integers(1, 4000),
)
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
whole_delays = st.lists(st.just(0) | st.integers(0, 900), min_size=1, max_size=5)
part_delays = st.lists(st.just(0.0) | st.floats(0, 900), min_size=1, max_size=5)


@dataclass(frozen=True)
class Step:
    now: float
    observation: Observation
    decision: Decision

    @property
    def outcome(self) -> Outcome | None:
        return None if isinstance(self.decision, Wait) else self.decision.outcome


def walk(
    watch: Watch, policy: Policy, found: list[Observation], delays: list[int] | list[float]
) -> Iterator[Step]:
    """Each check of a watch, to its end; what is found, and how late the checks come, repeats itself."""
    now: float = watch.started_at + first_wait_seconds(watch, policy)
    for observation, delay in zip(cycle(found), cycle(delays), strict=False):
        now += delay
        decision = decide(watch, observation, now, policy)
        yield Step(now, observation, decision)
        if isinstance(decision, End):
            return
        assert decision.wait_seconds >= 1
        watch = decision.watch
        now += decision.wait_seconds


@dataclass
class Rules:
    """The rules of a watch once more, as the design has them and with a memory that may grow."""

    watch: Watch
    policy: Policy
    refused: list[tuple[float, Refusal]] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    published: bool = False

    def outcome(self, observation: Observation, now: float) -> Outcome | None:
        final = None
        ready_now = False
        match observation:
            case StatusSeen(status=status):
                self.refused.clear()
                final = {ExportStatus.DONE: Outcome.DONE, ExportStatus.ERROR: Outcome.ERROR}.get(status)
                if ready_now := status is ExportStatus.READY:
                    self.ready.append(now)
            case Refused(refusal=refusal):
                self.refused.append((now, refusal))
                if any(now - at >= 60 and same is refusal for at, same in self.refused):
                    final = Outcome.REJECTED
        if final or now >= self.watch.deadline_at:
            return final or Outcome.EXPIRED
        if ready_now and not self.published and now - self.ready[0] >= self.policy.stuck_after_seconds:
            self.published = True
            return Outcome.STUCK
        return None


@given(watches, policies, st.lists(anything, min_size=1, max_size=8), whole_delays)
def test_every_check_leads_to_what_the_rules_say(
    watch: Watch, policy: Policy, found: list[Observation], delays: list[int]
) -> None:
    rules = Rules(watch, policy)
    for step in walk(watch, policy, found, delays):
        assert step.outcome is rules.outcome(step.observation, step.now)


@settings(max_examples=60)
@given(watches, policies, st.lists(no_final_status, min_size=1, max_size=8), part_delays)
def test_a_watch_ends_once_by_its_deadline_within_its_budget_and_is_stuck_at_most_once(
    watch: Watch, policy: Policy, found: list[Observation], delays: list[float]
) -> None:
    steps = list(walk(watch, policy, found, delays))
    outcomes = [step.outcome for step in steps if step.outcome]
    assert [outcome.terminal for outcome in outcomes].count(True) == 1
    assert outcomes.count(Outcome.STUCK) <= 1
    assert len(steps) <= CHECK_BUDGET
    assert all(step.now < watch.deadline_at for step in steps[:-1])
    late = max(delays) + 1  # a wait is whole seconds
    assert steps[-1].now <= watch.deadline_at + late


@settings(max_examples=30)
@given(
    st.integers(60, MAX_DEADLINE),
    st.lists(status_or_obstacle, min_size=1),
)
def test_the_most_hostile_policy_stays_within_the_budget_of_checks(
    deadline_seconds: int, found: list[Observation]
) -> None:
    policy = Policy(check_cost_seconds=0.1, min_wait_seconds=1, max_wait_seconds=1, stuck_after_seconds=1)
    watch = a_watch(deadline_at=STARTED_AT + deadline_seconds)
    steps = list(walk(watch, policy, found, [0]))
    assert steps[-1].now == watch.deadline_at
    assert len(steps) <= CHECK_BUDGET


@given(watches, policies, st.lists(anything, min_size=1, max_size=8), part_delays)
def test_what_is_remembered_survives_the_state_machine(
    watch: Watch, policy: Policy, found: list[Observation], delays: list[float]
) -> None:
    arn = ARN.rpartition(":")[0] + f":{watch.execution}"
    for step, _ in zip(walk(watch, policy, found, delays), range(20), strict=False):
        dumped = state.dump(step.decision.watch, policy)
        text = json.dumps(dumped, ensure_ascii=False).encode().decode()
        assert state.load(json.loads(text), arn) == Before(step.decision.watch, policy)


def size_but_for_the_count(watch: Watch, policy: Policy) -> int:
    return len(json.dumps(state.dump(replace(watch, checks=0), policy)))


@settings(max_examples=40)
@given(watches, policies, st.lists(no_final_status, min_size=1, max_size=6))
def test_what_is_remembered_does_not_grow_with_the_number_of_checks(
    watch: Watch, policy: Policy, found: list[Observation]
) -> None:
    watched = [step.decision.watch for step in walk(watch, policy, found, [0])]
    early, late = watched[: 3 * len(found)], watched[3 * len(found) :]
    largest = max(size_but_for_the_count(seen, policy) for seen in early)
    for later in (*late[::50], *late[-1:]):
        assert size_but_for_the_count(later, policy) <= largest
