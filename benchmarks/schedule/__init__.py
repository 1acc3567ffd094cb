"""The schedule against others and against the best possible one.

    workloads ──────▶ how long exports take ──────────┐
    ours, others ───▶ when a schedule checks          ┼─▶ comparison ─▶ benchmark, report
    cost ───────────▶ what that costs, and the least ─┘              └▶ __main__, on anyone's own durations

All times are seconds from the start of a watch, which is the creation of its export. A check takes no time.
"""
