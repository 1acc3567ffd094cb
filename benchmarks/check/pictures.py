"""The picture of a check: CPU time, cold and warm."""

from benchmarks.benchmark import Measured
from benchmarks.svg import Picture

_PANELS = (("cold_cpu", "cold: imports and the first check"), ("warm_cpu", "warm: each further check"))
_LEFT, _RIGHT, _TOP, _ROW = 390, 670, 62, 26


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"check": _bars(measured)}


def _bars(measured: Measured) -> str:
    ways = measured["ways"]
    height = _TOP + len(_PANELS) * (len(ways) + 2) * _ROW
    picture = Picture(760, height, "What a check takes")
    picture.text(16, 24, picture.title, "title")
    picture.text(16, 43, "milliseconds of CPU time")
    y = _TOP + _ROW / 2
    for figure, title in _PANELS:
        picture.text(16, y + 4, title, "title")
        longest = max(of[figure] for of in ways.values())
        y += _ROW
        for name, of in ways.items():
            own = name.startswith("ours")
            end = _LEFT + (_RIGHT - _LEFT) * of[figure] / longest
            picture.text(_LEFT - 10, y + 4, of["label"].replace("*", ""), "ours-text" if own else "", "end")
            style = "ours" if own else "best" if name == "floor" else "peer"
            picture.line(_LEFT, y, end, y, f"line {style}")
            picture.dot(end, y, 5, style)
            picture.text(end + 12, y + 4, f"{1000 * of[figure]:.3g}")
            y += _ROW
        y += _ROW
    return str(picture)
