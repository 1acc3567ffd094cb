"""A template's parameters are refused where CloudFormation would refuse them, and in its words."""

import pytest

from sandbox.aws.parameters import ParameterError, effective

LETTERS = {"Type": "String", "Default": "a", "AllowedPattern": "[a-z]+"}
DECLARED = {
    "Bus": {**LETTERS, "MaxLength": 9},
    "Wait": {"Type": "Number", "Default": 10, "MinValue": 0.5, "MaxValue": 3600},
    "Level": {"Type": "String", "Default": "INFO", "AllowedValues": ["INFO", "DEBUG"]},
    "Days": {"Type": "Number", "Default": 30, "AllowedValues": [1, 30]},
    "Host": {**LETTERS, "ConstraintDescription": "a host's name"},
    "Names": {**LETTERS, "Type": "CommaDelimitedList"},
    "Topic": {"Type": "String"},
}


def test_defaults_are_taken_where_nothing_is_given_and_all_are_texts():
    given = {"Bus": "b", "Wait": 0.5, "Topic": "t", "Names": "a, b"}
    defaults = {"Level": "INFO", "Days": "30", "Host": "a"}
    assert effective(DECLARED, given) == {**given, "Wait": "0.5", **defaults}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Nonsense": 1}, r"\[Nonsense\] do not exist in the template, which has Bus, Wait"),
        ({"Bus": "Bus1"}, r"Parameter Bus failed .*: must match pattern \[a-z\]\+ \(it is 'Bus1'\)"),
        ({"Bus": "a\n"}, "must match pattern"),
        ({"Bus": "abcdefghij"}, "at most 9 characters"),
        ({"Names": "a,B"}, "must match pattern"),
        ({"Wait": "nan"}, "must be a number"),
        ({"Wait": ""}, "must be a number"),
        ({"Wait": 0.49}, "must be at least 0.5"),
        ({"Wait": "3600.1"}, "must be at most 3600"),
        ({"Level": "info"}, "must be one of INFO, DEBUG"),
        ({"Days": 7}, "must be one of 1, 30"),
        ({"Host": "A"}, r"a host's name \(it is 'A'\)"),
        ({}, r"\[Topic\] must have values"),
    ],
)
def test_what_cloudformation_would_refuse_is_refused(given, message):
    with pytest.raises(ParameterError, match=message):
        effective(DECLARED, {**({"Topic": "t"} if given else {}), **given})
