"""The table and the picture of the fleet: all figures, and a back-fill minute by minute."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.benchmark import Measured
from benchmarks.document import table

NAMES = {"ours": "**Export Watch**", "queue": "a queue that all share", "refusals_only": "not stretched"}
SHOWN_MINUTES = 10
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
    manners = of["limits"]["sliding"]
    shown = {
        "Export Watch": (manners["ours"], picture.OURS),
        "a queue that all share:\nthe best possible": (manners["queue"], picture.BEST),
        "not stretched": (manners["refusals_only"], picture.OTHERS[0]),
        "asked for, if there\nwere no limit": (of["unlimited"], picture.OTHERS[1]),
    }
    minutes = np.arange(SHOWN_MINUTES) + 1
    lines = []
    for label, (each, colour) in shown.items():
        calls, refused = (
            np.array(each[name])[:SHOWN_MINUTES] for name in ("calls_by_minute", "refused_by_minute")
        )
        lines.append(picture.Line(label, colour, (calls - refused, refused)))
    figure = picture.lines(
        f"A back-fill: {of['exports']} exports at once, at a limit of {limit:,} calls in any 60 seconds",
        minutes,
        lines,
        ("minute since the events", "calls answered in each minute", "calls refused in each minute"),
    )
    for panel in figure.axes:
        panel.set_xticks(minutes)
        panel.axhline(limit, color=picture.INK, lw=1.2, ls="--")
        panel.text(SHOWN_MINUTES, limit + 20, f"the limit, {limit:,}", ha="right")
    return {"fleet-back-fill": figure}
