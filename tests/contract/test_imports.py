"""Imports point one way: functions -> the edges -> the core -> `watch`."""

import ast
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import export_watch
from tests.contract.schemas import ROOT

PACKAGE = ROOT / "layers" / "export_watch"
CORE = {"watch", "schedule", "reason", "location", "decision", "notification"}
MODULES = sorted(PACKAGE.rglob("*.py"))
SHIPPED = [*MODULES, *sorted((ROOT / "functions").rglob("*.py"))]

WORLD = {
    *(
        "time",
        "os",
        "io",
        "pathlib",
        "random",
        "secrets",
        "uuid",
        "socket",
        "http",
        "urllib.request",
        "logging",
    ),
    *("subprocess", "threading", "asyncio", "boto3", "botocore", "urllib3", "aws_lambda_powertools"),
}
"""Clock, environment, chance and network: what the core must not see."""


def imported(path: Path) -> Iterator[str]:
    """The full names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f"{module}.{name.name}" for name in names)
            case ast.ImportFrom():
                raise AssertionError(f"{path} has a relative import")


def siblings(path: Path) -> set[str]:
    """The modules of the package that a module imports, the first part of their names."""
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "export_watch" and len(parts) > 1}


def test_the_package_names_each_of_its_modules():
    named = set(re.findall(r"`(\w+)`", export_watch.__doc__ or ""))
    assert named == {module.name for module in pkgutil.iter_modules([str(PACKAGE)])}


def test_the_core_is_all_there():
    assert {path.stem for path in PACKAGE.glob("*.py")} >= CORE


@pytest.mark.parametrize("name", sorted(CORE))
def test_a_module_of_the_core_imports_nothing_of_the_edges(name):
    assert siblings(PACKAGE / f"{name}.py") <= CORE


@pytest.mark.parametrize("name", sorted(CORE))
def test_a_module_of_the_core_sees_no_clock_no_environment_and_no_network(name):
    names = set(imported(PACKAGE / f"{name}.py"))
    assert not [seen for seen in names for world in WORLD if seen == world or seen.startswith(f"{world}.")]
    calls = ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text("utf-8")))
    assert not {"now", "utcnow", "today"} & {call.attr for call in calls if isinstance(call, ast.Attribute)}


def test_watch_imports_nothing_of_the_package():
    assert siblings(PACKAGE / "watch.py") == set()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_deployed_knows_nothing_of_sandbox_tests_and_benchmarks(path):
    roots = {name.partition(".")[0] for name in imported(path)}
    assert not roots & {"sandbox", "tests", "benchmarks", "docs", "functions", "app", "moto", "pytest"}


def test_one_module_talks_http():
    tongues = ("http", "urllib.request", "urllib3", "requests", "socket", "ssl")
    speakers = [
        path
        for path in SHIPPED
        if any(
            name == tongue or name.startswith(f"{tongue}.") for name in imported(path) for tongue in tongues
        )
    ]
    assert speakers == [PACKAGE / "http.py"]


def test_the_function_that_looks_needs_no_botocore():
    """It would be half of a cold start. Powertools imports the bare package, which is next to nothing."""
    code = "import sys, app; sys.exit(any(name in sys.modules for name in ('boto3', 'botocore.session')))"
    folders = [ROOT / "layers", ROOT / "functions" / "check_export"]
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "POWERTOOLS_METRICS_NAMESPACE": "EmarsysExportWatch",
        "AWS_REGION": "eu-central-1",
        "STACK_NAME": "stack",
        "EMARSYS_HOST": "https://api.emarsys.net",
        "EMARSYS_TOKEN_URL": "https://auth.emarsys.net/oauth2/token",
        "CREDENTIALS_PREFIX": "emarsys",
        "TOKEN_TABLE": "tokens",
        "URL_SUFFIX": "amazonaws.com",
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
