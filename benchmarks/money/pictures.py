"""The picture of money: the bill of a month over the exports in it."""

import math

from benchmarks import picture
from benchmarks.benchmark import Measured
from benchmarks.money.designs import OURS
from benchmarks.money.tables import for_a_thousand

_EXPORTS = [10 ** (1 + step / 10) for step in range(41)]
_STYLES = ("-", "--", "-.", ":")


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"money": _months(measured)}


def _months(measured: Measured) -> str:
    """Each line has its design's name at its end, in its colour."""
    bills = {
        name: [of["month"] + for_a_thousand(of) / 1000 * exports for exports in _EXPORTS]
        for name, of in measured["designs"].items()
    }
    figure, [panel] = picture.axes(
        8, 4.6, "The bill of a month: list prices, no free tiers, mean of four workloads"
    )
    ends = picture.apart([math.log10(bill[-1]) for bill in bills.values()], 0.2)
    others = [name for name in bills if name != OURS]
    for (name, bill), end in zip(bills.items(), ends, strict=True):
        rank = others.index(name) if name in others else 0
        colour = picture.OURS if name == OURS else picture.OTHERS[rank]
        style = "-" if name == OURS else _STYLES[rank % len(_STYLES)]
        panel.plot(_EXPORTS, bill, style, color=colour, lw=2.5 if name == OURS else 1.4)
        label = measured["designs"][name]["label"]
        panel.annotate(
            label,
            (_EXPORTS[-1], bill[-1]),
            (1.15 * _EXPORTS[-1], 10**end),
            color=colour,
            va="center",
            annotation_clip=False,
        )
    picture.logarithmic(panel, "x", (10, 100, 1_000, 10_000, 100_000), "{:,.0f}")
    picture.logarithmic(panel, "y", (1, 10, 100, 1_000), "${:,.0f}")
    panel.set_xlim(_EXPORTS[0], _EXPORTS[-1])
    panel.set_xlabel("exports a month (logarithmic)")
    return picture.svg(figure)
