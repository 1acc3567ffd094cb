import pytest

from sandbox.aws.parameters import ParameterError, effective

DECLARED = {
    "Bus": {"Type": "String", "Default": "default", "AllowedPattern": "[a-z]+", "MaxLength": 9},
    "Wait": {"Type": "Number", "Default": 10, "MinValue": 0.5, "MaxValue": 3600},
    "Level": {"Type": "String", "Default": "INFO", "AllowedValues": ["INFO", "DEBUG"]},
    "Days": {"Type": "Number", "Default": 30, "AllowedValues": [1, 30]},
    "Host": {
        "Type": "String",
        "Default": "a",
        "AllowedPattern": "[a-z]+",
        "ConstraintDescription": "a host's name",
    },
}


def test_defaults_are_taken_where_nothing_is_given_and_all_are_texts():
    values = effective(DECLARED, {"Wait": 0.5})
    assert values == {"Bus": "default", "Wait": "0.5", "Level": "INFO", "Days": "30", "Host": "a"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Nonsense": 1}, r"\[Nonsense\] do not exist in the template, which has Bus, Wait"),
        ({"Bus": "Bus1"}, r"Parameter Bus failed .*: must match pattern \[a-z\]\+ \(it is 'Bus1'\)"),
        ({"Bus": "a\n"}, "must match pattern"),
        ({"Bus": "abcdefghij"}, "at most 9 characters"),
        ({"Wait": "soon"}, "must be a number"),
        ({"Wait": "nan"}, "must be a number"),
        ({"Wait": ""}, "must be a number"),
        ({"Wait": 0.49}, "must be at least 0.5"),
        ({"Wait": "3600.1"}, "must be at most 3600"),
        ({"Level": "info"}, "must be one of INFO, DEBUG"),
        ({"Days": 7}, "must be one of 1, 30"),
        ({"Host": "A"}, r"a host's name \(it is 'A'\)"),
    ],
)
def test_what_cloudformation_would_refuse_is_refused(given, message):
    with pytest.raises(ParameterError, match=message):
        effective(DECLARED, given)


def test_a_parameter_without_a_default_must_be_given():
    with pytest.raises(ParameterError, match=r"\[Topic\] must have values"):
        effective({"Topic": {"Type": "String"}}, {})
