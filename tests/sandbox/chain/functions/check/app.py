"""Counts checks until the state's `needed`, unless its `trouble` is in the way.

It has no `build`, as functions of other projects have none.
"""

import json
import os
from typing import Any

TROUBLE: dict[str, Any] = {
    "unserializable": object(),
    "nan": float("nan"),
    "surrogate": {"text": "\ud800"},
    "big": {"text": "x" * 300_000},
    "outcome-less": {},
}
ENVIRONMENT = dict(os.environ)


def handler(event: dict[str, Any], context: Any) -> Any:
    """One check."""
    if "world" in event:
        shown = {name: getattr(context, name) for name in context.__slots__}
        return {"environment": ENVIRONMENT, **shown, "left": context.get_remaining_time_in_millis()}
    state = event["state"]
    trouble = state.get("trouble")
    if trouble == "raise":
        raise ValueError("in trouble")
    if trouble == "exit":
        raise SystemExit(3)
    if trouble:
        return TROUBLE[trouble]
    state["checks"] += 1
    outcome = "done" if state["checks"] >= state.get("needed", 3) else "wait"
    message = json.dumps({"started": event["started"], "checks": state["checks"]})
    return {**state, "outcome": outcome, "message": message}
