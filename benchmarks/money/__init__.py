"""What a thousand watched exports cost on AWS at list prices, for ours and for each peer's design.

prices ──────▶ what AWS asks for each unit ─────────────┐
assumptions ─▶ what a check takes, until it is measured ┼─▶ designs ─▶ benchmark
results/schedule.json ─▶ checks and durations ──────────┘
"""
