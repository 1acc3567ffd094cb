"""How long exports take: four made-up workloads, and the phases that an export goes through.

A workload is its own quantiles at evenly spaced probabilities, not a random draw: what is measured on it is as exact
as the number of quantiles, and the same in every run.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Workload:
    """A distribution of durations. `sample(n)` gives n of them, in ascending order."""

    name: str
    label: str
    description: str
    sample: Callable[[int], Seconds]


@dataclass(frozen=True, slots=True)
class Phases:
    """When an export of one duration leaves `scheduled`, becomes `ready`, and is `done`; in seconds."""

    started_at: float
    ready_at: float
    done_at: float


def lognormal(median_seconds: float, sigma: float) -> Callable[[int], Seconds]:
    """Durations whose logarithms are normal, with a deviation of `sigma`."""

    def sample(n: int) -> Seconds:
        normal = NormalDist(math.log(median_seconds), sigma)
        return np.exp([normal.inv_cdf(p) for p in _probabilities(n)])

    return sample


def log_uniform(shortest_seconds: float, longest_seconds: float) -> Callable[[int], Seconds]:
    """Durations of which no order of magnitude is likelier than another."""

    def sample(n: int) -> Seconds:
        low, high = math.log(shortest_seconds), math.log(longest_seconds)
        return np.exp(low + (high - low) * _probabilities(n))

    return sample


def half_and_half(one: Callable[[int], Seconds], other: Callable[[int], Seconds]) -> Callable[[int], Seconds]:
    """One half of either distribution."""

    def sample(n: int) -> Seconds:
        return np.sort(np.concatenate([one(n - n // 2), other(n // 2)]))

    return sample


WORKLOADS = (
    Workload("lognormal_5min", "5 min", "around 5 minutes (lognormal, sigma 1)", lognormal(5 * MINUTE, 1.0)),
    Workload(
        "lognormal_30min", "30 min", "around 30 minutes (lognormal, sigma 0.5)", lognormal(30 * MINUTE, 0.5)
    ),
    Workload("log_uniform", "10 s to 6 h", "10 seconds to 6 hours (log-uniform)", log_uniform(10, 6 * HOUR)),
    Workload(
        "mixture",
        "1 min or 2 h",
        "a minute or two hours (half of each)",
        half_and_half(lognormal(MINUTE, 0.3), lognormal(2 * HOUR, 0.3)),
    ),
)


EVEN_PHASES = (1.0, 1.0, 1.0)
"""`scheduled`, `in progress` and `ready` share a duration in any way, all equally likely."""

SHORT_DELIVERY = (1.0, 8.0, 1.0)
"""Nine tenths of a duration, in the mean, are over before the export is `ready`."""


def with_phases(durations: Seconds, weights: tuple[float, float, float], seed: int) -> list[Phases]:
    """Phases for each duration, their shares drawn from the Dirichlet distribution of these weights."""
    shares = np.random.default_rng(seed).dirichlet(weights, len(durations))
    return [
        Phases(float(duration * share[0]), float(duration * (share[0] + share[1])), float(duration))
        for duration, share in zip(durations, shares, strict=True)
    ]


def _probabilities(n: int) -> Seconds:
    return (np.arange(n) + 0.5) / n
