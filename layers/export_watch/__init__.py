"""Watch an Emarsys export until Emarsys says how it ended, or its deadline comes.

A pure core (`watch`, `schedule`, `reason`, `location`, `decision`, `notification`) that has no clock, no
network and no environment, and the edges around it (`export_created`, `lost_watch`, `state`, `settings`, `clock`,
`telemetry`, `emarsys`, `aws`, and under these `http` and `trusted_url`).
Imports point one way: functions -> edges -> core -> `watch`.
"""

__version__ = "0.1.0"
