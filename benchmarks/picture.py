"""Pictures by matplotlib: on white, so that they read on a light page and on a dark one, and the same in every run."""

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, BEST = "#c2410c", "#2b8a3e"
OTHERS = ("#1864ab", "#862e9c", "#495057", "#c2255c", "#0b7285", "#4d7c0f", "#846358")
"""A colour for each rival; pictures give each a line style, a marker or a label as well."""

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
    return figure, list(figure.subplots(1, columns, squeeze=False, sharey=True)[0])


def bars(title: str, colours: Mapping[str, str], panels: Mapping[str, tuple[Sequence[float], str]]) -> Figure:
    """A panel for each series of values, a bar for each label in its colour, from the top, its value at its end."""
    figure, drawn = axes(9, 1 + 0.45 * len(colours), title, len(panels))
    for panel, (name, (values, form)) in zip(drawn, panels.items(), strict=True):
        made = panel.barh(list(colours), values, color=list(colours.values()))
        panel.bar_label(made, fmt=form, padding=4)
        panel.set_title(name)
        panel.set_xticks([])
        panel.spines["bottom"].set_visible(False)
        panel.grid(visible=False)
        panel.margins(x=0.2)
    drawn[0].invert_yaxis()
    return figure


def logarithmic(panel: Axes, which: str, ticks: Sequence[float], text: str = "{:g}") -> None:
    """Make the axis "x" or "y" logarithmic, with these ticks only."""
    getattr(panel, f"set_{which}scale")("log")
    axis = panel.xaxis if which == "x" else panel.yaxis
    axis.set_ticks(ticks, [text.format(tick) for tick in ticks])
    axis.set_ticks([], minor=True)


def svg(figure: Figure) -> str:
    """The figure as SVG, without a date and whatever else changes from run to run."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
