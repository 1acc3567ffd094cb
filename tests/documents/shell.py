"""A shell for the commands of the documents: one bash for each, in a folder that looks like the project's."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.contract.schemas import ROOT

END = "-- end of the block --"
GIVE_UP_SECONDS = 120
"""A command that never ends is a failure, too."""


def workshop(folder: Path) -> Path:
    """A folder of links to what the project holds, so that what the commands write lands nowhere else.

    Its `.venv` has stamps of its own: there is nothing to install for `make`, which would clear this very environment.
    """
    for entry in ROOT.iterdir():
        if not entry.name.startswith((".git", ".venv")):
            (folder / entry.name).symlink_to(entry)
    environment = folder / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if not entry.name.startswith("."):
            (environment / entry.name).symlink_to(entry)
    for stamp in (".dependencies", ".installed"):
        (environment / stamp).touch()
    return folder


class Shell:
    """Runs blocks one after the other. What one defines, later ones have; the first command that fails ends it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], preparation: str) -> None:
        # Not an interactive one, which would go on after a failure.
        self._bash = subprocess.Popen(
            ["bash", "-s"],
            cwd=folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": ""},  # or each `aws` compiles itself anew
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._give_up = threading.Timer(GIVE_UP_SECONDS, os.killpg, (self._bash.pid, signal.SIGKILL))
        self._give_up.start()
        self.run(f"set -euo pipefail\n{preparation}")

    def close(self) -> None:
        self._bash.communicate()
        self._give_up.cancel()

    def run(self, block: str) -> str:
        """What the block prints. Raises AssertionError where a command of it fails."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{{\n{block}\n}} < /dev/null\nprintf '%s\\n' '{END}'\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if line.rstrip("\n") == END:
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"a command fails of:\n{block}\n{''.join(printed)}")
