"""A function is called as Lambda's Python runtime calls it."""

import json
import logging
import os
import sys

import pytest

from tests.sandbox.conftest import START


def invoke(chain, event):
    response = chain.function("check").invoke(json.dumps(event))
    return response.failed, json.loads(response.payload)


def test_a_function_has_lambdas_context_and_environment_and_nothing_of_the_developers(chain, monkeypatch):
    monkeypatch.setenv("MY_OWN_SETTING", "1")
    _, world = invoke(chain, {"world": True})
    environment = world["environment"]
    assert "MY_OWN_SETTING" not in environment
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "sandbox"
    name = world["function_name"]
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert name.startswith("sandbox-Check-")
    assert world["invoked_function_arn"] == f"arn:aws:lambda:eu-central-1:123456789012:function:{name}"
    assert world["memory_limit_in_mb"] == "128"
    assert 4000 < world["left"] <= 5000


@pytest.mark.parametrize(
    ("trouble", "error_type", "message"),
    [
        ("raise", "ValueError", "in trouble"),
        ("exit", "SystemExit", "3"),
        ("unserializable", "Runtime.MarshalError", "not JSON serializable"),
        ("nan", "Runtime.MarshalError", "not JSON compliant"),
        ("surrogate", "Runtime.MarshalError", "surrogates not allowed"),
    ],
)
def test_an_error_is_described_as_lambda_does_and_is_in_the_log(chain, trouble, error_type, message):
    failed, error = invoke(chain, {"state": {"trouble": trouble}})
    assert (failed, error["errorType"]) == (True, error_type)
    assert message in error["errorMessage"]
    assert any(line.text.startswith(f"[ERROR] {error_type}") for line in chain.logs.of("check"))
    # A stack trace begins in the handler.
    assert ["app.py" in frame for frame in error["stackTrace"]] == [True] * (trouble in {"raise", "exit"})


def test_an_import_that_fails_is_in_the_answer_and_tried_again(chain):
    function = chain.function("check")
    function.handler = "missing.handler"
    assert invoke(chain, {})[1]["errorType"] == "FileNotFoundError"
    function.handler = "app.handler"
    assert not invoke(chain, {"world": True})[0]


def test_a_function_that_takes_longer_than_its_timeout_timed_out(chain):
    chain.function("check").timeout_seconds = 0.0
    failed, error = invoke(chain, {"world": True})
    assert (failed, error["errorType"]) == (True, "Sandbox.Timedout")
    assert "Task timed out after 0.00 seconds" in error["errorMessage"]


def test_each_deployment_builds_its_functions_anew_and_nothing_is_left_of_them(deploy_chain, capsys):
    before = sys.path[:], dict(os.environ), logging.Logger.manager
    for greeting in ("good day", "good night"):
        with deploy_chain({"Greeting": greeting}) as chain:
            chain.announce({"name": "a"})
            chain.run()
            [line] = chain.logs.of("start")
            assert line.record == {"message": f"{greeting} a", "starts": [START]}
            assert (line.function, line.at, len(line.request_id)) == ("start", START, 36)
    assert before == (sys.path, dict(os.environ), logging.Logger.manager)
    assert "app" not in sys.modules
    assert capsys.readouterr().out == ""
