"""The schedule against its peers and against the best possible one.

    workloads, durations_file ─▶ how long exports take ─┐
    ours, peers ───────────────▶ when a schedule looks ─┼─▶ measure ─▶ comparison ─▶ benchmark, __main__
    optimum ───────────────────▶ the least possible ────┘

All times are seconds from the start of a watch, which is the creation of its export. A look takes no time.
"""
