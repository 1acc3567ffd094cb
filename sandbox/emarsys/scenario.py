"""What an Emarsys of the sandbox holds: credentials, limits, exports and their lives, and what goes wrong.

A scenario is a YAML file, or these values; `scenarios/default.yaml` shows every key. Times are seconds, and those of
an export count from the first request about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.emarsys.fault import NAMED, Fault

METHODS = ("ftp", "sftp", "local", "mail")
NULLS = ("json", "text", "empty", "absent")


class ScenarioError(ValueError):
    """A scenario is wrong: says where, what is there and what should be."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From `at` on the export has this status, which is sent as it is written here."""

    at: float
    status: str


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """The life of an export.

    `null_as` is the form in which fields without a value are sent: JSON's null (`json`), the word "NULL" (`text`), an
    empty text (`empty`), or not at all (`absent`).
    """

    type: str = "responses"
    distribution_method: str = "ftp"
    file_name: str | None = "export.csv"
    ftp_host: str = "ftp.example.com"
    ftp_dir: str = "exports"
    created: str = "2026-11-23 11:08:56"
    null_as: str = "json"
    rows: int = 3
    stored_seconds: float | None = None
    timeline: tuple[Phase, ...] = (Phase(0, "done"),)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """How long an access token lives, and how many a client id may ask for."""

    lifetime_seconds: int = 3600
    per_minute: int = 2
    per_hour: int = 10


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything an Emarsys holds. `faults` strike any API request, `token_faults` the token endpoint.

    `oauth` maps client ids to secrets, `wsse` user names to secrets; None for `requests_per_minute` is no limit.
    """

    oauth: Mapping[str, str] = field(default_factory=dict)
    wsse: Mapping[str, str] = field(default_factory=dict)
    tokens: TokenPolicy = TokenPolicy()
    requests_per_minute: int | None = None
    exports: Mapping[int, ExportPlan] = field(default_factory=dict)
    creates: ExportPlan = ExportPlan()
    faults: tuple[Fault, ...] = ()
    token_faults: tuple[Fault, ...] = ()


def load(path: str | Path) -> Scenario:
    """The scenario of a YAML file. Raises ScenarioError, also where the file cannot be read."""
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    return parse(content)


def parse(content: Any) -> Scenario:
    """The scenario of a YAML document. Raises ScenarioError."""
    top = _Section(content, "the scenario")
    credentials = _Section(top.take("credentials", {}), "credentials")
    scenario = Scenario(
        oauth=_texts(credentials.take("oauth", {}), "credentials.oauth"),
        wsse=_texts(credentials.take("wsse", {}), "credentials.wsse"),
        tokens=_token_policy(top.take("tokens", {})),
        requests_per_minute=top.take("requests_per_minute", None, int),
        exports={
            _positive(key, "exports has the key"): _plan(plan, f"exports.{key}")
            for key, plan in _mapping(top.take("exports", {}), "exports").items()
        },
        creates=_plan(top.take("creates", {}), "creates"),
        faults=_faults(top.take("faults", []), "faults"),
        token_faults=_faults(top.take("token_faults", []), "token_faults"),
    )
    credentials.end()
    top.end()
    return scenario


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping: YAML would forget the first one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


class _Section:
    """A mapping of the file whose keys are taken one by one, so that what is left over is an error."""

    def __init__(self, content: Any, where: str) -> None:
        self._left, self._where = dict(_mapping(content, where)), where

    def take(self, key: str, default: Any, kind: type | tuple[type, ...] = object) -> Any:
        value = self._left.pop(key, default)
        wrong = isinstance(value, bool) and kind is not object
        if value is not default and (wrong or not isinstance(value, kind)):
            names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise ScenarioError(f"{self._where}.{key} is {value!r}; it must be of type {names}")
        return value

    def end(self) -> None:
        if self._left:
            raise ScenarioError(
                f"{self._where} has keys that are not known: {', '.join(map(str, self._left))}"
            )


def _mapping(content: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(content, Mapping):
        raise ScenarioError(f"{where} must be a mapping of keys to values, not {content!r}")
    return content


def _texts(content: Any, where: str) -> Mapping[str, str]:
    for key, value in _mapping(content, where).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ScenarioError(f"{where} must map names to secrets, both texts; put {key!r} in quotes")
    return dict(content)


def _token_policy(content: Any) -> TokenPolicy:
    section, default = _Section(content, "tokens"), TokenPolicy()
    policy = TokenPolicy(
        lifetime_seconds=section.take("lifetime_seconds", default.lifetime_seconds, int),
        per_minute=section.take("per_minute", default.per_minute, int),
        per_hour=section.take("per_hour", default.per_hour, int),
    )
    section.end()
    return policy


def _positive(value: Any, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ScenarioError(f"{what} {value!r}; it must be a positive integer")
    return value


def _plan(content: Any, where: str) -> ExportPlan:
    section, default = _Section(content, where), ExportPlan()
    plan = ExportPlan(
        type=section.take("type", default.type, str),
        distribution_method=_one_of(section.take("distribution_method", "ftp"), METHODS, where),
        file_name=section.take("file_name", default.file_name, str),
        ftp_host=section.take("ftp_host", default.ftp_host, str),
        ftp_dir=section.take("ftp_dir", default.ftp_dir, str),
        created=str(section.take("created", default.created)),
        null_as=_one_of(section.take("null_as", default.null_as), NULLS, where),
        rows=section.take("rows", default.rows, int),
        stored_seconds=section.take("stored_seconds", None, (int, float)),
        timeline=_timeline(section.take("timeline", None), where) or default.timeline,
        faults=_faults(section.take("faults", []), f"{where}.faults"),
    )
    section.end()
    return plan


def _one_of(value: Any, words: tuple[str, ...], where: str) -> str:
    if value not in words:
        raise ScenarioError(f"{where} has {value!r} where one of {', '.join(words)} must be")
    return str(value)


def _timeline(content: Any, where: str) -> tuple[Phase, ...]:
    if content is None:
        return ()
    if not isinstance(content, list) or not content:
        raise ScenarioError(f"{where}.timeline must be a list like [{{at: 0, status: scheduled}}]")
    phases = []
    for index, item in enumerate(content):
        section = _Section(item, f"{where}.timeline[{index}]")
        at, status = section.take("at", 0, (int, float)), section.take("status", None, str)
        section.end()
        if status is None:
            raise ScenarioError(f"{where}.timeline[{index}] must have a `status`")
        phases.append(Phase(at, status))
    if phases != sorted(phases, key=lambda phase: phase.at) or phases[0].at != 0:
        raise ScenarioError(f"{where}.timeline must begin at 0 and go on in order")
    return tuple(phases)


def _faults(content: Any, where: str) -> tuple[Fault, ...]:
    if not isinstance(content, list):
        raise ScenarioError(f"{where} must be a list like [{{from: 10, until: 60, fault: overloaded}}]")
    return tuple(_fault(item, f"{where}[{index}]") for index, item in enumerate(content))


def _fault(content: Any, where: str) -> Fault:
    section = _Section(content, where)
    begins = section.take("from", 0, (int, float))
    until = section.take("until", None, (int, float))
    requests = tuple(_positive(n, f"{where}.requests has") for n in section.take("requests", [], list))
    name, reply = section.take("fault", None, str), section.take("reply", None, dict)
    section.end()
    if until is not None and until <= begins:
        raise ScenarioError(f"{where} must end (`until`) after it begins (`from`)")
    if (name is None) == (reply is None):
        raise ScenarioError(f"{where} must have either `fault`, a name, or `reply`, a mapping")
    if reply is not None:
        own = _Section(reply, f"{where}.reply")
        fault = Fault.reply(
            own.take("http", 200, int),
            json_body=own.take("json", None),
            text=own.take("text", "", str),
            headers=_texts(own.take("headers", {}), f"{where}.reply.headers"),
        )
        own.end()
    elif name in NAMED:
        fault = NAMED[name]
    else:
        raise ScenarioError(f"{where} names the fault {name!r}; there are: {', '.join(sorted(NAMED))}")
    return fault.during(begins, until, requests)
