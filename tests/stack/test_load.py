"""Load: many exports announced at once are all told, once, whatever AWS throttles; a long watch does not grow."""

import itertools

from tests.stack.load import back_fill, long_watch

EXPORTS = 50

EVENT_QUOTA = 25_000
"""Step Functions ends an execution after so many events of history."""

STATE_QUOTA_BYTES = 262_144
"""Step Functions ends an execution whose state is longer."""


def test_every_export_of_a_back_fill_is_published_once_though_aws_throttles() -> None:
    load = back_fill(EXPORTS)
    assert sum(load.outcomes.values()) == EXPORTS
    assert set(load.outcomes) == {"done", "error"}
    assert load.told_twice == 0
    assert load.dead_letters == 0
    assert load.executions == {"SUCCEEDED": EXPORTS}
    assert all(hits >= EXPORTS // 10 for hits in load.throttled.values()), load.throttled
    assert load.token_calls == 1


def test_the_state_of_a_watch_does_not_grow_with_its_checks_and_its_history_does_by_a_constant() -> None:
    weights = long_watch()
    assert len(weights) > 140
    sizes = [weight.state_bytes for weight in weights if weight.check > 50]
    # The check after `stuck` was told still carries that notification; else only a counter gains a digit.
    assert max(sorted(sizes)[:-1]) - min(sizes) < 100
    assert max(sizes) < STATE_QUOTA_BYTES / 8
    steps = [later.events - earlier.events for earlier, later in itertools.pairwise(weights)]
    assert set(sorted(steps)[:-1]) == {9}
    assert max(steps) < 20  # `stuck` was told on the way
    assert weights[-1].events < EVENT_QUOTA / 10
