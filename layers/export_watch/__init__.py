"""Watch an Emarsys export until Emarsys reports a final status, or its deadline comes.

A pure core (`watch`, `schedule`, `reason`, `location`, `decision`, `check_report`, `notification`) that has no
clock, no network and no environment, and the edges around it: JSON (`export_created`, `lost_watch`, `state`), the
vendor (`emarsys`), and what these stand on (`settings`, `telemetry`, `aws`, `transport`, `errors`).
Imports point one way: functions -> edges -> core -> `watch`.
"""

__version__ = "0.2.0"
