"""The commands of docs/operating.md run as they are written, one after another in one shell, and each is AWS's."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
import pytest
from botocore import xform_name

from tests.contract.documents import DOCUMENTS, OPERATING, blocks, make_targets
from tests.contract.template import RESOURCES, TEMPLATE

BASH = shutil.which("bash")
BLOCKS = blocks(OPERATING.read_text("utf-8"), "sh")

OF_THE_COMMAND_LINE = {"query", "output", "no-paginate"}
OTHERWISE_NAMED = {("sns", "subscribe", "notification-endpoint")}
"""Options that the AWS CLI calls otherwise than the API does."""

TAIL = {"since", "filter-pattern"}
"""`aws logs tail` is no call of the API."""

STUB = """#!{python}
import json, sys
with open({calls!r}, "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
print("arn:aws:states:eu-central-1:123456789012:stateMachine:ExportWatch")
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The words of each call of `aws`, when all blocks run in one shell that stops at the first error."""
    if BASH is None:
        pytest.skip("there is no bash")
    folder = tmp_path_factory.mktemp("runbooks")
    (folder / "aws").write_text(STUB.format(python=sys.executable, calls=str(folder / "calls")), "utf-8")
    (folder / "aws").chmod(0o755)
    done = subprocess.run(
        [BASH],
        input="set -euo pipefail\n" + "\n".join(BLOCKS),
        env={"PATH": f"{folder}:/usr/bin:/bin", "EDITOR": "touch"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in (folder / "calls").read_text("utf-8").splitlines()]


def test_each_command_is_run(calls):
    written = set(re.findall(r"\baws ([a-z-]+ [a-z-]+)", "\n".join(BLOCKS)))
    assert {" ".join(call[:2]) for call in calls} == written


def test_each_call_is_one_of_aws(calls):
    for service, operation, *words in calls:
        given = {word.removeprefix("--") for word in words if word.startswith("--")} - OF_THE_COMMAND_LINE
        given -= {option for *call, option in OTHERWISE_NAMED if call == [service, operation]}
        assert given <= options(service, operation), (service, operation)


def options(service: str, operation: str) -> set[str]:
    if (service, operation) == ("logs", "tail"):
        return TAIL
    model: Any = botocore.session.Session().get_service_model(service)
    [name] = [name for name in model.operation_names if xform_name(name, "-") == operation]
    return {xform_name(member, "-") for member in model.operation_model(name).input_shape.members}


def test_each_query_can_be_read(calls):
    for call in calls:
        if "--query" in call:
            jmespath.compile(call[call.index("--query") + 1])


def test_each_resource_and_output_is_one_of_the_template(calls):
    resources = {
        call[call.index("--logical-resource-id") + 1] for call in calls if "--logical-resource-id" in call
    }
    assert resources
    assert resources <= set(RESOURCES)
    outputs = set(re.findall(r"OutputKey=='(\w+)'", json.dumps(calls)))
    assert outputs
    assert outputs <= set(TEMPLATE["Outputs"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_command_of_make_is_one_of_the_makefile(path: Path):
    assert set(re.findall(r"`make ([a-z-]+)", path.read_text("utf-8"))) <= set(make_targets())
