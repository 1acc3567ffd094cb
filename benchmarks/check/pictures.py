"""The picture of a check: CPU time, cold and warm."""

from benchmarks import picture
from benchmarks.benchmark import Measured

_PANELS = (("cold_cpu", "cold: imports and the first check"), ("warm_cpu", "warm: each further check"))


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"check": _bars(measured)}


def _bars(measured: Measured) -> str:
    """A panel for cold and one for warm, a bar for each way, with its milliseconds at its end."""
    ways = list(measured["ways"].items())[::-1]
    labels = [of["label"].replace("*", "") for _, of in ways]
    colours = [
        picture.OURS if name.startswith("ours") else picture.BEST if name == "floor" else picture.OTHERS[0]
        for name, _ in ways
    ]
    figure, panels = picture.axes(9, 3.2, "CPU time of a check, in milliseconds", columns=2)
    for panel, (key, title) in zip(panels, _PANELS, strict=True):
        bars = panel.barh(range(len(ways)), [1000 * of[key] for _, of in ways], color=colours)
        panel.bar_label(bars, fmt="{:.3g}", padding=4)
        panel.set_title(title)
        panel.set_yticks(range(len(ways)), labels if panel is panels[0] else [])
        panel.grid(visible=False, axis="y")
        panel.margins(x=0.25)
    return picture.svg(figure)
