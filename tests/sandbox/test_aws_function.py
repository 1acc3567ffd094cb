import json
import logging
import os
import sys
import time
from typing import Any

import pytest

from sandbox.aws import Deployment, Response, crashed, timed_out


def payload(response: Response) -> Any:
    return json.loads(response.payload)


def check(chain: Deployment, trouble: str) -> Response:
    return chain.function("check").invoke(
        json.dumps({"state": {"trouble": trouble, "checks": 0}, "started": "", "name": ""})
    )


def test_a_function_has_its_environment_and_none_of_the_developers(chain, monkeypatch):
    monkeypatch.setenv("MY_OWN_SETTING", "1")
    monkeypatch.setenv("GREETING", "not mine")
    world = payload(chain.function("check").invoke(json.dumps({"world": True})))
    environment = world["environment"]
    assert environment == world["os.environ"]
    assert "MY_OWN_SETTING" not in environment
    assert "GREETING" not in environment
    assert environment["AWS_LAMBDA_FUNCTION_NAME"].startswith("sandbox-Check-")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "sandbox"
    assert os.environ["GREETING"] == "not mine"


def test_the_context_is_lambdas(chain):
    world = payload(chain.function("check").invoke(json.dumps({"world": True})))
    context = world["context"]
    assert context["function_name"] == world["environment"]["AWS_LAMBDA_FUNCTION_NAME"]
    assert context["invoked_function_arn"].startswith(
        "arn:aws:lambda:eu-central-1:123456789012:function:sandbox-Check-"
    )
    assert context["memory_limit_in_mb"] == "128"
    assert context["log_group_name"].startswith("/aws/lambda/sandbox-Check-")
    assert 4000 < world["left"] <= 5000


@pytest.mark.parametrize(
    ("trouble", "error_type", "message"),
    [
        ("raise", "ValueError", "in trouble"),
        ("exit", "SystemExit", "3"),
        ("unserializable", "Runtime.MarshalError", "not JSON serializable"),
        ("nan", "Runtime.MarshalError", "not JSON compliant"),
        ("surrogate", "Runtime.MarshalError", "surrogates not allowed"),
        ("enormous", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_an_error_is_described_as_lambda_does_and_is_in_the_log(chain, trouble, error_type, message):
    response = check(chain, trouble)
    assert response.failed
    assert payload(response)["errorType"] == error_type
    assert message in payload(response)["errorMessage"]
    assert any(line.text.startswith(f"[ERROR] {error_type}") for line in chain.logs.of("check"))


def test_a_stack_trace_begins_in_the_handler(chain):
    trace = payload(check(chain, "raise"))["stackTrace"]
    assert len(trace) == 1
    assert "app.py" in trace[0]
    assert 'raise ValueError("in trouble")' in trace[0]


def test_an_import_that_fails_is_in_the_answer_and_tried_again(chain, monkeypatch):
    function = chain.function("check")
    monkeypatch.setattr(function, "handler", "missing.handler")
    assert payload(chain.function("check").invoke(json.dumps({})))["errorType"] == "Runtime.ImportModuleError"
    monkeypatch.setattr(function, "handler", "app.handler")
    assert not chain.function("check").invoke(json.dumps({"world": True})).failed


def test_a_function_that_takes_longer_than_its_timeout_timed_out(chain, monkeypatch):
    function = chain.function("check")
    monkeypatch.setattr(function, "timeout_seconds", 0.0)
    response = chain.function("check").invoke(json.dumps({"world": True}))
    assert response.failed
    assert payload(response)["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.00 seconds" in payload(response)["errorMessage"]


def test_what_a_function_prints_goes_to_its_log_alone(chain, capsys):
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    sys.stdout.write("mine")
    assert capsys.readouterr().out == "mine"
    assert [record["message"] for record in chain.logs.records("start")] == ["hello a"]
    [line] = chain.logs.of("start")
    assert line.function == "start"
    assert line.at == pytest.approx(1_800_000_000)
    assert len(line.request_id) == 36


def test_a_function_leaves_nothing_behind_in_the_process(chain):
    path, environment = sys.path[:], dict(os.environ)
    manager = logging.Logger.manager
    chain.announce({"name": "a", "needed": 1})
    chain.run()
    assert (sys.path, dict(os.environ)) == (path, environment)
    assert "app" not in sys.modules
    assert logging.Logger.manager is manager


def test_each_deployment_builds_its_functions_anew_with_its_clock_and_its_loggers(deploy_chain):
    for _ in range(2):
        with deploy_chain({"Greeting": "good day"}) as chain:
            chain.announce({"name": "a"})
            chain.run()
            [record] = chain.logs.records("start")
            assert record["message"] == "good day a"
            assert record["starts"] == [1_800_000_000]


def test_what_build_is_passed_can_be_replaced(chain):
    chain.function("start").options["now"] = lambda: 5.0
    chain.announce({"name": "a"})
    chain.run()
    assert chain.logs.records("start")[0]["starts"] == [5]


def test_a_number_is_passed_on_digit_for_digit(deploy_chain):
    with deploy_chain({"Limit": "1.50"}) as chain:
        start = chain.function("start")
        assert start.environment["LIMIT"] == "1.50"


@pytest.mark.parametrize(
    ("answer", "error_type"), [(crashed(), "Runtime.ExitError"), (timed_out(30), "Sandbox.Timedout")]
)
def test_a_function_can_be_made_to_fail(chain, answer, error_type):
    fault = chain.faults.answer("check", lambda: answer, times=1)
    assert payload(chain.function("check").invoke(json.dumps({"world": True})))["errorType"] == error_type
    assert not chain.function("check").invoke(json.dumps({"world": True})).failed
    assert fault.hits == 1


def test_invocations_are_quick(chain):
    chain.function("check").invoke(json.dumps({"world": True}))
    begin = time.monotonic()
    for _ in range(50):
        chain.function("check").invoke(json.dumps({"world": True}))
    assert time.monotonic() - begin < 2
