"""An Emarsys to talk to: an HTTP server that answers, refuses and fails as the real one does.

    with EmarsysServer(load("scenario.yaml")) as server:
        server.url, server.requests

`scenario` says what there is (credentials, exports and their lives, faults), `server` serves it, and in between
`authentication`, `life` and `reply` each answer one question: who asks, what is there now, what goes wrong.
"""

from sandbox.emarsys.scenario import Scenario, ScenarioError, load, parse
from sandbox.emarsys.server import EmarsysServer, SeenRequest

__all__ = ["EmarsysServer", "Scenario", "ScenarioError", "SeenRequest", "load", "parse"]
