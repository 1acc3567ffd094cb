"""The pictures of the schedule: regret at a glance, and what each second of delay costs in checks."""

from statistics import mean
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.schedule.peers import PEERS
from benchmarks.schedule.tables import by_mean_regret, regrets
from benchmarks.svg import LogScale, Picture, apart, tidy

_LABELS = {
    "export_watch": "Export Watch",
    "export_watch_even_phases": "Export Watch, even phases",
    "export_watch_short_delivery": "Export Watch, short delivery",
    "export_watch_untuned": "Export Watch, untuned",
    "textbook": "Export Watch, textbook wait",
    **{peer.name: peer.label for peer in PEERS},
}
_SHORT = {
    "fixed_5": "5 s",
    "fixed_10": "10 s",
    "fixed_20": "20 s",
    "fixed_60": "60 s",
    "durable_functions": "durable",
    "google_workflows": "Google",
    "load_testing": "load test",
}


def pictures(measured: Measured) -> dict[str, str]:
    """The SVG of each picture, by its name."""
    return {"schedule-regret": _regret(measured), "schedule-frontier": _frontier(measured)}


def _regret(measured: Measured) -> str:
    """A row for each schedule: a faint dot for each workload and cost of a check, and their mean."""
    schedules = by_mean_regret(measured)
    left, right, top, row = 260, 690, 62, 30
    bottom = top + row * len(schedules)
    picture = Picture(
        760, bottom + 50, "Regret of each schedule: its cost as a multiple of the best possible one"
    )
    picture.text(16, 24, picture.title, "title")
    picture.text(
        16, 43, "each dot: one of four workloads, a check worth 1, 5, 20 or 60 s; the large one: their mean"
    )
    scale = LogScale(
        0.95,
        1.05 * max(regret for schedule in schedules for regret in regrets(measured, schedule)),
        left,
        right,
    )
    for tick in scale.ticks():
        picture.line(scale(tick), top, scale(tick), bottom)
        picture.text(scale(tick), bottom + 18, f"{tick:g}", anchor="middle")
    picture.text(
        (left + right) / 2, bottom + 38, "times the best possible cost (logarithmic)", anchor="middle"
    )
    for index, schedule in enumerate(schedules):
        y = top + row * (index + 0.5)
        own = schedule.startswith("export_watch")
        style = "ours" if own else "peer"
        picture.text(left - 12, y + 4, _LABELS[schedule], "ours-text" if own else "", anchor="end")
        for regret in regrets(measured, schedule):
            picture.dot(scale(regret), y, 4, f"{style} faint")
        average = mean(regrets(measured, schedule))
        picture.dot(scale(average), y, 6, style)
        picture.text(right + 12, y + 4, f"{average:.2f}", "ours-text" if own else "")
    return str(picture)


def _frontier(measured: Measured) -> str:
    """A panel for each workload: delay against checks, with the curves of ours and of the best possible schedule."""
    width, height = 400, 300
    picture = Picture(2 * width, 62 + 2 * height, "Delay against checks")
    picture.text(16, 24, picture.title, "title")
    picture.text(
        16, 43, "mean delay in seconds over checks per export; on a curve, a check is worth 0.3 to 150 s"
    )
    picture.text(784, 24, "Export Watch (the dot: its default)", "ours-text", anchor="end")
    picture.text(784, 43, "the best possible schedule", "best-text", anchor="end")
    for index, on in enumerate(measured["workloads"].values()):
        _panel(picture, on, width * (index % 2), 62 + height * (index // 2), width, height)
    return str(picture)


def _panel(picture: Picture, on: dict[str, Any], x: float, y: float, width: float, height: float) -> None:
    curve = on["frontier"]
    peers = {name: of for name, of in on["schedules"].items() if name in _SHORT}
    checks = [point["best_checks"] for point in curve] + [of["checks"] for of in peers.values()]
    delays = [point["ours_delay"] for point in curve] + [of["delay_mean"] for of in peers.values()]
    left, right, top, bottom = x + 48, x + width - 24, y + 28, y + height - 34
    across, up = LogScale.around(checks, left, right), LogScale.around(delays, bottom, top)
    picture.text(left, y + 18, on["description"])
    for tick in across.ticks((1,) if across.high / across.low > 300 else (1, 2, 5)):
        picture.line(across(tick), top, across(tick), bottom)
        picture.text(across(tick), bottom + 16, tidy(tick), anchor="middle")
    for tick in up.ticks():
        picture.line(left, up(tick), right, up(tick))
        picture.text(left - 6, up(tick) + 4, tidy(tick), anchor="end")
    for kind, style in (("best", "best line"), ("ours", "ours line")):
        points = [(across(point[f"{kind}_checks"]), up(point[f"{kind}_delay"])) for point in curve]
        picture.path([point for point in points if top <= point[1] <= bottom], style)
    for of in peers.values():
        picture.dot(across(of["checks"]), up(of["delay_mean"]), 3.5, "peer")
    own = on["schedules"]["export_watch"]
    picture.dot(across(own["checks"]), up(own["delay_mean"]), 5, "ours")
    _name_dots(
        picture,
        [(across(of["checks"]), up(of["delay_mean"]), _SHORT[name]) for name, of in peers.items()],
        right,
    )


def _name_dots(picture: Picture, dots: list[tuple[float, float, str]], right: float) -> None:
    """A name beside each dot, to its right where there is room."""
    for (x, _, name), y in zip(dots, apart([y for _, y, _ in dots], 13), strict=True):
        inside = x + 60 < right
        picture.text(x + 7 if inside else x - 7, y + 4, name, anchor="start" if inside else "end")
