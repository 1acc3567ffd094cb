"""What a stack is deployed with: offered to SAM, and held to what CloudFormation does not check."""

import re
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from export_watch.schedule import Policy
from operations.stack import CommandError, Stack, say

LINE = re.compile(r"""[A-Za-z0-9]+=[^\s'"$`\\]*""")
EMPTY = '""'


def parameters(stack: Stack, given: Namespace) -> bool:
    """Print the option that gives `sam deploy` the parameters of a deployed stack, and over them those of a file.

    `sam deploy --guided` would offer the defaults of the template in their place, whatever is deployed. An empty value
    is its default, so it is left out unless the file says it. Raises CommandError where the parameters do not fit
    together, which CloudFormation does not notice, or where the file is not lines of `Name=value`.
    """
    values = {key: value for key, value in stack.parameters.items() if value}
    if given.file:
        values |= _read(given.file)
        _refuse_wrong_waits(values)
    options = [f"{key}={value or EMPTY}" for key, value in sorted(values.items())]
    say(*["--parameter-overrides", *options] if options else "")
    return True


def check_deployment(stack: Stack, _: Namespace) -> bool:
    """Raises CommandError where what was answered to SAM does not fit together."""
    _refuse_wrong_waits(stack.parameters)
    return True


def _read(file: Path) -> dict[str, str]:
    """The lines `Name=value` of a file; empty ones and those that begin with `#` say nothing."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"PARAMETERS={file} cannot be read: {error}") from None
    given = [line for line in lines if line and not line.startswith("#")]
    for line in given:
        if not LINE.fullmatch(line):
            raise CommandError(
                f"PARAMETERS={file} has a line that is not Name=value without quotes or blanks: {line}"
            )
    return dict(line.split("=", 1) for line in given)


def _refuse_wrong_waits(values: Mapping[str, str]) -> None:
    """Both have their defaults where not given."""
    policy = Policy()
    least = float(values.get("MinWaitSeconds", policy.min_wait_seconds))
    most = float(values.get("MaxWaitSeconds", policy.max_wait_seconds))
    if least > most:
        raise CommandError(
            f"MinWaitSeconds ({least:g}) is above MaxWaitSeconds ({most:g}): no watch would begin. Deploy with others"
        )
