"""template.yaml as data, with its intrinsic functions in their long form (`{"Ref": ...}`, `{"Fn::GetAtt": [...]}`)."""

from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.contract.schemas import ROOT

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by their logical ids."""
    return {
        name: resource["Properties"]
        for name, resource in RESOURCES.items()
        if resource["Type"] == resource_type
    }


def arn_of(name: str) -> dict[str, list[str]]:
    """The intrinsic function for the ARN of a resource."""
    return {"Fn::GetAtt": [name, "Arn"]}
