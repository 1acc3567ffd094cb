"""The sandbox's command line: `python -m sandbox`."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from pkgutil import resolve_name

from sandbox.arguments import parser

EXIT_INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command that the command line names, and returns its exit status."""
    known = parser()
    try:
        arguments = known.parse_args(words)
        return int(resolve_name(arguments.run)(arguments))
    except ArgumentTypeError as error:
        known.error(str(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
