"""The table and the picture of the fleet: all figures, and a back-fill minute by minute."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.benchmark import Measured
from benchmarks.document import table

NAMES = {"ours": "**Export Watch**", "queue": "a queue that all share", "refusals_only": "not stretched"}
LIMITS = {"fixed": "minute of the clock", "sliding": "60 seconds"}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    streams, per_minute = measured["streams"], measured["per_minute"]
    runs = {
        "500 at once": measured["back_fill"],
        "5,000 an hour": streams["steady"],
        "5,000 an hour, of 30 min each": streams["overload"],
    }
    rows = []
    for exports, of in runs.items():
        fleets = {"without a limit | ": of["unlimited"]}
        for manner, name in NAMES.items():
            for kind, found in of["limits"].items():
                if manner in found:
                    fleets[f"{name} | {LIMITS[kind]}"] = found[manner]
        for fleet, found in fleets.items():
            used = f"{found['taken_a_minute'] / per_minute:.0%}" if "taken_a_minute" in found else ""
            rows.append(
                f"{exports} | {fleet} | {found['refused_share']:.1%} | {used} | {found['checks']:.1f} | "
                f"{found['delay_mean']:.0f} s | {found['delay_p95']:.0f} s"
            )
    figures = "refused | limit used | checks an export | delay: mean | 95 %"
    return {"fleet": table(f"exports | fleet | {per_minute:,} calls in any | {figures}", rows)}


def pictures(measured: Measured) -> dict[str, Figure]:
    """Calls that are answered and that are refused in each minute since the start, of any 60 seconds' limit."""
    of, limit = measured["back_fill"], measured["per_minute"]
    by_manner = of["limits"]["sliding"]
    shown = {
        "Export Watch": (by_manner["ours"], picture.OURS),
        "a shared queue,\nthe best possible": (by_manner["queue"], picture.BEST),
        "not stretched": (by_manner["refusals_only"], picture.OTHERS[0]),
        "asked for, if there\nwere no limit": (of["unlimited"], picture.INK),
    }
    lines = []
    for label, (each, colour) in shown.items():
        refused = np.array(each["refused_by_minute"])
        lines.append(picture.Line(label, colour, (each["calls_by_minute"] - refused, refused)))
    figure = picture.lines(
        f"A back-fill: {of['exports']} exports at once, at a limit of {limit:,} calls in any 60 seconds",
        np.arange(len(refused)) + 1,
        lines,
        (
            "minute since the export-created events",
            "calls answered in each minute",
            "calls refused in each minute",
        ),
    )
    figure.axes[0].axhline(limit, color=picture.INK, lw=1)
    figure.axes[0].text(len(refused), limit, f"the limit, {limit:,}", ha="right", va="bottom")
    return {"fleet-back-fill": figure}
