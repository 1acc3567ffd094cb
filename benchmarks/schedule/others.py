"""When others check, each as it ships; `source` is where its rule was read.

Where one has a choice or a limit, it gets the better of it: the first check of a fixed interval comes after one
interval (not at once, without result), and one that gives up after so many checks or seconds goes on here.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.schedule.workloads import Seconds


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else's schedule. `waits` yields the seconds before each check, without end.

    `by_chance` says that waits are drawn; without, one run of it is all there is to see.
    """

    name: str
    label: str
    shipped_by: str
    source: str
    waits: Callable[[random.Random], Iterator[float]]
    by_chance: bool = False


def every(seconds: float) -> Callable[[random.Random], Iterator[float]]:
    """A check after each interval of so many seconds."""

    def waits(_: random.Random) -> Iterator[float]:
        while True:
            yield seconds

    return waits


def durable_functions(chance: random.Random) -> Iterator[float]:
    """A check at once, then waits of 5 s x 1.5 each time up to 300 s, drawn from nothing to all of it, rounded up."""
    yield 0
    wait = 5.0
    while True:
        yield max(1, math.ceil(chance.uniform(0, wait)))
        wait = min(wait * 1.5, 300.0)


def google_workflows(_: random.Random) -> Iterator[float]:
    """Waits of 1 s x 1.25 each time, up to 60 s."""
    wait = 1.0
    while True:
        yield wait
        wait = min(wait * 1.25, 60.0)


def load_testing_interval_seconds(longest_seconds: float) -> int:
    """The longest time a loop may take, and 300 s of grace, spread over 2,222 checks; at least 10 s, at most 60 s."""
    return min(max(math.ceil((longest_seconds + 300) / 2222), 10), 60)


DAY = 86_400
"""How long our default deadline lets a watch go on, so how long a load test's loop would have to cover."""

OTHERS = (
    Other("fixed_5", "every 5 s", "published ETL templates", "some wait 5 s for a Glue crawler", every(5)),
    Other("fixed_10", "every 10 s", "gomarsys", "`butik/gomarsys`, export.go", every(10)),
    Other("fixed_20", "every 20 s", "common in pipelines", "none: between the others", every(20)),
    Other(
        "fixed_60",
        "every 60 s",
        "Airflow's sensors, AWS's job poller",
        "`BaseSensorOperator`, poke_interval; AWS's sample-project-job-poller.md, wait_time",
        every(60),
    ),
    Other(
        "durable_functions",
        "5 s x 1.5 to 300 s, full jitter",
        "AWS durable functions",
        "`aws/aws-durable-execution-sdk-python`, waits.py; it gives up after 60 checks",
        durable_functions,
        by_chance=True,
    ),
    Other(
        "google_workflows",
        "1 s x 1.25 to 60 s",
        "Google Workflows",
        'Google Cloud, Workflows, "Understand connectors"; it gives up after 30 minutes',
        google_workflows,
    ),
    Other(
        "load_testing",
        "every 40 s",
        "AWS distributed load testing",
        "`aws-solutions/distributed-load-testing-on-aws`, poll-interval.ts, for a deadline of a day",
        every(load_testing_interval_seconds(DAY)),
    ),
)


def checks_until(longest_seconds: float, other: Other, chance: random.Random) -> Seconds:
    """Its checks, up to the first at or after `longest_seconds`."""
    times, now = [], 0.0
    for wait in other.waits(chance):
        now += wait
        times.append(now)
        if now >= longest_seconds:
            break
    return np.array(times)
