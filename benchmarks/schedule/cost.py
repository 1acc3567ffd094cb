"""What a schedule costs on given durations: checks, delay, and both in one figure; and the least that it can be.

The least is found exactly. Between two durations nothing ends, so a check pays only at the moment of one: the durations
themselves are the grid. With `n_i` exports (or their weight) done by the i-th moment and `s_i` the sum of their
durations, the least cost from there on is

    least(i) = check_cost * (n - n_i) + min over j > i of ((n_j - n_i) * moment_j - (s_j - s_i) + least(j)),

one check for all that still run, and their wait for the next check at moment j. For a given j the bracket is a line in
n_i, so the minimum is the lower envelope of lines that come in the order of their slopes, and the whole takes a time
linear in the number of moments (the convex-hull trick of dynamic programming).
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.schedule.workloads import Seconds


class Measurement(NamedTuple):
    """What one or more runs of a schedule did: a row for each run, a column for each export."""

    checks: Seconds
    delays: Seconds

    def costs(self, check_cost_seconds: float) -> Seconds:
        """Mean delay and checks of each run, in seconds of delay."""
        costs: Seconds = (self.delays + check_cost_seconds * self.checks).mean(axis=1)
        return costs


def measure(runs: Sequence[Seconds], durations: Seconds) -> Measurement:
    """Every run of a schedule on every duration. A run must check at or after the longest one."""
    last = [np.searchsorted(checks, durations) for checks in runs]
    delays: Seconds = np.array([checks[found] for checks, found in zip(runs, last, strict=True)]) - durations
    return Measurement(np.array(last, dtype=np.float64) + 1, delays)


class _Line(NamedTuple):
    slope: float
    intercept: float

    def at(self, x: float) -> float:
        return self.slope * x + self.intercept

    def meets(self, other: "_Line") -> float:
        """Where the two cross."""
        return (other.intercept - self.intercept) / (self.slope - other.slope)


def least_cost(durations: Seconds, check_cost_seconds: float, weights: Seconds | None = None) -> float:
    """The least mean delay + `check_cost_seconds` x checks that a schedule can have on these durations, in seconds.

    `weights` say how much each duration counts, the same for all unless given; the cost is then of their sum 1.
    """
    moments, which = np.unique(durations, return_inverse=True)
    counts = np.bincount(which, weights)
    done = np.concatenate([[0], np.cumsum(counts)]).tolist()
    spent = np.concatenate([[0.0], np.cumsum(counts * moments)]).tolist()

    least = 0.0
    envelope: deque[_Line] = deque()
    for i, moment in reversed(list(enumerate(moments.tolist()))):
        line = _Line(-moment, least + done[i + 1] * moment - spent[i + 1])
        # Its slope is higher than those of all others; those that are lowest nowhere any more go.
        while len(envelope) > 1 and line.meets(envelope[-1]) >= envelope[-1].meets(envelope[-2]):
            envelope.pop()
        envelope.append(line)
        # `done[i]` only falls from here on, so a line that is beaten at its front stays beaten.
        while len(envelope) > 1 and envelope[1].at(done[i]) <= envelope[0].at(done[i]):
            envelope.popleft()
        least = check_cost_seconds * (done[-1] - done[i]) + spent[i] + envelope[0].at(done[i])
    return float(least / done[-1])
