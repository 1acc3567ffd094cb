"""Whether a run is worse than the committed one by more than its noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.benchmark import Ratio

ERRORS = 4.0
"""Standard errors that two runs may differ by.

Chance exceeds them once in thirty thousand comparisons where the errors are known. A few rounds only estimate them, so
what got worse is measured a second time.
"""

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
    def margin(self) -> float:
        """How much larger the figure may still get before that is a regression."""
        return self.committed + self.noise - self.measured

    @property
    def is_regression(self) -> bool:
        return self.margin < 0

    def __str__(self) -> str:
        verdict = "REGRESSION" if self.is_regression else "ok"
        return (
            f"{self.name:<44}{self.committed:>9.3f} → {self.measured:<9.3f} noise {self.noise:.3f}  {verdict}"
        )


class RatioMissingError(Exception):
    """A committed ratio was not measured again, so nothing says whether it got worse."""


def median_error(values: Sequence[float]) -> float:
    """The standard error of the median: 1.25 times that of a mean (Laplace 1818).

    The deviation is taken from the median absolute deviation, of which it is 1.4826 times as much (Hampel 1974): one
    busy moment must not make the others look uncertain.
    """
    middle = median(values)
    deviation = 1.4826 * median(abs(value - middle) for value in values)
    return float(1.25 * deviation / len(values) ** 0.5)


def changes(committed: Mapping[str, Ratio], measured: Mapping[str, Ratio]) -> list[Change]:
    """Every ratio of the run against the committed one; a new one has nothing to compare with.

    Noise is a share of the committed figure, whatever the new one is. Raises RatioMissingError.
    """
    if gone := committed.keys() - measured.keys():
        raise RatioMissingError(f"not measured: {', '.join(sorted(gone))}")
    return [
        Change(name, committed[name].value, ratio.value, _noise(committed[name], ratio))
        for name, ratio in measured.items()
        if name in committed
    ]


def _noise(committed: Ratio, measured: Ratio) -> float:
    error = math.hypot(committed.error, measured.error, committed.machine_noise * committed.value)
    return ERRORS * error + SLACK * committed.value
