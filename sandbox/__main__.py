"""The sandbox's command line: `python -m sandbox`."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence

from sandbox import watch
from sandbox.arguments import Parser
from sandbox.demo import command as demo
from sandbox.emarsys import command as emarsys

EXIT_INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command that the command line names, and returns its exit status."""
    parser = Parser(
        prog="python -m sandbox",
        description="Emarsys Export Watch on this machine: the whole deployment, without AWS, and an Emarsys.",
        epilog="How to use them together: docs/how-to/run-locally.md",
    )
    subparsers = parser.add_subparsers(required=True, metavar="demo|watch|emarsys")
    for command in (demo, watch, emarsys):
        command.register(subparsers)
    try:
        arguments = parser.parse_args(words)
        return int(arguments.run(arguments))
    except ArgumentTypeError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
