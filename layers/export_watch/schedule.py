"""When to check again.

How long an export takes is unknown: seconds or hours. Where nothing tells a ten-second export from a ten-hour
one, the chance h that it ends in the next second falls as 1/t, and the near-optimal schedule of inspections waits
sqrt(2 * cost / h) (Keller 1974, after Barlow, Hunter and Proschan 1963). Ours takes h = 1 / 2(t + cost): whatever has
lasted for t lasts twice as long with a chance of 71 %, and no wait is worth less than a check. Where h is really 1/t
that costs 6 % more than the best wait; on the workloads of benchmarks/schedule it costs less than sqrt(2 * cost * t).
So the number of checks grows with the square root of the time: 209 in 24 hours with the default parameters, about 218
with the jitter.

Two things are known of some exports: that one has not begun yet, and how long such exports take. Both scale the wait.

All watches of an API user share one rate limit and know nothing of one another. What is left of the limit, which each
reply reports, makes all of them slower before it is used up; a refusal spreads those that were refused together.
"""

import hashlib
import math
from dataclasses import dataclass

from export_watch.watch import DistributionMethod, ExportStatus, RateLimit, Watch

SCHEDULED_FACTOR = 1.5
"""An export that is still `scheduled` has not begun: its waits are this many times as long."""

EXPECTED_FACTORS = (0.5, 2.0)
"""What an expected duration may make of a wait: a wrong one costs little more than none."""

JITTER = 0.1
"""The largest share by which a wait is shortened, so that watches started together do not check together."""

REFUSED_SPREAD_SECONDS = 60
"""Watches that were refused together come back spread over a minute, which is what Emarsys's limit counts by."""

FREE_HEADROOM = 0.75
"""While more than this share of the rate limit is left, nothing stretches: a quarter of it is anyone's."""

LONGEST_STRETCH = 5.0
"""No wait becomes longer than this many times: news must not get old where another job uses the limit up."""

CHECK_BUDGET = 1600
"""No watch makes more checks. Step Functions ends an execution after 25,000 events; a check takes 9 of them, 15
with both retries, and 1,600 times 15 leaves 1,000 for publishing the outcome."""

UNPACED_CHECKS = 1000
"""From this check on, the rest of the budget is spread evenly over the time that is left."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator chooses. A watch keeps the policy with which it started."""

    check_cost_seconds: float = 2
    min_wait_seconds: int = 10
    max_wait_seconds: int = 900
    stuck_after_seconds: int = 3900
    default_distribution_method: DistributionMethod = DistributionMethod.FTP


def first_wait_seconds(watch: Watch, policy: Policy) -> int:
    """Whole seconds from the start to the first check: nothing is done in the first seconds of an export.

    `max(min_wait_seconds, check_cost_seconds)` to twice that, spread by the execution's name. The longest wait and the
    deadline cut the range before it is spread: watches with a short deadline must not all check in its last second.
    """
    longest = math.floor(
        min(
            2 * max(policy.min_wait_seconds, policy.check_cost_seconds),
            policy.max_wait_seconds,
            watch.deadline_at - watch.started_at,
        )
    )
    shortest = math.ceil(longest / 2)
    return shortest + int(_spread(watch.execution, 0) * (longest - shortest + 1))


def wait_seconds(
    watch: Watch,
    now: float,
    policy: Policy,
    retry_after_seconds: int | None = None,
    rate_limit: RateLimit | None = None,
) -> int:
    """Whole seconds from `now` (unix seconds) to the next check of a watch that goes on, at least 1.

    `watch.checks` counts the check just made. `retry_after_seconds` is the `Retry-After` that Emarsys sent,
    `rate_limit` what its reply says of the limit. The order of the rules matters: a refusal may push a check
    past the stuck moment, a limit that is merely running low may not, and nothing pushes one past the deadline.
    """
    spread = _spread(watch.execution, watch.checks)
    since = watch.started_at if watch.ready_since is None else watch.ready_since
    elapsed = max(0.0, now - since)
    wait = base_wait_seconds(elapsed, policy) * known_factor(watch, elapsed, policy)
    wait = max(wait, policy.min_wait_seconds)
    wait = min(wait * stretch(rate_limit), policy.max_wait_seconds) * (1 - JITTER * spread)
    if watch.ready_since is not None and not watch.stuck_told:
        to_stuck = watch.ready_since + policy.stuck_after_seconds - now
        if to_stuck > 0:
            wait = min(wait, to_stuck)
    if retry_after_seconds is not None:
        wait = max(wait, retry_after_seconds + REFUSED_SPREAD_SECONDS * spread)
    to_deadline = watch.deadline_at - now
    if watch.checks >= UNPACED_CHECKS:
        wait = max(wait, to_deadline / max(1, CHECK_BUDGET - watch.checks))
    return max(1, math.ceil(min(wait, to_deadline)))


def base_wait_seconds(elapsed_seconds: float, policy: Policy) -> float:
    """The wait at an age, before jitter and limits."""
    cost = policy.check_cost_seconds
    wait = 2 * math.sqrt(cost * (elapsed_seconds + cost))
    return min(max(wait, policy.min_wait_seconds), policy.max_wait_seconds)


def known_factor(watch: Watch, elapsed_seconds: float, policy: Policy) -> float:
    """How many times as long to wait by what is known of an export that is not `ready` yet.

    Sparse checks before its expected duration, dense ones around and after it; sparse ones while it has not begun.
    Where both are known, the larger factor counts.
    """
    if watch.ready_since is not None:
        return 1.0
    factors = []
    if watch.status is ExportStatus.SCHEDULED:
        factors.append(SCHEDULED_FACTOR)
    if watch.expected_seconds is not None:
        least, most = EXPECTED_FACTORS
        around = watch.expected_seconds / (2 * (elapsed_seconds + policy.check_cost_seconds))
        factors.append(min(max(around, least), most))
    return max(factors, default=1.0)


def stretch(rate_limit: RateLimit | None) -> float:
    """How many times as long to wait where this much of the rate limit is left; None is unknown.

    It grows with the inverse cube of the share that is left, to LONGEST_STRETCH where 44 % is left. No other formula as
    short that was tried did as well for a back-fill, for a lasting overload and for a fleet far below the limit
    (the simulation in benchmarks/fleet).
    """
    if rate_limit is None or rate_limit.share >= FREE_HEADROOM:
        return 1.0
    return min((FREE_HEADROOM / max(rate_limit.share, 0.01)) ** 3, LONGEST_STRETCH)


def _spread(execution: str, check: int) -> float:
    """A number in [0, 1) that is the same for the same check of the same execution, and else unrelated."""
    digest = hashlib.sha256(f"{execution}/{check}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
