"""What a benchmark is: a run that measures, and renderings of what was measured.

To add one, write a module that holds a `Benchmark` and name it in benchmarks/__main__.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Measured = Mapping[str, Any]
"""What a run measured, as JSON: objects, arrays, texts and numbers."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure that must not grow, and the standard error with which it was measured.

    `machine_noise` is the standard error that another machine adds, with other caches and another Python, as a share of
    the figure.
    """

    value: float
    error: float = 0.0
    machine_noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    `run(quick)` measures; a quick run may measure less, in a few seconds. The renderings are pure functions of the
    result: `tables` and `pictures` give Markdown and SVG by name, `ratios` the figures that show a regression.
    """

    name: str
    seed: int
    run: Callable[[bool], Measured]
    tables: Callable[[Measured], Mapping[str, str]]
    pictures: Callable[[Measured], Mapping[str, str]]
    ratios: Callable[[Measured], Mapping[str, Ratio]]
