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
_REMEMBERED = tuple(name for name in _FIELDS[Watch] if name != "execution")
"""Not the execution's name: the state machine knows it, and an operator may start the same watch anew."""


def dump(watch: Watch, policy: Policy) -> dict[str, Any]:
    """The JSON object that holds a watch and its policy."""
    # Not by `dataclasses.asdict`, whose deep copies took a sixth of what a check takes beside its call.
    return {
        "version": VERSION,
        **_values(watch, _REMEMBERED),
        # As text: AWS passes numbers on, but may write them otherwise.
        "context": json.dumps(watch.context),
        "export": None if watch.export is None else _values(watch.export, _FIELDS[Export]),
        "policy": _values(policy, _FIELDS[Policy]),
    }


def _values(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


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
        read = {
            "execution": execution_arn.rpartition(":")[2],
            "distribution_method": None if method is None else DistributionMethod(method),
            "context": json.loads(state["context"]),
            "refused_since": {Refusal(refusal): since for refusal, since in state["refused_since"].items()},
            "export": None if export is None else Export(**_known(Export, export)),
            "answered_at": state.get("answered_at", None if state["checks"] else state["started_at"]),
        }
        watch = Watch(**(_known(Watch, state) | read))
        return Before(
            watch,
            _policy(state["policy"]),
            check_failure=_error(state.get("check_failure")),
            stuck_failure=_error(state.get("stuck_failure")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidStateError(f"the state of the watch is incomplete or wrong: {error!r}") from error


def _policy(content: dict[str, Any]) -> Policy:
    known = _known(Policy, content)
    if "default_distribution_method" in known:
        known["default_distribution_method"] = DistributionMethod(known["default_distribution_method"])
    return Policy(**known)


def _known(kind: type[Watch] | type[Export] | type[Policy], content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name in _FIELDS[kind]}


def _error(failure: Any) -> str | None:
    """The name of the error that the state machine caught."""
    return str(failure.get("Error")) if failure else None
