"""What an Emarsys of the sandbox holds: credentials, limits, exports and their lives, and what goes wrong.

A scenario is a YAML file, or these values; `scenarios/default.yaml` shows every key. Times are seconds, and those of
an export count from the first request about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from sandbox.emarsys.reply import NAMED, Fault, Reply, as_html, as_json

METHODS = ("ftp", "sftp", "local", "mail")


class ScenarioError(ValueError):
    """A scenario is wrong: says where, what is there and what should be."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """The life of an export. `timeline` are its statuses, each with the moment from which on the export has it.

    `null_as` is the form in which fields without a value are sent: JSON's null (`json`), the word "NULL" (`text`), an
    empty text (`empty`), or not at all (`absent`). `ignores_offset`: the file is sent from its begin, always.
    """

    type: str = "responses"
    distribution_method: str = "ftp"
    file_name: str | None = "export.csv"
    ftp_host: str = "ftp.example.com"
    ftp_dir: str = "exports"
    created: str = "2026-11-23 11:08:56"
    null_as: str = "json"
    rows: int = 3
    ignores_offset: bool = False
    stored_seconds: float = float("inf")
    timeline: tuple[tuple[float, str], ...] = ((0, "done"),)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything an Emarsys holds. `faults` strike any API request, `token_faults` the token endpoint.

    `oauth` maps client ids to secrets, `wsse` user names to secrets; None for `requests_per_minute` is no limit.
    """

    oauth: Mapping[str, str] = field(default_factory=dict)
    wsse: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)
    requests_per_minute: int | None = None
    exports: Mapping[int, ExportPlan] = field(default_factory=dict)
    creates: ExportPlan = ExportPlan()
    faults: tuple[Fault, ...] = ()
    token_faults: tuple[Fault, ...] = ()


def load(path: str | Path) -> Scenario:
    """The scenario of a YAML file. Raises ScenarioError, also where the file cannot be read."""
    try:
        return parse(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else ""
        raise ScenarioError(f"{path} is not YAML{line}") from error
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def parse(content: Any) -> Scenario:
    """The scenario of a YAML document. Raises ScenarioError."""
    if error := best_match(_SCHEMA.iter_errors(content)):
        raise ScenarioError(f"{error.json_path.replace('$', 'scenario', 1)}: {error.message}")
    made = {
        **content,
        "exports": {key: _plan(plan, f"exports[{key}]") for key, plan in content.get("exports", {}).items()},
        "creates": _plan(content.get("creates", {}), "creates"),
        "faults": _faults(content.get("faults", [])),
        "token_faults": _faults(content.get("token_faults", [])),
    }
    return Scenario(**made.pop("credentials", {}), **made)


def _plan(content: dict[str, Any], where: str) -> ExportPlan:
    made = {**content, "faults": _faults(content.get("faults", []))}
    if "created" in made:  # YAML makes a moment of it
        made["created"] = str(made["created"])
    if "timeline" in made:
        made["timeline"] = tuple((phase.get("at", 0), phase["status"]) for phase in made["timeline"])
        moments = [at for at, _ in made["timeline"]]
        if moments != sorted(moments) or moments[0] != 0:
            raise ScenarioError(f"scenario.{where}.timeline: {moments} must begin at 0 and go on in order")
    return ExportPlan(**made)


def _faults(content: list[dict[str, Any]]) -> tuple[Fault, ...]:
    return tuple(
        Fault(
            NAMED[item["fault"]] if "fault" in item else _written_out(**item["reply"]),
            item.get("from", 0),
            item.get("until", float("inf")),
            tuple(item.get("requests", ())),
        )
        for item in content
    )


def _written_out(http: int = 200, headers: Mapping[str, str] = MappingProxyType({}), **body: Any) -> Reply:
    if "json" in body:
        return as_json(http, body["json"], headers)
    return as_html(http, body.get("text", ""), headers)


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _map(key: Any, value: Any) -> dict[str, Any]:
    return {"type": "object", "propertyNames": key, "additionalProperties": value}


def _list(item: Any, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": least}


_TEXT, _WHOLE, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "number"}
_POSITIVE = {"type": "integer", "minimum": 1}
_REPLY = _object({"http": _POSITIVE, "headers": _map(_TEXT, _TEXT), "json": {}, "text": _TEXT})
_FAULT = {"from": _NUMBER, "until": _NUMBER, "requests": _list(_POSITIVE)}
_FAULTS = _list(
    {
        "if": {"required": ["reply"]},
        "then": _object({**_FAULT, "reply": _REPLY}),
        "else": _object({**_FAULT, "fault": {"enum": sorted(NAMED)}}, "fault"),
    }
)
_PLAN = _object(
    {
        **dict.fromkeys(("type", "ftp_host", "ftp_dir"), _TEXT),
        "distribution_method": {"enum": METHODS},
        "file_name": {"type": ["string", "null"]},
        "created": {},
        "null_as": {"enum": ["json", "text", "empty", "absent"]},
        "rows": _WHOLE,
        "ignores_offset": {"type": "boolean"},
        "stored_seconds": _NUMBER,
        "timeline": _list(_object({"at": _NUMBER, "status": _TEXT}, "status"), 1),
        "faults": _FAULTS,
    }
)
_SCHEMA = Draft202012Validator(
    _object(
        {
            "credentials": _object(dict.fromkeys(("oauth", "wsse"), _map(_TEXT, _TEXT))),
            "tokens": _object(dict.fromkeys(("lifetime_seconds", "per_minute", "per_hour"), _WHOLE)),
            "requests_per_minute": _WHOLE,
            "exports": _map(_POSITIVE, _PLAN),
            "creates": _PLAN,
            "faults": _FAULTS,
            "token_faults": _FAULTS,
        }
    )
)
