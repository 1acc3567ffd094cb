"""The tables of the fleet: what it aims at, and all figures."""

from benchmarks.benchmark import Measured
from benchmarks.document import table

NAMES = {
    "ours": "**Export Watch**",
    "by_share": "stretched by the share left, as until version 1",
    "refusals_only": "not stretched",
    "queue": "the best that the limit permits",
}
LIMITS = {"fixed": "each minute of the clock", "sliding": "any 60 seconds"}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {"fleet-aims": _aims(measured), "fleet": _figures(measured)}


def _aims(measured: Measured) -> str:
    """Each aim, what it permits at most, and what was measured."""
    steady, overload = measured["streams"]["steady"], measured["streams"]["overload"]
    aims = (
        ("a back-fill of 500 at once: refused", measured["back_fill"], "refused_share", 1, 0.01, ".1%"),
        (
            "5,000 an hour: delay relative to no limit",
            *(steady, "delay_mean", steady["unlimited"]["delay_mean"], 1.25, ".2f"),
        ),
        ("a lasting overload: refused", overload, "refused_share", 1, 0.05, ".1%"),
        (
            "a lasting overload: share of the limit used",
            overload,
            "taken_a_minute",
            measured["per_minute"],
            0.8,
            ".0%",
        ),
    )
    rows = []
    for aim, of, figure, unit, most, form in aims:
        for limit, by_manner in of["limits"].items():
            values = [each[figure] / unit for each in by_manner.values()]
            verdict = "yes" if values[0] <= most else "**no**"
            rows.append(
                [aim, LIMITS[limit], f"{most:{form}}", verdict, *(f"{value:{form}}" for value in values)]
            )
    header = ["aim", f"{measured['per_minute']:,} calls in", "at most", "kept", *NAMES.values()]
    return table(header, rows)


def _figures(measured: Measured) -> str:
    rows = []
    for label, of in (
        ("500 at once", measured["back_fill"]),
        ("5,000 an hour", measured["streams"]["steady"]),
        ("5,000 an hour, of 30 min each", measured["streams"]["overload"]),
    ):
        all_of = [("without a limit", "", of["unlimited"])]
        all_of += [
            (NAMES[name], LIMITS[limit], each)
            for limit, by in of["limits"].items()
            for name, each in by.items()
        ]
        rows += [
            [
                *(label, name, limit, f"{each['refused_share']:.1%}", f"{each['checks']:.1f}"),
                *(f"{each['delay_mean']:.0f} s", f"{each['delay_p95']:.0f} s"),
            ]
            for name, limit, each in all_of
        ]
    calls = f"{measured['per_minute']:,} calls in"
    return table(["exports", "", calls, "refused", "checks an export", "delay: mean", "95 %"], rows)
