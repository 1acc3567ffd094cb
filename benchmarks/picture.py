"""Pictures by matplotlib, the same in every run: mid-tones on nothing, which read on a light page and on a dark one."""

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, BEST = "#e8590c", "#2f9e44"
OTHERS = ("#3b82f6", "#a855f7", "#0d9488", "#db2777", "#a16207", "#748091", "#65a30d")
MARKERS = "oDsv^PX*"
"""A colour and a marker for each rival."""

INK = "#747d8b"

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
    axes[0].invert_yaxis()
    for panel, (name, (values, form)) in zip(axes, panels.items(), strict=True):
        made = panel.barh(list(rows), values, color=list(rows.values()))
        panel.bar_label(made, fmt=form, padding=4)
        panel.set_title(name)
        if logarithmic:
            panel.set_xscale("log")
            panel.set_xlim(1, max(values) ** 1.4)
        else:
            panel.margins(x=0.2)
        panel.xaxis.set_visible(False)
        panel.spines["bottom"].set_visible(False)
        panel.tick_params(left=False)
    return figure


def lines(
    title: str,
    x: npt.ArrayLike,
    rivals: Mapping[str, tuple[str, Sequence[npt.ArrayLike]]],
    labels: Sequence[str],
) -> Figure:
    """A line for each rival, in its colour, in each panel; `labels` are that of x, and then that of y in each panel.

    Each line has a marker of its own, at other x than those of the lines beside it, unless 3 divides their number.
    """
    figure, axes = _figure(title, 4.4, len(labels) - 1)
    for number, panel in enumerate(axes):
        for place, (label, (colour, values)) in enumerate(rivals.items()):
            [drawn] = panel.plot(x, values[number], color=colour, label=label, marker=MARKERS[place], ms=7)
            drawn.set(lw=2.8 if colour == OURS else 1.6, markevery=(3 * place % len(rivals), len(rivals)))
        panel.grid(visible=True)
        panel.set(xlabel=labels[0], ylabel=labels[1 + number])
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
