"""The tables of the schedule in docs/benchmarks.md."""

from statistics import mean
from typing import Any

from benchmarks.benchmark import Measured
from benchmarks.document import table
from benchmarks.schedule.peers import PEERS

NAMES = {
    "export_watch": "**Export Watch**",
    "export_watch_even_phases": "**Export Watch**, even phases seen",
    "export_watch_short_delivery": "**Export Watch**, short delivery seen",
    "export_watch_untuned": "Export Watch, always at its default of 5 s",
    "textbook": "Export Watch with the textbook's `sqrt(2 * c * elapsed)`",
    **{peer.name: f"{peer.label} ({peer.shipped_by})" for peer in PEERS},
}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    return {
        "schedule-regret": _regret(measured),
        "schedule-workloads": _by_workload(measured),
        "schedule-losses": _losses(measured),
        "schedule-missed": _missed(measured),
    }


def regrets(measured: Measured, schedule: str) -> list[float]:
    """All regrets of a schedule: each workload, each cost of a check."""
    return [
        regret
        for on in measured["workloads"].values()
        for regret in on["schedules"][schedule]["regret"].values()
    ]


def by_mean_regret(measured: Measured) -> list[str]:
    """The schedules, the best first."""
    schedules = next(iter(measured["workloads"].values()))["schedules"]
    return sorted(schedules, key=lambda schedule: mean(regrets(measured, schedule)))


def _regret(measured: Measured) -> str:
    costs = [str(cost) for cost in measured["check_costs"]]
    rows = [
        [
            NAMES[schedule],
            *(_over_workloads(measured, schedule, cost) for cost in costs),
            f"**{mean(regrets(measured, schedule)):.2f}**",
            f"{max(regrets(measured, schedule)):.2f}",
        ]
        for schedule in by_mean_regret(measured)
    ]
    return table(
        ["mean regret over the workloads", *(f"c = {cost} s" for cost in costs), "mean", "worst"], rows
    )


def _over_workloads(measured: Measured, schedule: str, cost: str) -> str:
    return f"{mean(on['schedules'][schedule]['regret'][cost] for on in measured['workloads'].values()):.2f}"


def _by_workload(measured: Measured) -> str:
    return "\n\n".join(
        f"Exports that take {on['description']}; {on['duration_mean'] / 60:.0f} minutes in the mean:\n\n"
        f"{_one_workload(on)}"
        for on in measured["workloads"].values()
    )


def _one_workload(on: dict[str, Any]) -> str:
    rows = [
        [
            NAMES[schedule],
            f"{of['checks']:.1f}",
            f"{of['delay_mean']:.1f} s",
            f"{of['delay_p95']:.0f} s",
            *(f"{regret:.2f}" for regret in of["regret"].values()),
        ]
        for schedule, of in on["schedules"].items()
    ]
    costs = [f"regret, c = {cost} s" for cost in next(iter(on["schedules"].values()))["regret"]]
    return table(["schedule", "checks", "delay: mean", "delay: 95th percentile", *costs], rows)


def _losses(measured: Measured) -> str:
    """Where a peer beats ours."""
    labels = {peer.name: peer.label for peer in PEERS}
    rows = []
    for on in measured["workloads"].values():
        own = on["schedules"]["export_watch"]
        for cost, regret in own["regret"].items():
            peers = {peer.name: on["schedules"][peer.name]["regret"][cost] for peer in PEERS}
            better = sorted((other, name) for name, other in peers.items() if other < regret)
            if better:
                winners = ", ".join(f"{labels[name]} ({other:.2f})" for other, name in better)
                rows.append([on["label"], f"{cost} s", f"{regret:.2f}", winners])
    return table(["exports that take", "c", "our regret", "beaten by"], rows)


def _missed(measured: Measured) -> str:
    quitters = [peer for peer in PEERS if peer.gives_up_after_checks or peer.gives_up_after_seconds]
    rows = [
        [
            peer.shipped_by,
            f"{peer.gives_up_after_checks} looks"
            if peer.gives_up_after_checks
            else f"{peer.gives_up_after_seconds} s",
            *(f"{on['schedules'][peer.name]['missed']:.1%}" for on in measured["workloads"].values()),
        ]
        for peer in quitters
    ]
    labels = [on["label"] for on in measured["workloads"].values()]
    return table(["exports whose end is never seen", "gives up after", *labels], rows)
