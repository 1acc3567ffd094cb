"""Whether a run is worse than the committed one by more than its noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.benchmark import Ratio

ERRORS = 4.0
"""Standard errors that two runs may differ by: chance exceeds them once in thirty thousand comparisons."""

SLACK = 0.002
"""What rounding and another version of numpy may change, as a share of the figure."""


@dataclass(frozen=True, slots=True)
class Change:
    """A ratio in two runs. `noise` is the difference that means nothing."""

    name: str
    committed: float
    measured: float
    noise: float

    @property
    def is_regression(self) -> bool:
        return self.measured > self.committed + self.noise

    def __str__(self) -> str:
        verdict = "REGRESSION" if self.is_regression else "ok"
        return (
            f"{self.name:<52}{self.committed:>8.3f} → {self.measured:<8.3f} noise {self.noise:.3f}  {verdict}"
        )


def median_error(values: Sequence[float]) -> float:
    """The standard error of the median: 1.25 times that of a mean (Laplace 1818).

    The deviation is 1.4826 times the median absolute one (Hampel 1974), which one busy moment does not change.
    """
    middle = median(values)
    deviation = 1.4826 * median(abs(value - middle) for value in values)
    return float(1.25 * deviation / len(values) ** 0.5)


def changes(committed: Mapping[str, Ratio], measured: Mapping[str, Ratio]) -> list[Change]:
    """Every ratio of the run that was committed as well. Noise is a share of the committed figure."""
    return [
        Change(name, before.value, measured[name].value, _noise(before, measured[name]))
        for name, before in committed.items()
        if name in measured
    ]


def _noise(before: Ratio, now: Ratio) -> float:
    error = math.hypot(before.error, now.error, before.machine_noise * before.value)
    return ERRORS * error + SLACK * before.value
