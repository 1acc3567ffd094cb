"""An export-created event becomes an execution: one watch for each account, export id and attempt."""

import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from logging import INFO, WARNING

from export_watch import aws, batch, export_created, schedule, state
from export_watch.settings import StartWatchSettings
from export_watch.telemetry import Handler, Telemetry
from export_watch.watch import Watch


def build(environment: Mapping[str, str], *, now: Callable[[], float] = time.time) -> Handler:
    """The handler of an execution environment. `now` is the watch's clock."""
    settings = StartWatchSettings.from_environment(environment)
    telemetry = Telemetry(environment)
    step_functions = aws.client("stepfunctions")

    def start_watch(body: str) -> None:
        """Start the watch that an event asks for."""
        request = export_created.parse(body, settings.deadline_seconds)
        watch = Watch.begin(request, now())
        with telemetry.about(**watch.names):
            if request.ignored_keys:
                telemetry.log(WARNING, export_created.ignored(request))
            start_execution(watch)

    def start_execution(watch: Watch) -> None:
        wait_seconds = schedule.first_wait_seconds(watch, settings.policy)
        first_input = {
            "watch": state.dump(watch, settings.policy),
            "wait_seconds": wait_seconds,
            # To the same name and input AWS answers that it has started, for a second time as well; and a message may
            # be delivered twice at once.
            "start": str(uuid.uuid4()),
        }
        try:
            step_functions.start_execution(
                stateMachineArn=settings.state_machine_arn,
                name=watch.execution,
                input=json.dumps(first_input),
            )
        except aws.AwsError as error:
            if aws.error_name(error) == "ExecutionAlreadyExists":
                telemetry.log(WARNING, _DUPLICATE, {"EventsDuplicate": 1})
                return
            message = f"the execution cannot be started, the event will be delivered again: {error}"
            telemetry.log(WARNING, message, {"StartsFailed": 1})
            raise
        telemetry.log(INFO, "watch started", wait_seconds=wait_seconds, deadline_at=watch.deadline_at)

    return batch.handler(telemetry, start_watch, "event refused", {"EventsRefused": 1})


_DUPLICATE = (
    "event dropped: this export is being watched, or was in the last 90 days. An event that was delivered twice needs "
    "nothing; to watch the export again, send its event with another `attempt`"
)

handler = build(os.environ)
