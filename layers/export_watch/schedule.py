"""When to check again.

How long an export takes is unknown: seconds or hours. Where nothing tells a ten-second export from a ten-hour
one, the chance h that it ends in the next second falls as 1/t, and the near-optimal schedule of inspections waits
sqrt(2 * cost / h) (Keller 1974, after Barlow, Hunter and Proschan 1963). Ours takes h = 1 / 2(t + cost): whatever has
lasted for t lasts twice as long with a chance of 71 %, and no wait is worth less than a check. Where h is really 1/t
that costs 6 % more than the best wait; on the workloads of benchmarks/schedule it costs less than sqrt(2 * cost * t).
So the number of checks grows with the square root of the time: 209 in 24 hours with the default parameters, about 218
with the jitter.

Two things are known of some exports: that one has not begun yet, and how long such exports take. Both scale the wait.

All watches of an API user share one rate limit and know nothing of one another. The pace at which it is used up, which
each reply reports, makes all of them slower before it is; a refusal spreads those that were refused together.
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

LIMIT_WINDOW_SECONDS = 60
"""Emarsys's limit is one of requests a minute."""

SHARED_WAIT_SECONDS = 67
"""At the pace that uses up the whole limit, no watch checks more often than this."""

FREE_PACE = 0.9
"""A pace beyond this one is an overload. A stream of exports that just fits in seldom reaches it by chance."""

OVERLOAD_STRETCH = 12
"""In an overload, waits become 6 to 18 times as long, 12 in the mean."""

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
    wait = min(stretch(wait, rate_limit, spread), policy.max_wait_seconds) * (1 - JITTER * spread)
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


def stretch(wait_seconds: float, rate_limit: RateLimit | None, spread: float) -> float:
    """The wait of a watch that shares the limit with all others, by the pace at which they use it up together.

    Those that check most often give way first: no wait is shorter than SHARED_WAIT_SECONDS times the root of the pace,
    which young watches feel, and old ones hardly. So a back-fill, all of whose watches are young, slows down before it
    is refused, and nobody hears of an end much later. That is not enough in a lasting overload, where each wait is
    many times as long, spread (`spread` is 0 to 1) lest all come back together. The figures are from benchmarks/fleet.
    """
    if rate_limit is None:
        return wait_seconds
    used = pace(rate_limit)
    if used > FREE_PACE:
        wait_seconds *= OVERLOAD_STRETCH * (0.5 + spread)
    return max(wait_seconds, SHARED_WAIT_SECONDS * math.sqrt(used))


def pace(rate_limit: RateLimit) -> float:
    """How fast all who share a limit use it: at 1, it is used up just when its window ends.

    Of a window whose end is unknown, or always a window away because it slides, what is used was used in a whole one.
    The first tenth of a window says too little for a pace.
    """
    reset = rate_limit.reset_seconds
    slides = reset is None or reset >= LIMIT_WINDOW_SECONDS - 1
    over = 1.0 if slides or reset is None else max(1 - reset / LIMIT_WINDOW_SECONDS, 0.1)
    return (1 - rate_limit.share) / over


def _spread(execution: str, check: int) -> float:
    """A number in [0, 1) that is the same for the same check of the same execution, and else unrelated."""
    digest = hashlib.sha256(f"{execution}/{check}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
