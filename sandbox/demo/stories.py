"""What happens in the demo, and how each watch has to end: the times are those of scenario.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Story:
    """An export, in a few words, and the outcomes that must be published, in order.

    `stopped_after_seconds` is when an operator stops the execution.
    """

    export_id: int
    title: str
    outcomes: tuple[str, ...]
    account: str = "default"
    details: Mapping[str, Any] = field(default_factory=dict)
    stopped_after_seconds: float | None = None

    @property
    def execution(self) -> str:
        return f"{self.account}_{self.export_id}"

    @property
    def event_detail(self) -> dict[str, Any]:
        """The detail of the event that announces the export."""
        return {"export_id": self.export_id, "account": self.account, **self.details}


STORIES = (
    Story(1001, "delivered by FTP", ("done",)),
    Story(1002, "local, to be downloaded", ("done",), "shop"),
    Story(1003, "an hour's work, by SFTP", ("done",), "shop", {"distribution_method": "sftp"}),
    Story(1004, "Emarsys fails", ("error",)),
    Story(1005, "stuck for an hour, then done", ("stuck", "done")),
    Story(1006, "never created", ("rejected",), "shop"),
    Story(1007, "never ends, deadline 90 minutes", ("expired",), "default", {"deadline_seconds": 5400}),
    Story(1008, "Emarsys down for half an hour", ("done",)),
    Story(1009, "an operator stops the watch", ("lost",), "shop", stopped_after_seconds=1200),
    Story(1010, "announced before it can be seen", ("done",)),
)

SECRETS = {
    "default": {"username": "demo001", "secret": "demo-wsse-secret"},
    "shop": {"client_id": "demo-client", "client_secret": "demo-client-secret"},
}
"""One account of each kind: WSSE on v2, OAuth on v3."""
