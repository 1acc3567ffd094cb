"""The schedule against others and against the best possible one.

workloads ─▶ how long exports take ───────────────┐
schedules ─▶ when each schedule checks            ┼─▶ benchmark
cost ──────▶ what that costs, and the least of it ┘   └▶ __main__, on anyone's own durations

All times are seconds from the start of a watch, which is the creation of its export. A check takes no time.
"""
