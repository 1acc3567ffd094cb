"""Plain values that the tests of the core begin with, and how a table of cases is written."""

from dataclasses import replace
from typing import Any

import pytest

from export_watch.schedule import Policy
from export_watch.watch import Export, ExportStatus, StatusSeen, Watch

STARTED_AT = 1_795_452_601
"""2026-11-23T16:50:01Z"""

DAY = 86_400
DEFAULTS = Policy()
FILE_URL = "https://api.emarsys.net/api/v3/export/123/data"
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "my-stack",
    "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "STACK_NAME": "my-stack",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:export-watch",
    "CHECK_COST_SECONDS": "2",
    "MIN_WAIT_SECONDS": "10",
    "MAX_WAIT_SECONDS": "900",
    "STUCK_AFTER_SECONDS": "3900",
    "DEADLINE_SECONDS": "86400",
    "DEFAULT_DISTRIBUTION_METHOD": "ftp",
    "EMARSYS_HOST": "https://api.emarsys.net",
    "EMARSYS_TOKEN_URL": "https://auth.emarsys.net/oauth2/token",
    "CREDENTIALS_PREFIX": "emarsys",
    "TOKEN_TABLE": "tokens",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:notifications",
}
"""The environment of every function."""

ARN = "arn:aws:states:eu-central-1:123456789012:execution:export-watch:default_123"
WATCH = Watch(
    execution="default_123",
    account="default",
    export_id=123,
    distribution_method=None,
    context={},
    started_at=STARTED_AT,
    deadline_at=STARTED_AT + DAY,
    answered_at=STARTED_AT,
)
EXPORT = Export(
    id="123",
    created="2012-05-23 11:08:56",
    status="done",
    type="Responses",
    file_name="clicks_3931993_1_en-df0ef2.csv",
    ftp_host="88.99.123.23",
    ftp_dir="folder/subfolder",
)


def a_watch(**changes: Any) -> Watch:
    """A watch of 24 hours that has just begun, but for `changes`."""
    return replace(WATCH, **changes)


def an_export(**changes: Any) -> Export:
    """The export of the documented reply, but for `changes`."""
    return replace(EXPORT, **changes)


def seen(status: ExportStatus, **changes: Any) -> StatusSeen:
    """A check that found a status; `changes` are of the export."""
    return StatusSeen(status, an_export(**{"status": str(status), **changes}), FILE_URL)


def table(names: str, rows: dict[str, tuple[Any, ...]]) -> pytest.MarkDecorator:
    """A parametrization by rows that are named for what they show."""
    return pytest.mark.parametrize(names.split(", "), list(rows.values()), ids=list(rows))
