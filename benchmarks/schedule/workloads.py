"""How long exports take: made-up workloads, and the phases that an export goes through.

The four known ones are those for which the schedule was found. The six of other kinds and the forty at random were
held out: they say what it is worth on exports that nobody had in mind.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]
Sample = Callable[[int], Seconds]
"""Gives n durations, in ascending order."""

MINUTE, HOUR = 60.0, 3600.0
LONGEST_SECONDS = 604_800
"""The longest deadline of a watch, a week. Longer durations are cut to it."""

SEED = 20261123


@dataclass(frozen=True, slots=True)
class Workload:
    """A distribution of durations."""

    name: str
    label: str
    description: str
    sample: Sample


def lognormal(median_seconds: float, sigma: float) -> Sample:
    """Durations whose logarithms are normal, with a deviation of `sigma`."""
    normal = NormalDist(math.log(median_seconds), sigma)
    return lambda n: np.exp([normal.inv_cdf(p) for p in _probabilities(n)])


def log_uniform(shortest_seconds: float, longest_seconds: float) -> Sample:
    """Durations of which no order of magnitude is likelier than another."""
    low, high = math.log(shortest_seconds), math.log(longest_seconds)
    return lambda n: np.exp(low + (high - low) * _probabilities(n))


def weibull(scale_seconds: float, shape: float) -> Sample:
    """The longer it has taken, the likelier the end is with a shape above 1, the less likely with one below."""
    return lambda n: scale_seconds * (-np.log1p(-_probabilities(n))) ** (1 / shape)


def pareto(shortest_seconds: float, shape: float) -> Sample:
    """A power law: few exports take most of the time."""
    return lambda n: np.minimum(shortest_seconds * (1 - _probabilities(n)) ** (-1 / shape), LONGEST_SECONDS)


def gamma(scale_seconds: float, shape: float) -> Sample:
    """So many steps in a row, of `scale_seconds` each in the mean."""
    return lambda n: np.sort(np.random.default_rng(SEED).gamma(shape, scale_seconds, n))


def mixed(*samples: Sample) -> Sample:
    """Equal parts of each distribution."""
    return lambda n: np.sort(
        np.concatenate(
            [sample(n // len(samples) + (i < n % len(samples))) for i, sample in enumerate(samples)]
        )
    )


def queue(service: Sample, load: float) -> Sample:
    """Exports that come at random to one server, wait for those before them, and are then served."""

    def sample(n: int) -> Seconds:
        chance = np.random.default_rng(SEED)
        served = chance.permutation(service(n))
        gaps = chance.exponential(served.mean() / load, n)
        took = np.zeros(n)
        left = 0.0
        for i in range(n):
            took[i] = left = max(0.0, left - gaps[i]) + served[i]
        return np.sort(took)

    return sample


def sized(fixed_seconds: float, median_seconds: float, sigma: float) -> Sample:
    """A fixed part, and one that grows with the size of the export, which is lognormal."""
    return lambda n: fixed_seconds + lognormal(median_seconds, sigma)(n)


WORKLOADS = (
    Workload("lognormal_5min", "5 min", "around 5 minutes (lognormal, sigma 1)", lognormal(5 * MINUTE, 1.0)),
    Workload(
        "lognormal_30min", "30 min", "around 30 minutes (lognormal, sigma 0.5)", lognormal(30 * MINUTE, 0.5)
    ),
    Workload("log_uniform", "10 s to 6 h", "10 seconds to 6 hours (log-uniform)", log_uniform(10, 6 * HOUR)),
    Workload(
        "mixture",
        "1 min or 2 h",
        "a minute or two hours (half of each, lognormal, sigma 0.3)",
        mixed(lognormal(MINUTE, 0.3), lognormal(2 * HOUR, 0.3)),
    ),
)

HELD_OUT = (
    Workload("gamma", "gamma", "5 minutes in two steps (gamma)", gamma(2.5 * MINUTE, 2)),
    Workload("weibull_07", "Weibull 0.7", "mostly short (Weibull, shape 0.7)", weibull(5 * MINUTE, 0.7)),
    Workload("weibull_2", "Weibull 2", "around 10 minutes (Weibull, shape 2)", weibull(10 * MINUTE, 2)),
    Workload("pareto", "Pareto", "half a minute or far more (Pareto, shape 1)", pareto(30, 1)),
    Workload("queue", "queue", "a minute behind a queue (load 0.9)", queue(lognormal(MINUTE, 0.5), 0.9)),
    Workload("sizes", "sizes", "10 seconds and a time by size (lognormal, sigma 1.5)", sized(10, 90, 1.5)),
)


def _at_random(number: int) -> Workload:
    """One or two distributions of random kind, median and width."""
    chance = np.random.default_rng((SEED, number))

    def one() -> Sample:
        median = float(np.exp(chance.uniform(math.log(10), math.log(2 * HOUR))))
        match chance.integers(3):
            case 0:
                return lognormal(median, chance.uniform(0.2, 1.3))
            case 1:
                return weibull(median, chance.uniform(0.6, 3))
            case _:
                width = chance.uniform(1.5, 8)
                return log_uniform(median / width, median * width)

    sample = one() if chance.random() < 0.6 else mixed(one(), one())
    return Workload(f"random_{number}", f"random {number}", "drawn at random", sample)


def _twice_as_long(workload: Workload) -> Workload:
    return replace(
        workload,
        name=f"{workload.name}_doubled",
        sample=lambda n: np.minimum(2 * workload.sample(n), LONGEST_SECONDS),
    )


GROUPS = {
    "four": WORKLOADS,
    "six": HELD_OUT,
    "six_doubled": tuple(map(_twice_as_long, HELD_OUT)),
    "forty": tuple(_at_random(number) for number in range(1, 41)),
}

EVEN_PHASES = (1.0, 1.0, 1.0)
"""`scheduled`, `in progress` and `ready` share a duration in any way, all equally likely."""

SHORT_DELIVERY = (1.0, 8.0, 1.0)
"""Nine tenths of a duration, in the mean, are over before the export is `ready`."""


def phases(n: int, weights: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    """When each of n exports leaves `scheduled` and becomes `ready`, as shares of its duration (n, 2).

    Drawn from the Dirichlet distribution of these weights.
    """
    return np.cumsum(np.random.default_rng(SEED).dirichlet(weights, n), axis=1)[:, :2]


def _probabilities(n: int) -> Seconds:
    return (np.arange(n) + 0.5) / n
