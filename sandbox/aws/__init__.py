"""The deployed template on one machine, in real or in virtual time.

    with deploy(secrets={"default": {...}}, clock=VirtualClock()) as stack:
        stack.announce({"export_id": 123})
        stack.run()
        stack.notifications, stack.executions(), stack.dead_letters(), stack.logs

How it fits together: `template` and `parameters` read the template, moto creates it, `moto_gaps` patches moto where it
does not do as AWS does, `event_source` and `function` stand for Lambda, and the `clock` moves it all.
"""

from sandbox.aws.clock import RealClock, VirtualClock
from sandbox.aws.deploy import deploy
from sandbox.aws.deployment import Deployment, EventNotPutError
from sandbox.aws.faults import NeverAnswered
from sandbox.aws.findings import Execution, Notification, QueueMessage
from sandbox.aws.function import Response, crashed, timed_out
from sandbox.aws.logs import LogLine
from sandbox.aws.parameters import ParameterError

__all__ = [
    "Deployment",
    "EventNotPutError",
    "Execution",
    "LogLine",
    "NeverAnswered",
    "Notification",
    "ParameterError",
    "QueueMessage",
    "RealClock",
    "Response",
    "VirtualClock",
    "crashed",
    "deploy",
    "timed_out",
]
