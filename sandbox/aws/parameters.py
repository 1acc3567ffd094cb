"""The parameters of a template, checked as CloudFormation checks them before it creates anything."""

import re
from collections.abc import Mapping
from typing import Any


class ParameterError(ValueError):
    """A parameter that does not exist, is missing, or has a value that its declaration does not allow."""


def effective(declared: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, str]:
    """The value of each declared parameter, as a string: the given one, else the default.

    Raises
    ------
    ParameterError
        Where CloudFormation would refuse to create the stack.
    """
    if unknown := sorted(set(given) - set(declared)):
        known = ", ".join(declared)
        raise ParameterError(
            f"Parameters: [{', '.join(unknown)}] do not exist in the template, which has {known}"
        )
    return {name: _checked(name, declaration, given) for name, declaration in declared.items()}


def _checked(name: str, declaration: Mapping[str, Any], given: Mapping[str, object]) -> str:
    value = given.get(name, declaration.get("Default"))
    if value is None:
        raise ParameterError(f"Parameters: [{name}] must have values")
    text = str(value)
    match declaration["Type"]:
        case "Number":
            problem = _number_problem(text, declaration)
        case "CommaDelimitedList":  # its pattern is for each member
            problems = (_text_problem(member.strip(), declaration) for member in text.split(","))
            problem = next(filter(None, problems), None)
        case _:
            problem = _text_problem(text, declaration)
    allowed = declaration.get("AllowedValues")
    if not problem and allowed is not None and text not in map(str, allowed):
        problem = f"must be one of {', '.join(map(str, allowed))}"
    if problem:
        # CloudFormation shows the template's own words instead of the rule where there are any.
        reason = declaration.get("ConstraintDescription", problem)
        raise ParameterError(f"Parameter {name} failed to satisfy constraint: {reason} (it is {text!r})")
    return text


def _number_problem(text: str, declaration: Mapping[str, Any]) -> str | None:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return "must be a number"
    if "MinValue" in declaration and float(text) < float(declaration["MinValue"]):
        return f"must be at least {declaration['MinValue']}"
    if "MaxValue" in declaration and float(text) > float(declaration["MaxValue"]):
        return f"must be at most {declaration['MaxValue']}"
    return None


def _text_problem(text: str, declaration: Mapping[str, Any]) -> str | None:
    if len(text) < int(declaration.get("MinLength", 0)):
        return f"must have at least {declaration['MinLength']} characters"
    if "MaxLength" in declaration and len(text) > int(declaration["MaxLength"]):
        return f"must have at most {declaration['MaxLength']} characters"
    # The pattern has to match the whole value, says CloudFormation's documentation.
    if "AllowedPattern" in declaration and not re.fullmatch(declaration["AllowedPattern"], text):
        return f"must match pattern {declaration['AllowedPattern']}"
    return None
