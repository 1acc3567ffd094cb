"""`python -m sandbox emarsys`: the Emarsys of the sandbox alone, for people who write a client of it."""

import argparse
import sys
import threading
from pathlib import Path
from typing import Any

from sandbox.arguments import port

DEFAULT = Path(__file__).parent / "scenarios" / "default.yaml"


def register(subparsers: Any) -> None:
    """Adds the command to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "emarsys",
        help="serve an Emarsys to talk to, on a port of this machine",
        description="Serves an Emarsys whose exports live as a scenario says, until Ctrl-C. Requests are logged.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    add("--port", type=port, default=8080, help="port to listen on, 0 for any free one (default: 8080)")
    add(
        "--scenario",
        default=DEFAULT,
        metavar="FILE.yaml",
        help="credentials, exports and faults (default: sandbox/emarsys/scenarios/default.yaml, with every key)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is interrupted, and returns the exit status."""
    from sandbox.emarsys import EmarsysServer, ScenarioError, SeenRequest, load  # noqa: PLC0415 - `--help` is quick

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def log(seen: SeenRequest) -> None:
        say(f"{seen.method} {seen.path!r} {seen.status or 'connection broken'}")

    try:
        scenario = load(arguments.scenario)
        server = EmarsysServer(scenario, host=arguments.host, port=arguments.port, on_request=log)
    except ScenarioError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}; choose another --port or --host"
        ) from error
    with server:
        say(
            f"Emarsys at {server.url}, tokens at {server.url}/oauth2/token, from {Path(arguments.scenario).name}"
        )
        oauth, wsse = (", ".join(names) or "none" for names in (scenario.oauth, scenario.wsse))
        say(f"OAuth clients: {oauth}; WSSE users: {wsse}")
        for export_id, plan in scenario.exports.items():
            life = " -> ".join(f"{status} at {at:g} s" for at, status in plan.timeline)
            say(f"export {export_id} ({plan.distribution_method}): {life}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say("stopped")
    return 0
