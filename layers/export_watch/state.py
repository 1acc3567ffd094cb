"""A watch as it passes through the state machine: plain JSON that carries a version.

An execution outlives deployments: what one version of the code wrote, every later one must read. So a change of
this form gets a new version, and `load` goes on reading the old one.
"""

import json
from dataclasses import fields
from typing import Any

from export_watch.check_report import Before
from export_watch.errors import InvalidStateError
from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod, Export, Refusal, Watch

VERSION = 1

_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (Watch, Export, Policy)}


def dump(watch: Watch, policy: Policy) -> dict[str, Any]:
    """The JSON object that holds a watch and its policy, all but the execution's name."""
    remembered = _fields(watch)
    del remembered["execution"]  # the state machine knows it, and an operator may start the same watch anew
    remembered["context"] = json.dumps(
        watch.context
    )  # as text: AWS passes numbers on, but may write them otherwise
    remembered["export"] = None if watch.export is None else _fields(watch.export)
    return {"version": VERSION, **remembered, "policy": _fields(policy)}


def _fields(value: Watch | Export | Policy) -> dict[str, Any]:
    """As `dataclasses.asdict`, whose deep copies took a sixth of what a check takes beside its call."""
    return {name: getattr(value, name) for name in _FIELDS[type(value)]}


def load(state: Any, execution_arn: str) -> Before:
    """What `dump` once made, in the execution of this ARN.

    Raises InvalidStateError where it is of another version or lacks something. What is not known is ignored, in the
    policy and the export as well: a later version of the code may have written it before a rollback.
    """
    version = state.get("version") if isinstance(state, dict) else None
    if version != VERSION:
        raise InvalidStateError(f"the state of the watch has version {version!r}, this code reads {VERSION}")
    try:
        method, export = state["distribution_method"], state["export"]
        watch = Watch(
            execution=execution_arn.rpartition(":")[2],
            account=state["account"],
            export_id=state["export_id"],
            distribution_method=None if method is None else DistributionMethod(method),
            context=json.loads(state["context"]),
            started_at=state["started_at"],
            deadline_at=state["deadline_at"],
            checks=state["checks"],
            ready_since=state["ready_since"],
            stuck_told=state["stuck_told"],
            refused_since={Refusal(refusal): since for refusal, since in state["refused_since"].items()},
            export=None if export is None else Export(**_known(Export, export)),
            expected_seconds=state.get("expected_seconds"),
            answered_at=state.get("answered_at", None if state["checks"] else state["started_at"]),
        )
        return Before(
            watch,
            _policy(state["policy"]),
            check_failure=_error(state.get("check_failure")),
            stuck_failure=_error(state.get("stuck_failure")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"the state of the watch is incomplete or wrong: {type(error).__name__} {error}"
        raise InvalidStateError(message) from error


def _policy(content: dict[str, Any]) -> Policy:
    known = _known(Policy, content)
    if "default_distribution_method" in known:
        known["default_distribution_method"] = DistributionMethod(known["default_distribution_method"])
    return Policy(**known)


def _known(kind: type[Export] | type[Policy], content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in _FIELDS[kind]}


def _error(failure: Any) -> str | None:
    """The name of the error that the state machine caught."""
    return str(failure.get("Error")) if failure else None
