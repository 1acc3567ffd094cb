"""When each schedule checks: Export Watch by what it may know of an export, and others, each as it ships.

Where another one has a choice or a limit, it gets the better of it: the first check of a fixed interval comes after one
interval (not at once, without result), and one that gives up after so many checks or seconds goes on here.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

import numpy as np

from benchmarks.schedule.cost import Measurement, measure
from benchmarks.schedule.workloads import LONGEST_SECONDS, SEED, Seconds
from export_watch import schedule
from export_watch.decision import decide
from export_watch.schedule import Policy, first_wait_seconds
from export_watch.watch import Export, ExportStatus, StatusSeen, Watch, WatchRequest

DEFAULT = Policy().check_cost_seconds
RUNS, FEW_RUNS = 8, 3
"""Of a schedule with chance in it: eight are enough for an error of well below a percent."""

SEEN = {status: StatusSeen(status, Export(status=status), "") for status in ExportStatus}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What it does on durations. Where it is not `tuned`, that is the same whatever a check is worth (in seconds)."""

    label: str
    measure: Callable[[Seconds, float], Measurement]
    sees_phases: bool = False
    tuned: bool = True


def watch(
    longest_seconds: float,
    number: int,
    check_cost: float,
    expected_seconds: int | None = None,
    begins: float = 0,
    ready: float = math.inf,
) -> Seconds:
    """When the watch of an export checks, up to the first check at or after `longest`. Its number makes the jitter."""
    policy = Policy(check_cost_seconds=check_cost)
    state = Watch.begin(WatchRequest(number, "benchmark", 1, LONGEST_SECONDS, None, {}, expected_seconds), 0)
    checks = [first_wait_seconds(state, policy)]
    while (now := checks[-1]) < longest_seconds:
        begun = ExportStatus.IN_PROGRESS if now >= begins else ExportStatus.SCHEDULED
        decision = decide(state, SEEN[ExportStatus.READY if now >= ready else begun], now, policy)
        state = decision.watch
        checks.append(now + decision.wait_seconds)
    return np.array(checks, np.float64)


def ours(
    durations: Seconds, check_cost: float, runs: int = RUNS, hints: Sequence[int | None] = (None,)
) -> Measurement:
    """Export Watch where no status changes until the end, in so many runs with each of these hints."""
    longest = durations.max()
    watches = [watch(longest, run, check_cost, hint) for hint in hints for run in range(1, runs + 1)]
    return measure(watches, durations)


def ours_hinted(factors: Sequence[float], durations: Seconds, check_cost: float) -> Measurement:
    """The same with an `expected_seconds` that is so many times the mean duration of such exports."""
    return ours(durations, check_cost, FEW_RUNS, [round(factor * durations.mean()) for factor in factors])


def ours_by_the_textbook(durations: Seconds, check_cost: float) -> Measurement:
    """The same with Keller's wait where the chance of an end falls exactly as 1/t."""

    def wait(elapsed_seconds: float, policy: Policy) -> float:
        wait = math.sqrt(2 * policy.check_cost_seconds * elapsed_seconds)
        return min(max(wait, policy.min_wait_seconds), policy.max_wait_seconds)

    with patch.object(schedule, "base_wait_seconds", wait):
        return ours(durations, check_cost, FEW_RUNS)


def ours_seeing(weights: tuple[float, float, float], durations: Seconds, check_cost: float) -> Measurement:
    """Export Watch where an export goes through its phases: a watch for each export.

    `scheduled`, `in progress` and `ready` share a duration at random: weights of a Dirichlet distribution.
    """
    checks, delays = [], []
    phases = np.random.default_rng(SEED).dirichlet(weights, len(durations))
    changes = (durations[:, np.newaxis] * np.cumsum(phases, axis=1)[:, :2]).tolist()
    for number, (duration, (begins, ready)) in enumerate(zip(durations, changes, strict=True), 1):
        moments = watch(duration, number, check_cost, None, begins, ready)
        checks.append(float(len(moments)))
        delays.append(moments[-1] - duration)
    return Measurement(np.array([checks]), np.array([delays]))


