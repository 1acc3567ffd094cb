"""What a thousand watched exports cost on AWS at list prices, for Export Watch and for other designs.

prices ──────▶ what AWS asks for each unit ──────────────┐
assumptions ─▶ what cannot be measured here ─────────────┼─▶ designs ─▶ benchmark
results/schedule.json ─▶ checks, and how long they go on ┤
results/check.json ─▶ what a check takes ────────────────┘
"""
