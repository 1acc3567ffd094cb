"""The parameters of a template, checked as CloudFormation checks them before it creates anything."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any


class ParameterError(ValueError):
    """A parameter that does not exist, is missing, or has a value that its declaration does not allow."""


_RULES: Mapping[str, tuple[Callable[[str, Any], object], str]] = {
    "MinValue": (lambda text, bound: float(text) >= float(bound), "at least {}"),
    "MaxValue": (lambda text, bound: float(text) <= float(bound), "at most {}"),
    "MinLength": (lambda text, bound: len(text) >= int(bound), "{} characters or more"),
    "MaxLength": (lambda text, bound: len(text) <= int(bound), "{} characters or fewer"),
    # The pattern has to match the whole value, says CloudFormation's documentation.
    "AllowedPattern": (lambda text, pattern: re.fullmatch(pattern, text), "text that matches {}"),
    "AllowedValues": (lambda text, values: text in map(str, values), "one of {}"),
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def effective(declared: Mapping[str, Any], given: Mapping[str, object]) -> dict[str, str]:
    """The value of each declared parameter, as a string: the given one, else the default.

    Raises
    ------
    ParameterError
        Where CloudFormation would refuse to create the stack.
    """
    for name in given:
        if name not in declared:
            close = get_close_matches(name, declared, 1)
            remedy = f"did you mean {close[0]}?" if close else f"it has {', '.join(declared)}"
            raise ParameterError(f"the template has no parameter {name}: {remedy}")
    values = {}
    for name, declaration in declared.items():
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise ParameterError(f"the parameter {name} must have a value")
        values[name] = str(value)
        if problem := _problem(values[name], declaration):
            # As CloudFormation does: the template's own words instead of the rule where there are any.
            reason = declaration.get("ConstraintDescription", problem)
            raise ParameterError(f"the parameter {name} is {values[name]!r}; it must be {reason}")
    return values


def _problem(text: str, declaration: Mapping[str, Any]) -> str | None:
    if declaration["Type"] == "Number" and not _NUMBER.fullmatch(text):
        return "a number"
    if declaration["Type"] == "CommaDelimitedList":  # its rules are for each member
        members = (_problem(member.strip(), {**declaration, "Type": "String"}) for member in text.split(","))
        return next(filter(None, members), None)
    for name, (holds, words) in _RULES.items():
        if name in declaration and not holds(text, bound := declaration[name]):
            return words.format(", ".join(map(str, bound)) if isinstance(bound, list) else bound)
    return None
