"""The benchmarks: everything is compared side by side in one run and given as ratios.

`python -m benchmarks` measures, writes results/, and renders their tables and pictures, also into docs/.
"""
