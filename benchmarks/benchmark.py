"""What a benchmark is. To add one, write a module that holds a `Benchmark`, and name it in benchmarks/__main__.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

Measured = Mapping[str, Any]
"""What a run measured, as JSON: objects, arrays, texts and numbers."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A run that measures, less if quick, and renderings of what was measured, which are pure functions of it.

    `tables` gives Markdown by the name of its marker, `pictures` drawings by the name of their file. `ratios` are the
    figures that must not grow by more than `noise`: the share of a figure that chance, rounding, another machine and
    other versions of Python and numpy may add.
    """

    name: str
    run: Callable[[bool], Measured]
    tables: Callable[[Measured], Mapping[str, str]]
    pictures: Callable[[Measured], Mapping[str, Figure]]
    ratios: Callable[[Measured], Mapping[str, float]]
    seed: int = 0
    noise: float = 0.002
