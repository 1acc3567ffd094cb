"""The benchmarks: everything is compared side by side in one run, and the results are rendered into docs/."""
