"""The command line: `python -m operations --help` lists the commands."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)
from rich.console import Console
from rich.prompt import Confirm

from operations.check_credentials import check_credentials
from operations.dead_letters import dead_letters, redrive
from operations.delete import delete
from operations.logs import logs
from operations.stack import CommandError, Stack, overrides, refuse_wrong_waits
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
    except (ConnectionError, HTTPClientError) as error:
        problem = f"cannot reach AWS: {error}"
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

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--stack", default="emarsys-export-watch")
        return command

    follow = add("watch", "send the export-created event of an export and follow its watch to the end")
    follow.add_argument("--export-id", required=True)
    follow.add_argument("--attempt", type=int, default=1)
    follow.add_argument("--expected-seconds", type=int, help="about how long such exports take")
    check = add("check-credentials", "make one status call with an account's secret")
    for command in (follow, check):
        command.add_argument("--account", default="default")
    show = add("logs", "show the functions' warnings and errors, or all lines about one watch")
    show.add_argument("--hours", type=float, default=1)
    show.add_argument("--execution", help="the name of a watch's execution, for example default_123")
    listing = add("dead-letters", "list the messages of the dead-letter queue, and what to do with each")
    listing.add_argument("--delete", metavar="MESSAGE_ID", help="delete this one")
    add("redrive", "send the messages of the dead-letter queue back that may succeed now")
    offer = add("parameters", "print a stack's parameters, and those of a file, as an option of `sam deploy`")
    offer.add_argument("--file", type=Path, help="lines of Name=value")
    add("check-deployment", "check that the parameters of a deployed stack fit together")
    remove = add("delete", "stop the running watches and delete the stack")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _run(given: argparse.Namespace, console: Console) -> bool:
    if given.command == "parameters":
        console.print(overrides(given.stack, given.file))
        return True
    if given.command == "watch" and not given.export_id:
        raise CommandError("say which export to watch: make watch EXPORT_ID=123")
    stack = Stack.read(given.stack)
    match given.command:
        case "watch":
            keys = ("export_id", "account", "attempt", "expected_seconds")
            detail = {key: getattr(given, key) for key in keys if getattr(given, key) is not None}
            return watch(stack, detail, console.print)
        case "check-credentials":
            well, sentence = check_credentials(stack, given.account)
            console.print(sentence)
            return well
        case "logs":
            return logs(stack, console.print, given.hours, given.execution)
        case "dead-letters":
            return dead_letters(stack, console.print, given.delete)
        case "redrive":
            return redrive(stack, console.print)
        case "check-deployment":
            refuse_wrong_waits(stack.parameters)
            return True
        case _:
            return delete(stack, console.print, lambda question: given.yes or Confirm.ask(question))


if __name__ == "__main__":
    sys.exit(main())
