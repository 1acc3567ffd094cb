"""What a benchmark is: a run that measures, and renderings of what was measured.

To add one, write a module that holds a `Benchmark` and name it in benchmarks/__main__.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from benchmarks.results import Measured


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    `run(quick)` measures; a quick run may measure less, in a few seconds. The renderings are pure functions of the
    result: `tables` gives Markdown by the name of its marker, `pictures` drawings by the name of their file. `ratios`
    are the figures that must not grow, by more than `noise`: the share of a figure that chance, rounding, another
    machine and other versions of Python and numpy may add.
    """

    name: str
    run: Callable[[bool], Measured]
    tables: Callable[[Measured], Mapping[str, str]]
    pictures: Callable[[Measured], Mapping[str, Figure]]
    ratios: Callable[[Measured], Mapping[str, float]]
    seed: int = 0
    noise: float = 0.002
