"""The picture of the fleet: a back-fill, minute by minute."""

import math

from benchmarks.benchmark import Measured
from benchmarks.svg import Picture

_LINES = (("refusals_only", "peer"), ("ours", "ours"))


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"fleet-back-fill": _back_fill(measured)}


def _back_fill(measured: Measured) -> str:
    """Calls and refusals in each minute since the announcement, where a minute of the clock is what is limited."""
    of = measured["back_fill"]
    by_manner = of["limits"]["fixed"]
    curves = [("peer thin line", of["unlimited"]["calls_by_minute"])]
    curves.append(("best line", by_manner["queue"]["calls_by_minute"]))
    curves += [(f"{style} line", by_manner[name]["calls_by_minute"]) for name, style in _LINES]
    minutes = len(curves[0][1])
    highest: int = 500 * math.ceil(max(max(calls) for _, calls in curves) / 500)
    left, right, top, bottom = 64, 736, 92, 330
    picture = Picture(760, 380, f"A back-fill: {of['exports']} exports announced at once")
    picture.text(16, 24, picture.title, "title")
    picture.text(16, 43, "calls in each minute since the announcement; dots: how many of them were refused")
    picture.text(16, 66, "Export Watch", "ours-text")
    picture.text(116, 66, "the best that the limit permits", "best-text")
    picture.text(306, 66, "grey: without what is left of the limit, and (thin) without a limit")

    def across(minute: int) -> float:
        return left + (right - left) * minute / (minutes - 1)

    def up(calls: float) -> float:
        return bottom - (bottom - top) * calls / highest

    for calls in range(0, highest + 1, 500):
        picture.line(left, up(calls), right, up(calls), "axis" if calls == measured["per_minute"] else "grid")
        picture.text(left - 8, up(calls) + 4, f"{calls:,}", anchor="end")
    picture.text(right, up(measured["per_minute"]) - 6, "the limit of each minute of the clock", anchor="end")
    for minute in range(minutes):
        picture.text(across(minute), bottom + 18, f"{minute + 1}", anchor="middle")
    picture.text((left + right) / 2, bottom + 38, "minute", anchor="middle")
    for style, each in curves:
        picture.path([(across(minute), up(calls)) for minute, calls in enumerate(each)], style)
    for name, style in _LINES:
        for minute, refused in enumerate(by_manner[name]["refused_by_minute"]):
            if refused >= 1:
                picture.dot(across(minute), up(refused), 4, style)
    return str(picture)
