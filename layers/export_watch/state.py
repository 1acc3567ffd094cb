"""A watch as it passes through the state machine: plain JSON that carries a version.

An execution outlives deployments: what one version of the code wrote, every later one must read. So a change of
this form gets a new version, and `load` goes on reading the old one.
"""

from dataclasses import fields
from typing import Any

from export_watch.schedule import Policy
from export_watch.watch import DistributionMethod, Export, Refusal, Watch

VERSION = 1

_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (Watch, Export, Policy)}

CHECK_FAILURE = "check_failure"
"""Where the state machine puts the error of a check that failed with all its retries."""

STUCK_FAILURE = "stuck_failure"
"""Where the state machine puts the error of a `stuck` that could not be published for an hour."""

ANSWERED_AT = "answered_at"
"""When Emarsys last answered about the export (unix seconds); absent or null where that is not known."""


class UnreadableStateError(ValueError):
    """The state was written by no version of this code that is known."""


def dump(watch: Watch, policy: Policy) -> dict[str, Any]:
    """The JSON object that holds a watch and its policy, all but the execution's name."""
    remembered = _fields(watch)
    del remembered["execution"]  # the state machine knows it, and an operator may start the same watch anew
    remembered["export"] = None if watch.export is None else _fields(watch.export)
    return {"version": VERSION, **remembered, "policy": _fields(policy)}


def _fields(value: Watch | Export | Policy) -> dict[str, Any]:
    """As `dataclasses.asdict`, whose deep copies took a sixth of what a check takes beside its call."""
    return {name: getattr(value, name) for name in _FIELDS[type(value)]}


def load(state: Any, execution_arn: str) -> tuple[Watch, Policy]:
    """The watch and the policy of a state that `dump` once made, in the execution of this ARN.

    Raises UnreadableStateError where it is of another version or lacks something. What is not known is
    ignored, in the policy and the export as well: the state machine adds the failures of a check, and a later version
    of the code may have written it before a rollback.
    """
    version = state.get("version") if isinstance(state, dict) else None
    if version != VERSION:
        raise UnreadableStateError(
            f"the state of the watch has version {version!r}, this code reads {VERSION}"
        )
    try:
        method, export = state["distribution_method"], state["export"]
        watch = Watch(
            execution=execution_arn.rpartition(":")[2],
            account=state["account"],
            export_id=state["export_id"],
            distribution_method=None if method is None else DistributionMethod(method),
            context=state["context"],
            started_at=state["started_at"],
            deadline_at=state["deadline_at"],
            checks=state["checks"],
            ready_since=state["ready_since"],
            stuck_told=state["stuck_told"],
            refused_since={Refusal(refusal): since for refusal, since in state["refused_since"].items()},
            export=None if export is None else Export(**_known(Export, export)),
        )
        return watch, Policy(**_known(Policy, state["policy"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"the state of the watch is incomplete or wrong: {type(error).__name__} {error}"
        raise UnreadableStateError(message) from error


def _known(kind: type[Export] | type[Policy], content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in _FIELDS[kind]}
