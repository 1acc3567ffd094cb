"""Plain values that the tests of the core begin with."""

from dataclasses import replace
from typing import Any

from export_watch.schedule import Policy
from export_watch.watch import Export, ExportStatus, StatusSeen, Watch

STARTED_AT = 1_795_452_601
"""2026-11-23T16:50:01Z"""

DAY = 86_400
DEFAULTS = Policy()
FILE_URL = "https://api.emarsys.net/api/v3/export/123/data"
ARN = "arn:aws:states:eu-central-1:123456789012:execution:export-watch:default_123"


def a_watch(**changes: Any) -> Watch:
    """A watch of 24 hours that has just begun, but for `changes`."""
    watch = Watch(
        execution="default_123",
        account="default",
        export_id=123,
        distribution_method=None,
        context={},
        started_at=STARTED_AT,
        deadline_at=STARTED_AT + DAY,
        answered_at=STARTED_AT,
    )
    return replace(watch, **changes)


def an_export(**changes: Any) -> Export:
    """The export of the documented reply, but for `changes`."""
    export = Export(
        id="123",
        created="2012-05-23 11:08:56",
        status="done",
        type="Responses",
        file_name="clicks_3931993_1_en-df0ef2.csv",
        ftp_host="88.99.123.23",
        ftp_dir="folder/subfolder",
    )
    return replace(export, **changes)


def seen(status: ExportStatus, **changes: Any) -> StatusSeen:
    """A check that found a status; `changes` are of the export."""
    return StatusSeen(status, an_export(**{"status": str(status), **changes}), FILE_URL)
