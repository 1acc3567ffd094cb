"""How long exports take: made-up workloads.

The four known ones are those for which the schedule was found. The six of other kinds and the forty at random were
held out: they say what it is worth on exports that nobody had in mind.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]
Workload = Callable[[int], Seconds]
"""A distribution of durations: gives n of them, in ascending order."""

MINUTE, HOUR = 60.0, 3600.0
LONGEST_SECONDS = 604_800
"""The longest deadline of a watch, a week. Longer durations are cut to it."""

SEED = 20261123


def lognormal(median_seconds: float, sigma: float) -> Workload:
    """Durations whose logarithms are normal, with a deviation of `sigma`."""
    normal = NormalDist(math.log(median_seconds), sigma)
    return lambda n: np.exp([normal.inv_cdf(p) for p in _probabilities(n)])


def log_uniform(shortest_seconds: float, longest_seconds: float) -> Workload:
    """Durations of which no order of magnitude is likelier than another."""
    low, high = math.log(shortest_seconds), math.log(longest_seconds)
    return lambda n: np.exp(low + (high - low) * _probabilities(n))


def weibull(scale_seconds: float, shape: float) -> Workload:
    """The longer it has taken, the likelier the end is with a shape above 1, the less likely with one below."""
    return lambda n: scale_seconds * (-np.log1p(-_probabilities(n))) ** (1 / shape)


def mixed(first: Workload, second: Workload) -> Workload:
    """Half of the exports from each."""
    return lambda n: np.sort(np.concatenate([first((n + 1) // 2), second(n // 2)]))


def queue(service: Workload, load: float) -> Workload:
    """Exports that come at random to one server, wait for those before them, and are then served."""

    def durations(n: int) -> Seconds:
        chance = np.random.default_rng(SEED)
        served = chance.permutation(service(n))
        gaps = chance.exponential(served.mean() / load, n)
        # What waits is the work that came less the time that passed, counted anew whenever the server was idle.
        before = np.cumsum(served - gaps) - served
        return np.sort(before - np.minimum(0, np.minimum.accumulate(before)) + served)

    return durations


def at_random(number: int) -> Workload:
    """One or two distributions of random kind, median and width."""
    chance = np.random.default_rng((SEED, number))

    def one() -> Workload:
        median = float(np.exp(chance.uniform(math.log(10), math.log(2 * HOUR))))
        match chance.integers(3):
            case 0:
                return lognormal(median, chance.uniform(0.2, 1.3))
            case 1:
                return weibull(median, chance.uniform(0.6, 3))
            case _:
                width = chance.uniform(1.5, 8)
                return log_uniform(median / width, median * width)

    return one() if chance.random() < 0.6 else mixed(one(), one())


FOUR = {
    "5 min": lognormal(5 * MINUTE, 1.0),
    "30 min": lognormal(30 * MINUTE, 0.5),
    "10 s to 6 h": log_uniform(10, 6 * HOUR),
    "1 min or 2 h": mixed(lognormal(MINUTE, 0.3), lognormal(2 * HOUR, 0.3)),
}
SIX: tuple[Workload, ...] = (
    # Two steps in a row.
    lambda n: np.sort(np.random.default_rng(SEED).gamma(2, 2.5 * MINUTE, n)),
    weibull(5 * MINUTE, 0.7),
    weibull(10 * MINUTE, 2),
    # A power law, Pareto's: few exports take most of the time.
    lambda n: np.minimum(30 / (1 - _probabilities(n)), LONGEST_SECONDS),
    queue(lognormal(MINUTE, 0.5), load=0.9),
    # A fixed part, and one that grows with the size of the export.
    lambda n: 10 + lognormal(90, 1.5)(n),
)
FORTY = tuple(at_random(number) for number in range(1, 41))
GROUPS = {"four": tuple(FOUR.values()), "six": SIX, "forty": FORTY}


def _probabilities(n: int) -> Seconds:
    return (np.arange(n) + 0.5) / n
