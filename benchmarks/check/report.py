"""The tables and the picture of a check."""

from matplotlib.figure import Figure

from benchmarks import picture
from benchmarks.document import table
from benchmarks.results import Measured

FIGURES = {"cold_cpu": "CPU, cold", "warm_cpu": "CPU, warm", "peak_mib": "peak memory"}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    ways = measured["ways"]
    return {
        "check-ways": table(
            "a check | cold: imports | first check | together | warm | peak memory",
            (
                f"{of['label']} | {1000 * of['import_cpu']:.0f} ms | {1000 * of['first_cpu']:.0f} ms | "
                f"{1000 * of['cold_cpu']:.0f} ms | {1000 * of['warm_cpu']:.2f} ms | {of['peak_mib']:.0f} MiB"
                for of in ways.values()
            ),
        ),
        "check-ratios": table(
            "ratio | median of the rounds | standard error | aim: at most",
            (
                f"{FIGURES[of['figure']]}: Export Watch / {ways[of['other']]['label']} | {of['ratio']:.3g} | "
                f"{of['error']:.1g} | {of['aim']}"
                for of in measured["ratios"]
            ),
        ),
    }


def pictures(measured: Measured) -> dict[str, Figure]:
    """CPU time, cold and warm."""
    ways = measured["ways"].values()
    colours = (picture.OURS, picture.OTHERS[0], picture.BEST)
    figure = picture.bars(
        "CPU time of a check",
        {of["label"].replace("*", ""): colour for of, colour in zip(ways, colours, strict=True)},
        {
            "cold: imports and the first check": ([1000 * of["cold_cpu"] for of in ways], "{:.0f} ms"),
            "warm: each further check": ([1000 * of["warm_cpu"] for of in ways], "{:.2g} ms"),
        },
    )
    return {"check": figure}