def other(
    label: str,
    wait: float,
    factor: float = 1,
    longest: float = math.inf,
    full_jitter: bool = False,
) -> Schedule:
    """Somebody else's: waits of `wait` seconds, each `factor` times as long as the last, up to `longest`.

    With full jitter it checks at once, and then draws each wait from nothing to all of it, in whole seconds.
    """

    def checks(longest_seconds: float, chance: random.Random) -> Seconds:
        made, now, upper = [0.0] if full_jitter else [], 0.0, wait
        while not made or now < longest_seconds:
            now += max(1, math.ceil(chance.uniform(0, upper))) if full_jitter else upper
            made.append(now)
            upper = min(upper * factor, longest)
        return np.array(made)

    def measured(durations: Seconds, _: float) -> Measurement:
        chance = random.Random(SEED)
        runs = RUNS if full_jitter else 1
        return measure([checks(durations.max(), chance) for _ in range(runs)], durations)

    return Schedule(label, measured, tuned=False)


BLIND = "Export Watch, ignores status changes"
OURS = {
    "export_watch_even_phases": Schedule(
        "**Export Watch**, even phases", partial(ours_seeing, (1, 1, 1)), sees_phases=True
    ),
    "export_watch_short_delivery": Schedule(
        "**Export Watch**, short delivery", partial(ours_seeing, (1, 8, 1)), sees_phases=True
    ),
    "export_watch": Schedule(BLIND, ours),
    # What an event's `expected_seconds` is of the mean duration of such exports.
    "export_watch_hint_right": Schedule(
        f"{BLIND}; hint right within 1.25", partial(ours_hinted, (1.25, 0.8))
    ),
    "export_watch_hint_2_long": Schedule(f"{BLIND}; hint twice too long", partial(ours_hinted, [2])),
    "export_watch_hint_2_short": Schedule(f"{BLIND}; hint half of it", partial(ours_hinted, [1 / 2])),
    "export_watch_hint_5_long": Schedule(f"{BLIND}; hint five times too long", partial(ours_hinted, [5])),
    "export_watch_hint_5_short": Schedule(f"{BLIND}; hint a fifth of it", partial(ours_hinted, [1 / 5])),
    "export_watch_untuned": Schedule(f"{BLIND}; always at its default of 2 s", ours, tuned=False),
    "textbook": Schedule(f"{BLIND}; with the textbook's `sqrt(2 * c * elapsed)`", ours_by_the_textbook),
}
OTHERS = {
    # Some wait so long for a Glue crawler.
    "fixed_5": other("every 5 s (published ETL templates)", 5),
    # `butik/gomarsys`, export.go.
    "fixed_10": other("every 10 s (gomarsys)", 10),
    # `BaseSensorOperator`, poke_interval; AWS's sample-project-job-poller.md, wait_time.
    "fixed_60": other("every 60 s (Airflow's sensors, AWS's job poller)", 60),
    "fixed_90": other("every 90 s (the best interval for the four)", 90),
    # `aws/aws-durable-execution-sdk-python`, waits.py; it gives up after 60 checks.
    "durable_functions": other(
        "5 s x 1.5 to 300 s, full jitter (AWS durable functions)", 5, 1.5, 300, full_jitter=True
    ),
    # Google Cloud, Workflows, "Understand connectors"; it gives up after 30 minutes.
    "google_workflows": other("1 s x 1.25 to 60 s (Google Workflows)", 1, 1.25, 60),
    # `aws-solutions/distributed-load-testing-on-aws`, poll-interval.ts, spreads its longest time, and 300 s of grace,
    # over 2,222 checks; a day is the default deadline of a watch.
    "load_testing": other("every 40 s (AWS distributed load testing)", math.ceil((86_400 + 300) / 2222)),
}
