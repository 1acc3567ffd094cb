"""When others check, each as it ships; `source` is where its rule was read.

Where one has a choice or a limit, it gets the better of it: the first check of a fixed interval comes after one
interval (not at once, without result), and one that gives up after so many checks or seconds goes on here.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.schedule.cost import Measurement, measure, until
from benchmarks.schedule.workloads import SEED, Seconds


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else's schedule: waits of `wait` seconds, each `factor` times as long as the last, up to `longest`.

    With full jitter it checks at once, and then draws each wait from nothing to all of it, in whole seconds.
    """

    label: str
    used_by: str
    source: str
    wait: float
    factor: float = 1.0
    longest: float = math.inf
    full_jitter: bool = False

    def checks(self, chance: random.Random) -> Iterator[float]:
        """The moments of its checks, without end."""
        now, wait = 0.0, self.wait
        if self.full_jitter:
            yield now
        while True:
            now += max(1, math.ceil(chance.uniform(0, wait))) if self.full_jitter else wait
            yield now
            wait = min(wait * self.factor, self.longest)

    def measure(self, durations: Seconds, runs: int) -> Measurement:
        """So many runs of it on all exports; without chance, one is all there is to see."""
        chance = random.Random(SEED)
        made = [self.checks(chance) for _ in range(runs if self.full_jitter else 1)]
        return measure([until(durations.max(), checks) for checks in made], durations)


OTHERS = {
    "fixed_5": Other("every 5 s", "published ETL templates", "some wait 5 s for a Glue crawler", 5),
    "fixed_10": Other("every 10 s", "gomarsys", "`butik/gomarsys`, export.go", 10),
    "fixed_60": Other(
        "every 60 s",
        "Airflow's sensors, AWS's job poller",
        "`BaseSensorOperator`, poke_interval; AWS's sample-project-job-poller.md, wait_time",
        60,
    ),
    "fixed_90": Other("every 90 s", "the best interval for the four", "none: chosen afterwards", 90),
    "durable_functions": Other(
        "5 s x 1.5 to 300 s, full jitter",
        "AWS durable functions",
        "`aws/aws-durable-execution-sdk-python`, waits.py; it gives up after 60 checks",
        *(5, 1.5, 300, True),
    ),
    "google_workflows": Other(
        "1 s x 1.25 to 60 s",
        "Google Workflows",
        'Google Cloud, Workflows, "Understand connectors"; it gives up after 30 minutes',
        *(1, 1.25, 60),
    ),
    # It spreads its longest time, and 300 s of grace, over 2,222 checks. A day is the default deadline of a watch.
    "load_testing": Other(
        "every 40 s",
        "AWS distributed load testing",
        "`aws-solutions/distributed-load-testing-on-aws`, poll-interval.ts, for a deadline of a day",
        math.ceil((86_400 + 300) / 2222),
    ),
}
