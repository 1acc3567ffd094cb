"""template.yaml as data, with its intrinsic functions in their long form (`{"Ref": ...}`, `{"Fn::GetAtt": [...]}`)."""

import copy
import json
import os
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.contract.schemas import ROOT, read

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by their logical ids."""
    return {name: of["Properties"] for name, of in RESOURCES.items() if of["Type"] == resource_type}


def arn_of(name: str) -> dict[str, list[str]]:
    """The intrinsic function for the ARN of a resource."""
    return {"Fn::GetAtt": [name, "Arn"]}


def translated(region: str) -> dict[str, Any]:
    """What SAM makes of the template in a region, with the definition of the state machine in it."""
    template = copy.deepcopy(TEMPLATE)
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        for name in {"CodeUri", "ContentUri"} & set(properties):
            properties[name] = "s3://bucket/key"
        if "DefinitionUri" in properties:
            properties["Definition"] = read(ROOT / properties.pop("DefinitionUri"))

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    # The translator asks boto3 for the region's partition.
    with patch.dict(os.environ, AWS_DEFAULT_REGION=region):
        made = transform(template, {}, NoManagedPolicies())
    plain: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return plain
