"""Pictures by matplotlib, the same in every run: mid-tones on nothing, which read on a light page and on a dark one."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

import matplotlib as mpl
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, BEST = "#e8590c", "#2f9e44"
OTHERS = ("#3b82f6", "#a855f7", "#0d9488", "#db2777", "#a16207", "#7c8594", "#5c7cfa")
"""A colour for each rival, beside a marker of its own or a label."""

INK = "#7c8594"

mpl.rcParams.update(
    {
        "svg.hashsalt": "export-watch",
        "savefig.transparent": True,
        "font.size": 10,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "grid.alpha": 0.3,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "grid.color"), INK),
        **dict.fromkeys(("xtick.color", "ytick.color"), INK),
    }
)


class Line(NamedTuple):
    """The values of one rival in each panel, in its colour."""

    label: str
    colour: str
    values: Sequence[npt.ArrayLike]


def bars(
    title: str,
    rows: Mapping[str, str],
    panels: Mapping[str, tuple[Sequence[float], str]],
    logarithmic: bool = False,
) -> Figure:
    """A panel for each series of values, a bar for each row in its colour, from the top, its value at its end.

    Logarithmic bars begin at 1.
    """
    figure, axes = _figure(title, 1 + 0.42 * len(rows), len(panels))
    for panel, (name, (values, form)) in zip(axes, panels.items(), strict=True):
        made = panel.barh(list(rows), values, color=list(rows.values()))
        panel.bar_label(made, fmt=form, padding=4)
        panel.set_title(name)
        if logarithmic:
            panel.set_xscale("log")
            panel.set_xlim(1, max(values) ** 1.4)
        else:
            panel.margins(x=0.2)
        panel.set_xticks([], [])
        panel.set_xticks([], [], minor=True)
        panel.spines["bottom"].set_visible(False)
        panel.tick_params(left=False)
    axes[0].invert_yaxis()
    return figure


def lines(title: str, x: npt.ArrayLike, of: Sequence[Line], labels: tuple[str, ...]) -> Figure:
    """Panels of a line for each rival with markers of its own, which never share an x; x and y are labelled so.

    `labels` are that of x and then that of y in each panel.
    """
    figure, axes = _figure(title, 4.4, len(labels) - 1)
    for number, (panel, label) in enumerate(zip(axes, labels[1:], strict=True)):
        for place, (line, marker) in enumerate(zip(of, cycle("oDsv^PX*"), strict=False)):
            width, marked = (2.6 if line.colour == OURS else 1.6), (place % len(of), len(of))
            panel.plot(
                x,
                line.values[number],
                color=line.colour,
                lw=width,
                marker=marker,
                ms=7,
                markevery=marked,
                label=line.label,
            )
        panel.grid(visible=True)
        panel.set_xlabel(labels[0])
        panel.set_ylabel(label)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def _figure(title: str, height: float, columns: int) -> tuple[Figure, Sequence[Axes]]:
    """A figure of so many inches with that many panels side by side."""
    figure = Figure(figsize=(9, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=11.5)
    return figure, list(figure.subplots(1, columns, squeeze=False, sharey=True)[0])


def svg(figure: Figure) -> str:
    """The figure as SVG, without a date and whatever else changes from run to run."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
