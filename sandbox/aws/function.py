"""One Lambda function: its handler, imported into a world of its own and called as Lambda's Python runtime calls it.

Each function of each deployment has its own copy of the project's modules, its own environment variables and its own
registry of loggers, as it has in Lambda, where each is a process of its own. Here they share one process, so one
invocation runs at a time, in a lock, and everything is put back after it.
"""

import contextlib
import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.aws.context import LambdaContext
from sandbox.aws.logs import Logs

RESPONSE_LIMIT_BYTES = 6_291_556
"""Lambda's quota of 6 MB for the payload of a synchronous response, as its error message states it."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Response:
    """What an invocation returns: a JSON payload, which describes an error where `failed`."""

    payload: bytes
    failed: bool = False


@dataclass(slots=True, eq=False)
class Function:
    """`now` is the clock of a handler that can be built with one; `fault` may answer in its place.

    A handler cannot be killed. One that takes longer than `timeout_seconds` (of real time, whatever the deployment's
    clock) is let finish, and then answered for as Lambda does: timed out.
    """

    name: str
    arn: str
    handler: str
    code_folder: Path
    import_folders: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout_seconds: float
    memory_mb: int
    logs: Logs
    log_group: str
    now: Callable[[], float]
    fault: Callable[[Any], Response | None]
    _modules: dict[str, ModuleType] = field(default_factory=dict)
    _loggers: logging.Manager = field(
        default_factory=lambda: logging.Manager(logging.RootLogger(logging.WARNING))
    )
    _entry: Callable[[Any, LambdaContext], Any] | None = None
    _top_level_names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        folders = (self.code_folder, *self.import_folders)
        self._top_level_names = frozenset(path.stem for folder in folders for path in folder.iterdir())

    @property
    def label(self) -> str:
        """The name by which people know it: its folder's."""
        return self.code_folder.name

    def invoke(self, payload: bytes | str) -> Response:
        """Calls the handler with a JSON payload."""
        event = json.loads(payload or "{}")
        request_id = str(uuid.uuid4())
        with _one_at_a_time, self.logs.capturing(self.label, request_id), self._world():
            begin = time.monotonic()
            response = self.fault(event) or self._respond(event, self._context(request_id, begin))
            if time.monotonic() - begin > self.timeout_seconds:
                response = timed_out(self.timeout_seconds)
                print(response.payload.decode())
            return response

    def _respond(self, event: Any, context: LambdaContext) -> Response:
        module, _, attribute = self.handler.rpartition(".")
        try:
            if self._entry is None:
                app = importlib.import_module(module.replace("/", "."))
                if "now" in getattr(getattr(app, "build", None), "__kwdefaults__", None) or ():
                    self._entry = app.build(os.environ, now=self.now)
                else:
                    self._entry = getattr(app, attribute)
        except ImportError as error:
            return _failure(
                "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}", context
            )
        except (Exception, SystemExit) as error:
            return _failure(type(error).__name__, str(error), context, error)
        try:
            result = self._entry(event, context)
        except (Exception, SystemExit) as error:
            return _failure(type(error).__name__, str(error), context, error)
        try:
            # ensure_ascii and strictness as in Lambda's runtimes from Python 3.12 on: text goes out as UTF-8.
            answer = json.dumps(result, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError) as error:
            return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}", context)
        if len(answer) > RESPONSE_LIMIT_BYTES:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes)."
            )
            return _failure("Function.ResponseSizeTooLarge", message, context)
        return Response(answer)

    def _context(self, request_id: str, begin: float) -> LambdaContext:
        return LambdaContext(
            function_name=self.name,
            aws_request_id=request_id,
            invoked_function_arn=self.arn,
            memory_limit_in_mb=str(self.memory_mb),
            log_group_name=self.log_group,
            log_stream_name="sandbox",
            ends_at=begin + self.timeout_seconds,
        )

    @contextlib.contextmanager
    def _world(self) -> Iterator[None]:
        """The process, for the time of an invocation, is this function's."""
        others = _taken_out(self._top_level_names)
        sys.modules.update(self._modules)
        known = len(sys.modules)
        path, environment, manager = sys.path[:], dict(os.environ), logging.Logger.manager
        sys.path[:0] = [str(self.code_folder), *map(str, self.import_folders)]
        _set_environment(self._variables())
        logging.Logger.manager = self._loggers
        try:
            yield
        finally:
            logging.Logger.manager = manager
            _set_environment(environment)
            sys.path[:] = path
            if len(sys.modules) == known:  # nothing was imported, as mostly, and a search can be saved
                for name in self._modules:
                    sys.modules.pop(name, None)
            else:
                self._modules = _taken_out(self._top_level_names)
            sys.modules.update(others)

    def _variables(self) -> dict[str, str]:
        """What Lambda sets, and what the machine needs; no more of the developer's own environment."""
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return {
            **kept,
            **aws,
            "TZ": ":UTC",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
            "_HANDLER": self.handler,
            **self.environment,
        }


_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")


def timed_out(seconds: float) -> Response:
    """What Lambda answers for a function that ran into its timeout."""
    return _error(
        "Sandbox.Timedout", f"RequestId: {uuid.uuid4()} Error: Task timed out after {seconds:.2f} seconds"
    )


def crashed() -> Response:
    """What Lambda answers for a function whose process was killed, for want of memory for instance."""
    return _error(
        "Runtime.ExitError", f"RequestId: {uuid.uuid4()} Error: Runtime exited with error: signal: killed"
    )


def _error(error_type: str, message: str) -> Response:
    return Response(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


def _failure(kind: str, message: str, context: LambdaContext, error: BaseException | None = None) -> Response:
    """The error as Lambda returns it, and as it writes it to the log."""
    frames = traceback.format_tb(error.__traceback__)[1:] if error else []  # the first is the sandbox's own
    print(f"[ERROR] {kind}: {message}", *frames, sep="\n")
    payload = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": context.aws_request_id,
        "stackTrace": frames,
    }
    return Response(json.dumps(payload).encode(), failed=True)


def _taken_out(names: frozenset[str]) -> dict[str, ModuleType]:
    """Removes the modules of these top-level names, and returns them."""
    if not any(name in sys.modules for name in names):
        return {}
    found = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


def _set_environment(variables: Mapping[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
