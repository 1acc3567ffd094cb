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
    """What stands in a template. `code_folders` are those of the functions' own code, by logical id.

    `body` is JSON, for CloudFormation: the translation, with what moto has models of.
    """

    parameters: Mapping[str, Any]
    code_folders: Mapping[str, Path]
    body: str


@cache
def read(path: Path) -> Template:
    """Reads and translates a template; state machine definitions are read from where it says."""
    source = yaml_parse(path.read_text(encoding="utf-8"))
    parameters, code_folders = copy.deepcopy(source.get("Parameters", {})), {}
    for logical_id, resource in source["Resources"].items():
        properties = resource.get("Properties", {})
        if "DefinitionUri" in properties:
            properties["Definition"] = json.loads(
                (path.parent / properties.pop("DefinitionUri")).read_bytes()
            )
        for name in {"CodeUri", "ContentUri"} & properties.keys():
            code_folders[logical_id] = path.parent / properties[name]
            properties[name] = "s3://functions/are-called-where-their-source-lies"
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # The translator asks boto3 for the region's partition.
    with patch.dict(os.environ, AWS_DEFAULT_REGION=REGION):
        translated = transform(source, {}, _NoManagedPolicies())
    for declaration in translated.get("Parameters", {}).values():
        # `Ref` of a number gives the text that was passed, digit for digit; moto would make an int or a float of it.
        if declaration["Type"] == "Number":
            declaration["Type"] = "String"
        if "Default" in declaration:
            declaration["Default"] = str(declaration["Default"])
    modelled = get_model_map().keys() | set(NULL_MODELS)
    resources = {i: r for i, r in translated["Resources"].items() if r["Type"] in modelled}
    return Template(parameters, code_folders, json.dumps({**translated, "Resources": resources}, default=str))
