"""The pictures of the schedule: checks and delay as deployed, and cost relative to the optimum."""

from benchmarks import picture
from benchmarks.benchmark import Measured
from benchmarks.schedule.others import OTHERS
from benchmarks.schedule.tables import GROUPS, relative_cost

NAMES = {
    "export_watch_even_phases": "Export Watch, even phases",
    "export_watch_short_delivery": "Export Watch, short delivery",
    "export_watch": "Export Watch, ignores status changes",
    "export_watch_hint_right": "Export Watch, right hint",
    **{other.name: other.label for other in OTHERS},
}


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"schedule-delay": _delay(measured), "schedule-cost": _cost(measured)}


def _delay(measured: Measured) -> str:
    """Checks against delay, in the plain mean of the four workloads: further down and left is better."""
    figure, [panel] = picture.axes(
        7.6, 4.6, "Delay and checks: four workloads, exports that show even phases"
    )
    ours, fixed = (
        [(point["checks"], point["delay_mean"]) for point in measured["curves"][kind]]
        for kind in ("ours", "fixed")
    )
    at = next(p for p in measured["curves"]["ours"] if p["check_cost"] == measured["default_check_cost"])
    panel.plot(*zip(*fixed, strict=True), color=picture.OTHERS[0], marker="s", ms=4, label="a fixed interval")
    panel.plot(*zip(*ours, strict=True), color=picture.OURS, label="Export Watch, by CheckCostSeconds")
    panel.plot(
        at["checks"], at["delay_mean"], "o", color=picture.OURS, ms=10, label="Export Watch, its default"
    )
    schedules = measured["groups"]["four"]["schedules"]
    for name, colour, marker in (
        ("durable_functions", picture.OTHERS[1], "D"),
        ("google_workflows", picture.OTHERS[2], "^"),
    ):
        of = schedules[name]
        panel.plot(of["checks"], of["delay_mean"], marker, color=colour, ms=8, ls="", label=NAMES[name])
    for point in measured["curves"]["fixed"]:
        if point["interval"] in (10, 30, 60, 300):
            label = f"every {point['interval']:g} s"
            panel.annotate(
                label,
                (point["checks"], point["delay_mean"]),
                (6, 4),
                textcoords="offset points",
                color=picture.OTHERS[0],
            )
    picture.logarithmic(panel, "x", (5, 10, 20, 50, 100, 200, 500))
    picture.logarithmic(panel, "y", (2, 5, 10, 20, 50, 100, 200))
    panel.set_xlabel("checks of an export, mean (logarithmic)")
    panel.set_ylabel("seconds of delay, mean (logarithmic)")
    panel.legend(loc="upper right")
    return picture.svg(figure)


def _cost(measured: Measured) -> str:
    """A row for each schedule, a marker for each group of workloads."""
    groups = {name: label for name, label in GROUPS.items() if name != "six_doubled"}
    rows = [
        (label, [relative_cost(measured["groups"][group]["schedules"][name]) for group in groups])
        for name, label in NAMES.items()
    ]
    bounds = [sum(of.values()) / len(of) for group in groups for of in [measured["groups"][group]["bound"]]]
    rows.append(("the least possible without knowledge", bounds))
    rows.sort(key=lambda row: -sum(row[1]))
    figure, [panel] = picture.axes(
        7.6, 4.8, "Cost relative to the optimum: mean delay + c x checks, c = 1 to 60 s"
    )
    for index, (label, marker) in enumerate(zip(groups.values(), picture.MARKERS, strict=False)):
        colours = [
            picture.OURS
            if row[0].startswith("Export")
            else picture.BEST
            if "least" in row[0]
            else picture.OTHERS[2]
            for row in rows
        ]
        panel.scatter([], [], marker=marker, color="black", label=label)
        for y, (row, colour) in enumerate(zip(rows, colours, strict=True)):
            panel.scatter(row[1][index], y, marker=marker, color=colour, s=36)
    panel.set_yticks(range(len(rows)), [row[0] for row in rows])
    picture.logarithmic(panel, "x", (1, 1.5, 2, 3, 5, 10, 20, 30), "{:g}")
    panel.set_xlabel("times the least possible cost (logarithmic)")
    panel.legend(loc="upper right")
    return picture.svg(figure)
