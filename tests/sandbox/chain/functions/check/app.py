"""Counts checks until the state's `needed`, unless its `trouble` is in the way."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

TROUBLE: dict[str, Any] = {
    "unserializable": object(),
    "nan": float("nan"),
    "surrogate": {"text": "\ud800"},
    "big": {"text": "x" * 300_000},
    "enormous": "x" * 7_000_000,
    "outcome-less": {},
}


def build(
    environment: Mapping[str, str], *, now: Callable[[], float] = time.time
) -> Callable[[dict[str, Any], Any], Any]:
    """The handler of an environment."""
    at_build = dict(os.environ)

    def handler(event: dict[str, Any], context: Any) -> Any:
        """One check."""
        if "world" in event:
            return {
                "environment": dict(environment),
                "os.environ": at_build,
                "context": {name: getattr(context, name) for name in context.__slots__},
                "left": context.get_remaining_time_in_millis(),
            }
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
        message = json.dumps({"now": now(), "started": event["started"], "checks": state["checks"]})
        return {**state, "outcome": outcome, "message": message}

    return handler


handler = build(os.environ)
