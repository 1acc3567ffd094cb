"""The tables and the picture of the fleet: what it aims at, all figures, and a back-fill minute by minute."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.document import table
from benchmarks.results import Measured

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
    limit, back_fill = measured["per_minute"], measured["back_fill"]
    steady, overload = measured["streams"]["steady"], measured["streams"]["overload"]
    no_limit = steady["unlimited"]["delay_mean"]
    aims = (
        ("a back-fill of 500 at once: refused", back_fill, "refused_share", 1, 0.01, ".1%"),
        ("5,000 an hour: delay relative to no limit", steady, "delay_mean", no_limit, 1.25, ".2f"),
        ("a lasting overload: refused", overload, "refused_share", 1, 0.05, ".1%"),
        ("a lasting overload: share of the limit used", overload, "taken_a_minute", limit, 0.8, ".0%"),
    )
    rows = []
    for aim, of, figure, unit, most, form in aims:
        for kind, by_manner in of["limits"].items():
            values = [each[figure] / unit for each in by_manner.values()]
            kept = "yes" if values[0] <= most else "**no**"
            shown = " | ".join(f"{value:{form}}" for value in values)
            rows.append(f"{aim} | {LIMITS[kind]} | {most:{form}} | {kept} | {shown}")
    return table(f"aim | {limit:,} calls in | at most | kept | {' | '.join(NAMES.values())}", rows)


def _figures(measured: Measured) -> str:
    runs = {
        "500 at once": measured["back_fill"],
        "5,000 an hour": measured["streams"]["steady"],
        "5,000 an hour, of 30 min each": measured["streams"]["overload"],
    }
    rows = []
    for label, of in runs.items():
        each = {"without a limit | ": of["unlimited"]}
        for kind, by_manner in of["limits"].items():
            each |= {f"{NAMES[manner]} | {LIMITS[kind]}": found for manner, found in by_manner.items()}
        rows += [
            f"{label} | {name} | {found['refused_share']:.1%} | {found['checks']:.1f} | "
            f"{found['delay_mean']:.0f} s | {found['delay_p95']:.0f} s"
            for name, found in each.items()
        ]
    limit = f"{measured['per_minute']:,} calls in"
    return table(f"exports |  | {limit} | refused | checks an export | delay: mean | 95 %", rows)


def pictures(measured: Measured) -> dict[str, Figure]:
    """Calls and refusals in each minute since the start, where a minute of the clock is what is limited."""
    of, limit = measured["back_fill"], measured["per_minute"]
    by_manner = of["limits"]["fixed"]
    lines = (
        (of["unlimited"], "without a limit", picture.OTHERS[2], ":"),
        (by_manner["queue"], "the best that the limit permits", picture.BEST, "--"),
        (by_manner["refusals_only"], "not stretched", picture.OTHERS[0], "-."),
        (by_manner["ours"], "Export Watch", picture.OURS, "-"),
    )
    figure, [panel] = picture.axes(
        9, 4, f"A back-fill: {of['exports']} exports at once, calls in each minute"
    )
    minutes = np.arange(len(of["unlimited"]["calls_by_minute"])) + 1
    for each, label, colour, style in lines:
        panel.plot(minutes, each["calls_by_minute"], style, color=colour, label=label, lw=2)
        refused = np.array(each["refused_by_minute"])
        if (some := refused >= 1).any():
            panel.plot(minutes[some], refused[some], "X", color=colour, ms=8, label=f"{label}: refused")
    panel.axhline(limit, color="black", lw=1)
    panel.text(minutes[-1], limit + 20, f"the limit, {limit:,} calls in each minute of the clock", ha="right")
    panel.set_ylim(bottom=0)
    panel.set_xticks(minutes)
    panel.set_xlabel("minute since the export-created events")
    panel.legend(loc="upper right", bbox_to_anchor=(1, 0.54))
    return {"fleet-back-fill": figure}
