"""The picture of money: the bill of a month over the exports in it."""

from benchmarks.benchmark import Measured
from benchmarks.money.designs import OURS
from benchmarks.money.tables import for_a_thousand
from benchmarks.svg import LogScale, Picture, apart, tidy

_EXPORTS = [10 ** (1 + step / 10) for step in range(41)]


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"money": _months(measured)}


def _months(measured: Measured) -> str:
    left, right, top, bottom = 62, 540, 62, 360
    picture = Picture(760, 410, "The bill of a month, by the number of exports in it")
    picture.text(16, 24, picture.title, "title")
    picture.text(16, 43, "dollars at list prices without free tiers, in the mean over the four workloads")
    bills = {
        name: [of["month"] + for_a_thousand(of) / 1000 * exports for exports in _EXPORTS]
        for name, of in measured["designs"].items()
    }
    across = LogScale(_EXPORTS[0], _EXPORTS[-1], left, right)
    up = LogScale.around([bill for bill_of in bills.values() for bill in bill_of], bottom, top)
    for tick in across.ticks((1,)):
        picture.line(across(tick), top, across(tick), bottom)
        picture.text(across(tick), bottom + 18, tidy(tick), anchor="middle")
    for tick in up.ticks((1,)):
        picture.line(left, up(tick), right, up(tick))
        picture.text(left - 8, up(tick) + 4, f"${tidy(tick)}", anchor="end")
    picture.text((left + right) / 2, bottom + 38, "exports a month (logarithmic)", anchor="middle")
    ends = apart([up(bill[-1]) for bill in bills.values()], 16)
    # Ours comes last, to lie on top.
    for (name, bill), end in sorted(
        zip(bills.items(), ends, strict=True), key=lambda entry: entry[0][0] == OURS
    ):
        own = name == OURS
        points = [(across(exports), up(dollars)) for exports, dollars in zip(_EXPORTS, bill, strict=True)]
        picture.path(points, "ours line" if own else "peer line thin")
        picture.text(right + 10, end + 4, measured["designs"][name]["label"], "ours-text" if own else "")
    return str(picture)
