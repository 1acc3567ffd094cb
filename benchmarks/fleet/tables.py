"""The tables of the fleet in docs/benchmarks.md."""

from collections.abc import Mapping
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table

NAMES = {
    "ours": "**Export Watch**",
    "refusals_only": "without what is left of the limit",
    "queue": "the best that the limit permits",
}
LIMITS = {"fixed": "each minute of the clock", "sliding": "any 60 seconds"}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "fleet-back-fill": _back_fill(measured),
        "fleet-streams": _streams(measured),
        "fleet-growth": _growth(measured),
    }


def _back_fill(measured: Measured) -> str:
    of = measured["back_fill"]
    rows = [["without a limit", "", *_back_fill_row(of["unlimited"])]]
    for limit, by_manner in of["limits"].items():
        rows += [[NAMES[name], LIMITS[limit], *_back_fill_row(each)] for name, each in by_manner.items()]
    header = [
        f"{of['exports']} exports announced at once",
        f"{measured['per_minute']:,} calls in",
        "calls in the first minute",
        "refused of them",
        "refused of all",
        "calls an export",
        "delay: mean",
        "95 %",
    ]
    return table(header, rows)


def _back_fill_row(each: Mapping[str, Any]) -> list[str]:
    return [
        f"{each['calls_by_minute'][0]:,.0f}",
        f"{each['refused_by_minute'][0]:,.0f}",
        f"{each['refused_share']:.1%}",
        *_news(each),
    ]


def _streams(measured: Measured) -> str:
    rows = [
        [
            stream["label"],
            NAMES[name],
            LIMITS[limit],
            f"{each['calls_a_minute']:,.0f}",
            f"{each['peak_an_account']:,.0f}",
            f"{each['refused_share']:.1%}",
            *_news(each),
        ]
        for stream in measured["streams"].values()
        for limit, by_manner in stream["limits"].items()
        for name, each in by_manner.items()
    ]
    header = [
        "exports an hour",
        "",
        f"{measured['per_minute']:,} calls in",
        "calls a minute",
        "most for one account",
        "refused",
        "calls an export",
        "delay: mean",
        "95 %",
    ]
    return table(header, rows)


def _news(each: Mapping[str, Any]) -> list[str]:
    return [f"{each['checks']:.1f}", f"{each['delay_mean']:.0f} s", f"{each['delay_p95']:.0f} s"]


def _growth(measured: Measured) -> str:
    """Ours, over what the streams have in common: exports of five minutes at a fixed window."""
    rows = []
    for name in ("20", "5000", "100000"):
        stream = measured["streams"][name]
        each = stream["limits"]["fixed"]["ours"]
        least, most = each["state_bytes"]
        rows.append(
            [
                stream["label"],
                f"{each['checks'] * stream['per_hour']:,.0f}",
                f"{each['checks']:.1f}",
                f"{least} to {most}",
            ]
        )
    return table(["exports an hour", "calls an hour", "calls an export", "bytes of a watch's state"], rows)
