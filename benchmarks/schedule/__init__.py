"""The schedule against others and against the best possible one.

    workloads, durations_file ─▶ how long exports take ───┐
    ours, others ──────────────▶ when a schedule checks ──┼─▶ measure ─▶ comparison ─▶ benchmark, __main__
    optimum ───────────────────▶ the least possible cost ─┘

All times are seconds from the start of a watch, which is the creation of its export. A check takes no time.
"""
