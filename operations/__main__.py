"""The command line: `python -m operations watch|check-credentials|parameters|delete`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Never

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
)
from rich.console import Console
from rich.prompt import Confirm

from operations.check_credentials import check_credentials
from operations.delete import delete
from operations.stack import CommandError, Stack, overrides
from operations.watch import watch

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0 where all went well, else 1."""
    given = _parser().parse_args(arguments)
    if region := os.environ.get("AWS_REGION"):  # boto3 does not read it; the AWS CLI does, and lets it win
        os.environ["AWS_DEFAULT_REGION"] = region
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is signal.SIG_DFL:
            signal.signal(ending, _interrupt)
    console = Console(highlight=False, soft_wrap=True, markup=False, stderr=False)
    try:
        return 0 if _run(given, console) else 1
    except CommandError as error:
        problem = str(error)
    except NoCredentialsError:
        problem = "there are no AWS credentials: log in, or set AWS_PROFILE"
    except NoRegionError:
        problem = "there is no AWS region: set AWS_REGION to that of the stack"
    except (BotoCoreError, ClientError) as error:
        problem = f"AWS refuses: {error}"
    except KeyboardInterrupt:
        console.print("interrupted: what was begun goes on")
        return EXIT_INTERRUPTED
    print(problem, file=sys.stderr)
    return 1


def _interrupt(*_: object) -> Never:
    """A terminal that is closed ends a command as Ctrl-C does, so that it leaves nothing half done."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations", description="Operate a deployed stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    follow = commands.add_parser("watch", help="announce an export and follow its watch to the end")
    follow.add_argument("--export-id", required=True)
    follow.add_argument("--attempt", type=int, default=1)
    check = commands.add_parser("check-credentials", help="make one status call with an account's secret")
    show = commands.add_parser("parameters", help="print a stack's parameters as an option of `sam deploy`")
    remove = commands.add_parser("delete", help="stop the running watches and delete the stack")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    for command in (follow, check):
        command.add_argument("--account", default="default")
    for command in (follow, check, show, remove):
        command.add_argument("--stack", default="emarsys-export-watch")
    return parser


def _run(given: argparse.Namespace, console: Console) -> bool:
    if given.command == "parameters":
        console.print(overrides(given.stack))
        return True
    stack = Stack.read(given.stack)
    match given.command:
        case "watch":
            detail = {"export_id": given.export_id, "account": given.account, "attempt": given.attempt}
            return watch(stack, detail, console.print)
        case "check-credentials":
            well, sentence = check_credentials(stack, given.account)
            console.print(sentence)
            return well
        case _:
            return delete(stack, console.print, lambda question: given.yes or Confirm.ask(question))


if __name__ == "__main__":
    sys.exit(main())
