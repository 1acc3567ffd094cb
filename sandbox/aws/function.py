"""One Lambda function: its handler, built from its environment and called as Lambda's Python runtime calls it."""

import importlib.util
import inspect
import json
import logging
import os
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sandbox.aws.faults import Faults
from sandbox.aws.logs import Logs, LogStream

_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Response:
    """What an invocation returns: a JSON payload, which describes an error where `failed`."""

    payload: bytes
    failed: bool = False


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """As much of Lambda's as a logger reads; `ends_at` is on the monotonic clock."""

    function_name: str
    aws_request_id: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    ends_at: float

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.ends_at - time.monotonic()) * 1000))


class Function:
    """A function of a deployment, known by its folder. A fault may answer in its place.

    A module with a `build(environment, ...)` is asked for a handler, and passed the `options` that it takes: `now`, the
    deployment's clock. Any other module has its handler under its name.

    A handler cannot be killed. One that takes longer than `timeout_seconds` (of real time, whatever the deployment's
    clock) is let finish, and then answered for as Lambda does: timed out.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        code_folder: Path,
        logs: Logs,
        faults: Faults,
        options: dict[str, Any],
    ) -> None:
        self.name, self.arn = configuration["FunctionName"], configuration["FunctionArn"]
        self.label, self.code_folder, self.options = code_folder.name, code_folder, options
        self.handler = configuration["Handler"]
        self.environment = configuration.get("Environment", {}).get("Variables", {})
        self.timeout_seconds: float = configuration["Timeout"]
        self._memory_mb = str(configuration["MemorySize"])
        self._log, self._faults = LogStream(logs, self.label), faults
        self._entry: Callable[[Any, LambdaContext], Any] | None = None

    def invoke(self, payload: bytes | str) -> Response:
        """Calls the handler with a JSON payload."""
        event = json.loads(payload or "{}")
        begin = time.monotonic()
        context = LambdaContext(
            function_name=self.name,
            aws_request_id=str(uuid.uuid4()),
            invoked_function_arn=self.arn,
            memory_limit_in_mb=self._memory_mb,
            ends_at=begin + self.timeout_seconds,
        )
        with self._log.capturing(context.aws_request_id):
            fault = self._faults.strike(self.label, event)
            response: Response = fault.answer() if fault else self._respond(event, context)
            if time.monotonic() - begin > self.timeout_seconds:
                response = timed_out(self.timeout_seconds)
                print(response.payload.decode())
            return response

    def _respond(self, event: Any, context: LambdaContext) -> Response:
        try:
            self._entry = self._entry or self._load()
            result = self._entry(event, context)
        except (Exception, SystemExit) as error:
            return _failure(type(error).__name__, str(error), context, error)
        try:
            # ensure_ascii and strictness as in Lambda's runtimes from Python 3.12 on: text goes out as UTF-8.
            answer = json.dumps(result, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError) as error:
            return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}", context)
        return Response(answer)

    def _load(self) -> Callable[[Any, LambdaContext], Any]:
        """The handler. Its module is executed anew: the functions of this process have nothing in common by it."""
        name, _, attribute = self.handler.rpartition(".")
        spec = importlib.util.spec_from_file_location(f"{self.label}.{name}", self.code_folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        environment = self._variables()
        with patch.dict(os.environ, environment, clear=True):
            spec.loader.exec_module(module)
            if (build := getattr(module, "build", None)) is None:
                return getattr(module, attribute)  # type: ignore[no-any-return]
            wanted = inspect.signature(build).parameters
            options = {name: value for name, value in self.options.items() if name in wanted}
            # In Lambda each function has loggers of its own, whatever their names.
            own = logging.Manager(logging.RootLogger(logging.WARNING))
            with patch.object(logging.Logger, "manager", own):
                return build(environment, **options)  # type: ignore[no-any-return]

    def _variables(self) -> dict[str, str]:
        """What Lambda sets, and what the machine needs; no more of the developer's own environment."""
        return {
            **{k: v for k, v in os.environ.items() if k in _KEPT_VARIABLES or k.startswith("AWS_")},
            "TZ": ":UTC",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": self._memory_mb,
            "_HANDLER": self.handler,
            **self.environment,
        }


def timed_out(seconds: float) -> Response:
    """What Lambda answers for a function that ran into its timeout."""
    return _error("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")


def crashed() -> Response:
    """What Lambda answers for a function whose process was killed, for want of memory for instance."""
    return _error("Runtime.ExitError", "Runtime exited with error: signal: killed")


def _error(error_type: str, message: str) -> Response:
    message = f"RequestId: {uuid.uuid4()} Error: {message}"
    return Response(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


def _failure(kind: str, message: str, context: LambdaContext, error: BaseException | None = None) -> Response:
    """The error as Lambda returns it, and as it writes it to the log; the sandbox's own frames are no part of it."""
    stack = traceback.extract_tb(error.__traceback__) if error else []
    frames = traceback.format_list([frame for frame in stack if frame.filename != __file__])
    print(f"[ERROR] {kind}: {message}", *frames, sep="\n")
    payload = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": context.aws_request_id,
        "stackTrace": frames,
    }
    return Response(json.dumps(payload).encode(), failed=True)
