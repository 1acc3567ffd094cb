"""Whether a run is worse than the committed one by more than its noise."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.benchmark import Ratio

ERRORS = 4.0
"""Standard errors that two runs may differ by: chance alone exceeds it about once in thirty thousand comparisons."""

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


def changes(committed: Mapping[str, Ratio], measured: Mapping[str, Ratio]) -> list[Change]:
    """Every ratio of the run against the committed one; a new one has nothing to compare with.

    Raises RatioMissingError.
    """
    if gone := committed.keys() - measured.keys():
        raise RatioMissingError(f"not measured: {', '.join(sorted(gone))}")
    return [
        Change(
            name,
            committed[name].value,
            ratio.value,
            ERRORS * (committed[name].error ** 2 + ratio.error**2) ** 0.5 + SLACK * committed[name].value,
        )
        for name, ratio in measured.items()
        if name in committed
    ]
