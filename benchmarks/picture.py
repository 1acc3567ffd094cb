"""Pictures by matplotlib: on white, so that they read on a light page and on a dark one, and the same in every run."""

import io
from collections.abc import Iterable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

OURS, BEST = "#d9480f", "#2b8a3e"
OTHERS = ("#1864ab", "#862e9c", "#495057", "#c2255c", "#0b7285", "#5c940d", "#846358", "#364fc7")
"""A colour for each rival; pictures give each a marker or a label as well."""

MARKERS = "osD^vPX*"

mpl.rcParams.update(
    {
        "svg.hashsalt": "export-watch",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e3e6e8",
        "legend.frameon": False,
    }
)


def axes(width: float, height: float, title: str, columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    """A figure of so many inches with that many panels side by side."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=12)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def logarithmic(panel: Axes, which: str, ticks: Iterable[float], text: str = "{:g}") -> None:
    """Make the axis "x" or "y" logarithmic, with these ticks only."""
    getattr(panel, f"set_{which}scale")("log")
    axis = panel.xaxis if which == "x" else panel.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.format(value)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticks(list(ticks))
    axis.set_ticks([], minor=True)


def apart(wanted: Sequence[float], least: float) -> list[float]:
    """These positions, moved as little as it takes for each to be `least` from its neighbours."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[list[int]] = []
    for index in order:
        groups.append([index])
        while (
            len(groups) > 1 and _first(groups[-1], wanted, least) < _last(groups[-2], wanted, least) + least
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = list(wanted)
    for group in groups:
        for rank, index in enumerate(group):
            placed[index] = _first(group, wanted, least) + rank * least
    return placed


def svg(figure: Figure) -> str:
    """The figure as SVG, without a date and whatever else changes from run to run."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _first(group: Sequence[int], wanted: Sequence[float], least: float) -> float:
    return sum(wanted[index] for index in group) / len(group) - least * (len(group) - 1) / 2


def _last(group: Sequence[int], wanted: Sequence[float], least: float) -> float:
    return _first(group, wanted, least) + least * (len(group) - 1)
