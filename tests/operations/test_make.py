"""What `make` runs around a deployment, in which order, and with which of the user's settings of pip."""

import hashlib
import os
import re
import subprocess
import zipfile

import pytest

from tests.contract.schemas import ROOT


@pytest.mark.parametrize(
    ("target", "environment", "sam_deploy"),
    [
        ("deploy", {}, "/sam deploy --stack-name 'emarsys-export-watch'  --guided $parameters"),
        # SAM does not read this variable.
        ("deploy", {"AWS_REGION": "eu-west-1"}, "--region 'eu-west-1' --guided $parameters"),
        ("deploy-unattended", {}, "--no-confirm-changeset --no-fail-on-empty-changeset $parameters"),
    ],
)
def test_a_deployment_is_checked_before_it_is_built_and_after(monkeypatch, target, environment, sam_deploy):
    monkeypatch.delenv("AWS_REGION", raising=False)
    done = subprocess.run(
        ["make", "-n", target, "PARAMETERS=file"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = ("operations parameters", "/sam build", sam_deploy, "operations check-deployment")
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("target", "example"), [("watch", "EXPORT_ID=123"), ("deploy-unattended", "PARAMETERS=FILE")]
)
def test_what_a_command_needs_is_asked_for_first(target, example):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    installed = ("-o", ".venv/.installed")
    done = subprocess.run(
        ["make", *installed, target], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert f": make {target} {example}\n" in done.stderr
    assert "AWS" not in done.stderr


def test_a_users_settings_of_pip_do_not_change_what_is_built_but_where_it_comes_from(tmp_path):
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    about = {"METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n", "RECORD": ""}
    about["WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        for name, text in about.items():
            archive.writestr(f"tiny-1.0.dist-info/{name}", text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements.txt").write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    settings = {
        **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PYTHONUSERBASE"), "/nowhere"),
        **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN", "PIP_NO_INDEX"), "1"),
        "PIP_NO_BINARY": ":all:",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    layer = ROOT / "layers" / "dependencies" / "Makefile"
    subprocess.run(
        ["make", "-f", str(layer), "build-DependenciesLayer", f"ARTIFACTS_DIR={tmp_path / 'built'}"],
        cwd=tmp_path,
        env=os.environ | settings,
        check=True,
    )
    assert (tmp_path / "built" / "python" / "tiny.py").is_file()
    # What is installed on this machine is, too: by the same settings.
    [here, built] = [
        re.findall(r"(?m)^CLEAN := (?:.*\\\n)*.*$", path.read_text("utf-8"))
        for path in (ROOT / "Makefile", layer)
    ]
    assert here == built
