"""The picture of the fleet: a back-fill, minute by minute."""

from benchmarks import picture
from benchmarks.benchmark import Measured

_LINES = (
    ("queue", "the best that the limit permits", picture.BEST, "--"),
    ("refusals_only", "not stretched", picture.OTHERS[0], "-"),
    ("ours", "Export Watch", picture.OURS, "-"),
)


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"fleet-back-fill": _back_fill(measured)}


def _back_fill(measured: Measured) -> str:
    """Calls and refusals in each minute since the start, where a minute of the clock is what is limited."""
    of = measured["back_fill"]
    figure, [panel] = picture.axes(
        7.6, 4, f"A back-fill: {of['exports']} exports at once, calls in each minute"
    )
    unlimited = of["unlimited"]["calls_by_minute"]
    minutes = range(1, len(unlimited) + 1)
    panel.plot(minutes, unlimited, ":", color=picture.OTHERS[2], label="without a limit")
    for name, label, colour, style in _LINES:
        each = of["limits"]["fixed"][name]
        panel.plot(minutes, each["calls_by_minute"], style, color=colour, label=label)
        refused = [
            (m, count) for m, count in zip(minutes, each["refused_by_minute"], strict=True) if count >= 1
        ]
        for at, (minute, count) in enumerate(refused):
            panel.plot(minute, count, "x", color=colour, label=f"refused, {label}" if at == 0 else None)
    limit = measured["per_minute"]
    panel.axhline(limit, color="black", lw=1, ls=(0, (6, 3)), label="the limit of each minute of the clock")
    panel.set_ylim(bottom=0)
    panel.set_xticks(list(minutes))
    panel.set_xlabel("minute since the export-created events")
    panel.legend(loc="upper right", framealpha=1, frameon=True, edgecolor="none")
    return picture.svg(figure)
