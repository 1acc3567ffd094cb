"""An Emarsys to talk to: an HTTP server that answers, refuses and fails as the real one does.

    with EmarsysServer(load("scenario.yaml")) as server:
        server.url, server.requests

`scenario` says what there is (credentials, exports and their lives, faults), `server` serves it, and in between
`authentication`, `life` and `fault` each answer one question: who asks, what is there now, what goes wrong.
"""

from sandbox.emarsys.scenario import ExportPlan, Phase, Scenario, ScenarioError, load, parse
from sandbox.emarsys.server import EmarsysServer, SeenRequest

__all__ = [
    "EmarsysServer",
    "ExportPlan",
    "Phase",
    "Scenario",
    "ScenarioError",
    "SeenRequest",
    "load",
    "parse",
]
