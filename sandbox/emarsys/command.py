"""`python -m sandbox emarsys`: the Emarsys of the sandbox alone, for people who write a client of it."""

import argparse
import sys
import threading
from pathlib import Path

from sandbox.emarsys import EmarsysServer, ScenarioError, SeenRequest, load

DEFAULT = Path(__file__).parent / "scenarios" / "default.yaml"


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is interrupted, and returns the exit status."""
    path = arguments.scenario or DEFAULT

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def log(seen: SeenRequest) -> None:
        say(f"{seen.method} {seen.path!r} {seen.status or 'connection broken'}")

    try:
        scenario = load(path)
        server = EmarsysServer(scenario, host=arguments.host, port=arguments.port, on_request=log)
    except ScenarioError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}; choose another --port or --host"
        ) from error
    with server:
        say(f"Emarsys at {server.url}, tokens at {server.url}/oauth2/token, from {Path(path).name}")
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
