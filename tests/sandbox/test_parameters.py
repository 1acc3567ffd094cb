"""A template's parameters are refused where CloudFormation would refuse them, and in one sentence."""

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
        ({"bus": "a"}, r"no parameter bus: did you mean Bus\?"),
        ({"Nonsense": 1}, "no parameter Nonsense: it has Bus, Wait"),
        ({"Bus": "Bus1"}, r"the parameter Bus is 'Bus1'; it must be text that matches \[a-z\]\+"),
        ({"Bus": "a\n"}, "text that matches"),
        ({"Bus": "abcdefghij"}, "9 characters or fewer"),
        ({"Names": "a,B"}, "text that matches"),
        ({"Wait": "nan"}, "a number"),
        ({"Wait": ""}, "a number"),
        ({"Wait": 0.49}, "at least 0.5"),
        ({"Wait": "3600.1"}, "at most 3600"),
        ({"Level": "info"}, "one of INFO, DEBUG"),
        ({"Days": 7}, "one of 1, 30"),
        ({"Host": "A"}, r"Host is 'A'; it must be a host's name"),
        ({}, "the parameter Topic must have a value"),
    ],
)
def test_what_cloudformation_would_refuse_is_refused(given, message):
    with pytest.raises(ParameterError, match=message):
        effective(DECLARED, {**({"Topic": "t"} if given else {}), **given})
