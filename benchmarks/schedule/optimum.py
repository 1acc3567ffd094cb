"""The best possible schedule for known durations, found exactly.

Between two durations nothing ends, so a check pays only at the moment of one: the durations themselves are the grid,
and the best schedule on it is the best of all. With `n_i` exports (or their weight) done by the i-th moment and `s_i`
the sum of their durations, the least cost from there on is

    least(i) = check_cost * (n - n_i) + min over j > i of ((n_j - n_i) * moment_j - (s_j - s_i) + least(j)),

one check for all that still run, and their wait for the next check at moment j. For a given j the bracket is a line in
n_i, so the minimum is the lower envelope of lines that come in the order of their slopes, and the whole takes a time
linear in the number of moments (the convex-hull trick of dynamic programming).
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from benchmarks.schedule.workloads import Seconds


class Optimum(NamedTuple):
    """The best schedule: its checks, and what it costs per export in seconds (mean delay + check cost x checks)."""

    checks: Seconds
    cost: float


class _Line(NamedTuple):
    slope: float
    intercept: float
    check: int

    def at(self, x: float) -> float:
        return self.slope * x + self.intercept

    def meets(self, other: "_Line") -> float:
        """Where the two cross."""
        return (other.intercept - self.intercept) / (self.slope - other.slope)


def best_schedule(durations: Seconds, check_cost_seconds: float, weights: Seconds | None = None) -> Optimum:
    """The checks that make mean delay + `check_cost_seconds` x checks the least for these durations.

    `weights` say how much each duration counts, the same for all unless given; the cost is then of their sum 1.
    """
    moments, which = np.unique(durations, return_inverse=True)
    counts = np.bincount(which, weights)
    done = np.concatenate([[0], np.cumsum(counts)]).tolist()
    spent = np.concatenate([[0.0], np.cumsum(counts * moments)]).tolist()
    at = moments.tolist()

    least = 0.0
    next_check = [0] * len(at)
    envelope: deque[_Line] = deque()
    for i in reversed(range(len(at))):
        line = _Line(-at[i], least + done[i + 1] * at[i] - spent[i + 1], i)
        # Its slope is higher than those of all others; those that are lowest nowhere any more go.
        while len(envelope) > 1 and line.meets(envelope[-1]) >= envelope[-1].meets(envelope[-2]):
            envelope.pop()
        envelope.append(line)
        # `done[i]` only falls from here on, so a line that is beaten at its front stays beaten.
        while len(envelope) > 1 and envelope[1].at(done[i]) <= envelope[0].at(done[i]):
            envelope.popleft()
        least = check_cost_seconds * (done[-1] - done[i]) + spent[i] + envelope[0].at(done[i])
        next_check[i] = envelope[0].check

    checks, i = [], 0
    while i < len(at):
        checks.append(at[next_check[i]])
        i = next_check[i] + 1
    return Optimum(np.array(checks), least / done[-1])
