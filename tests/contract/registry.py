"""The schemas of events and notifications in the form that EventBridge's schema registry takes: JSON Schema Draft 4.

`python -m tests.contract.registry` writes events/registry/ anew from the schemas of events/.
"""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft4Validator

from tests.contract.notification_samples import text
from tests.contract.schemas import EVENTS, read, schema

REGISTRY = EVENTS / "registry"
NAMES = ("export-created", "notification")


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each schema, and its form for the registry."""
    for name in NAMES:
        yield name, {"$schema": Draft4Validator.META_SCHEMA["id"], **draft_4(schema(name))}


def validator(name: str) -> Draft4Validator:
    """The validator of a file of events/registry/."""
    return Draft4Validator(read(REGISTRY / f"{name}.json"), format_checker=Draft4Validator.FORMAT_CHECKER)


def draft_4(source: Any) -> Any:
    """A schema of Draft 2020-12 in Draft 4, which has no `const`, no `if`, and no keywords beside a `$ref`."""
    if isinstance(source, list):
        return [draft_4(item) for item in source]
    if not isinstance(source, dict):
        return source
    made: dict[str, Any] = {}
    for keyword, value in source.items():
        match keyword:
            case "$schema" | "if" | "then" | "else":
                pass
            case "$id":
                made["id"] = value
            case "$ref":
                made["$ref"] = value.replace("#/$defs/", "#/definitions/")
            case "$defs" | "properties":
                name = "definitions" if keyword == "$defs" else keyword
                made[name] = {key: draft_4(below) for key, below in value.items()}
            case "const":
                made["enum"] = [value]
            case "enum" | "default":
                made[keyword] = value
            case _:
                made[keyword] = draft_4(value)
    rules = [*made.pop("allOf", []), *_branches(source)]
    if "$ref" in made and (len(made) > 1 or rules):
        rules.insert(0, {"$ref": made.pop("$ref")})
    return {**made, "allOf": rules} if rules else made


def _branches(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`if a then b else c` says: not a, or b; and a, or c."""
    if "if" in source:
        condition = draft_4(source["if"])
        if "then" in source:
            yield {"anyOf": [{"not": condition}, draft_4(source["then"])]}
        if "else" in source:
            yield {"anyOf": [condition, draft_4(source["else"])]}


if __name__ == "__main__":
    REGISTRY.mkdir(exist_ok=True)
    for name, content in schemas():
        (REGISTRY / f"{name}.json").write_text(text(content), "utf-8")
