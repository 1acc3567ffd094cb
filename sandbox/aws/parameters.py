"""The parameters of a template, checked as CloudFormation checks them before it creates anything."""

import re
from collections.abc import Callable, Mapping
from typing import Any


class ParameterError(ValueError):
    """A parameter that does not exist, is missing, or has a value that its declaration does not allow."""


_RULES: Mapping[str, tuple[Callable[[str, Any], object], str]] = {
    "MinValue": (lambda text, bound: float(text) >= float(bound), "must be at least {}"),
    "MaxValue": (lambda text, bound: float(text) <= float(bound), "must be at most {}"),
    "MinLength": (lambda text, bound: len(text) >= int(bound), "must have at least {} characters"),
    "MaxLength": (lambda text, bound: len(text) <= int(bound), "must have at most {} characters"),
    # The pattern has to match the whole value, says CloudFormation's documentation.
    "AllowedPattern": (lambda text, pattern: re.fullmatch(pattern, text), "must match pattern {}"),
    "AllowedValues": (lambda text, values: text in map(str, values), "must be one of {}"),
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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
    values = {}
    for name, declaration in declared.items():
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise ParameterError(f"Parameters: [{name}] must have values")
        values[name] = str(value)
        if problem := _problem(values[name], declaration):
            # CloudFormation shows the template's own words instead of the rule where there are any.
            reason = declaration.get("ConstraintDescription", problem)
            raise ParameterError(
                f"Parameter {name} failed to satisfy constraint: {reason} (it is {values[name]!r})"
            )
    return values


def _problem(text: str, declaration: Mapping[str, Any]) -> str | None:
    if declaration["Type"] == "Number" and not _NUMBER.fullmatch(text):
        return "must be a number"
    if declaration["Type"] == "CommaDelimitedList":  # its rules are for each member
        members = (_problem(member.strip(), {**declaration, "Type": "String"}) for member in text.split(","))
        return next(filter(None, members), None)
    for name, (holds, words) in _RULES.items():
        if name in declaration and not holds(text, bound := declaration[name]):
            return words.format(", ".join(map(str, bound)) if isinstance(bound, list) else bound)
    return None
