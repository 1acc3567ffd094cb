"""Pictures as SVG, drawn by hand: the same numbers give the same bytes, and they read well on light and on dark."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.sax.saxutils import escape

_STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #3b434b }
  .title { font-size: 15px; font-weight: 600; fill: #14181c }
  .ours { fill: #c2410c; stroke: #c2410c } .ours-text { fill: #c2410c; font-weight: 600 }
  .peer { fill: #64748b; stroke: #64748b } .best { fill: #0f766e; stroke: #0f766e } .best-text { fill: #0f766e }
  .grid { stroke: #d5dae0; stroke-width: 1 } .axis { stroke: #8b949e; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #b6bec7 } .title { fill: #e9edf1 }
    .ours { fill: #fb923c; stroke: #fb923c } .ours-text { fill: #fb923c }
    .peer { fill: #94a3b8; stroke: #94a3b8 } .best { fill: #2dd4bf; stroke: #2dd4bf } .best-text { fill: #2dd4bf }
    .grid { stroke: #333b44 } .axis { stroke: #6b7580 }
  }
  .faint { fill-opacity: .28; stroke: none } .line { fill: none; stroke-width: 2 } .thin { stroke-width: 1.4 }
"""


@dataclass(frozen=True, slots=True)
class LogScale:
    """Where a value lies between two pixels, on a logarithmic axis."""

    low: float
    high: float
    first_pixel: float
    last_pixel: float

    @classmethod
    def around(cls, values: Iterable[float], first_pixel: float, last_pixel: float) -> "LogScale":
        """A scale with a little room around the values."""
        values = list(values)
        return cls(min(values) / 1.25, max(values) * 1.25, first_pixel, last_pixel)

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.first_pixel + share * (self.last_pixel - self.first_pixel)

    def ticks(self, steps: Sequence[int] = (1, 2, 5)) -> list[float]:
        """Round values on the scale: every power of ten times the steps."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        ticks = [step * 10.0**power for power in powers for step in steps]
        return [tick for tick in ticks if self.low <= tick <= self.high]


@dataclass(slots=True)
class Picture:
    """A picture that is being drawn; `title` is also what a screen reader says. Units are pixels."""

    width: int
    height: int
    title: str
    _elements: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, content: str, style: str = "", anchor: str = "start") -> None:
        self._elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(content)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "grid") -> None:
        self._elements.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], style: str) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._elements.append(f'<polyline points="{path}" class="{style}"/>')

    def dot(self, x: float, y: float, radius: float, style: str) -> None:
        self._elements.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{style}"/>')

    def __str__(self) -> str:
        title = escape(self.title)
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" aria-label="{title}">'
        )
        return "\n".join(
            [
                opening,
                f"<title>{title}</title>",
                f"<style>{_STYLE}</style>",
                *self._elements,
                "</svg>\n",
            ]
        )


def tidy(value: float) -> str:
    """A number as an axis shows it: 0.5, 20, 5k."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def apart(positions: Sequence[float], distance: float) -> list[float]:
    """Positions moved as little as keeps neighbours at a distance, for labels beside one another."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    moved = list(positions)
    for _ in range(200):
        for lower, upper in pairwise(order):
            overlap = distance - (moved[upper] - moved[lower])
            if overlap > 0:
                moved[lower] -= overlap / 2
                moved[upper] += overlap / 2
    return moved
