"""A SAM template, read and turned into what moto's CloudFormation can create."""

import copy
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto.cloudformation.parsing import NULL_MODELS, get_model_map
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

REGION = "eu-central-1"


class _NoManagedPolicies:
    """samtranslator asks for a list of AWS's policies; with roles of one's own it needs none."""

    def load(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Template:
    """`resources` is the template's own section, `cloudformation` the translation of what moto has models of."""

    folder: Path
    parameters: Mapping[str, Any]
    resources: Mapping[str, Any]
    cloudformation: Mapping[str, Any]

    def code_folder(self, logical_id: str) -> Path:
        """The folder of a function's own code."""
        return self.folder / str(self.resources[logical_id]["Properties"]["CodeUri"])


def read(path: Path) -> Template:
    """Reads and translates a template; state machine definitions are read from where it says."""
    text = path.read_text(encoding="utf-8")
    source = _parsed(text)
    definitions = {
        logical_id: json.loads((path.parent / properties["DefinitionUri"]).read_text(encoding="utf-8"))
        for logical_id, resource in source["Resources"].items()
        if "DefinitionUri" in (properties := resource.get("Properties", {}))
    }
    cloudformation = copy.deepcopy(_translated(text, json.dumps(definitions)))
    modelled = get_model_map().keys() | set(NULL_MODELS)
    resources = {i: r for i, r in cloudformation["Resources"].items() if r["Type"] in modelled}
    return Template(
        folder=path.parent,
        parameters=source.get("Parameters", {}),
        resources=source["Resources"],
        cloudformation={**cloudformation, "Resources": resources},
    )


@cache
def _parsed(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse(text)
    return parsed


@cache
def _translated(text: str, definitions: str) -> dict[str, Any]:
    template = copy.deepcopy(_parsed(text))
    for logical_id, definition in json.loads(definitions).items():
        properties = template["Resources"][logical_id]["Properties"]
        del properties["DefinitionUri"]
        properties["Definition"] = definition
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://functions/are-called-where-their-source-lies"
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # The translator asks boto3 for the region's partition.
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        translated: dict[str, Any] = transform(template, {}, _NoManagedPolicies())
    for declaration in translated.get("Parameters", {}).values():
        # `Ref` of a number gives the text that was passed, digit for digit; moto would make an int or a float of it.
        if declaration["Type"] == "Number":
            declaration["Type"] = "String"
        if "Default" in declaration:
            declaration["Default"] = str(declaration["Default"])
    return translated
