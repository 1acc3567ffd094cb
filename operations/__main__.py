"""The command line: `python -m operations --help` lists the commands."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from export_watch.errors import ExportWatchError
from operations.check_credentials import check_credentials
from operations.dead_letters import dead_letters, redrive
from operations.delete import delete
from operations.failures import failures
from operations.logs import logs
from operations.parameters import check_deployment, parameters
from operations.stack import DEFAULT_NAME, Stack, resource, say
from operations.watch import watch

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0 where all went well, else 1."""
    if region := os.environ.get("AWS_REGION"):  # boto3 does not read it; the AWS CLI does, and lets it win
        os.environ["AWS_DEFAULT_REGION"] = region
    for ending in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C does, so that nothing is left half done
        if signal.getsignal(ending) is signal.SIG_DFL:
            signal.signal(ending, signal.default_int_handler)
    try:
        given = _parser().parse_args(arguments)
        stack = Stack(given.stack)
        if given.run is not parameters:  # which are asked for before the first deployment, too
            stack.refuse_others()
        return 0 if given.run(stack, given) else 1
    except ExportWatchError as error:
        problem = str(error)
    except NoCredentialsError:
        problem = "there are no AWS credentials: log in, or set AWS_PROFILE"
    except NoRegionError:
        problem = (
            "there is no AWS region: set AWS_REGION to that of the stack, or to where it is to be deployed"
        )
    except (ConnectionError, HTTPClientError) as error:
        problem = f"cannot reach AWS: {error}"
    except (BotoCoreError, ClientError) as error:
        problem = f"AWS refuses: {error}"
    except KeyboardInterrupt:
        say("interrupted: what was begun goes on")
        return EXIT_INTERRUPTED
    print(problem, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations", description="Operate a deployed stack.")
    commands = parser.add_subparsers(required=True)

    def add(run: Callable[..., bool], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(run.__name__.replace("_", "-"), help=text, description=text)
        command.add_argument("--stack", default=DEFAULT_NAME)
        command.set_defaults(run=run)
        return command

    follow = add(watch, "send the export-created event of an export and follow its watch to the end")
    follow.add_argument("--export-id", required=True)
    follow.add_argument("--attempt", type=int, default=1)
    follow.add_argument("--expected-seconds", type=int, help="about how long such exports take")
    check = add(check_credentials, "make one status call with an account's secret")
    for command in (follow, check):
        command.add_argument("--account", default="default")
    add(resource, "print the physical id of a resource of the stack").add_argument(
        "name", help="its name in template.yaml, for example NotificationTopic"
    )
    why = add(failures, "show why the last steps of a few watches failed")
    why.add_argument("--status", default="RUNNING", choices=("RUNNING", "FAILED", "TIMED_OUT", "ABORTED"))
    show = add(logs, "show the functions' warnings and errors, or all lines about one watch")
    show.add_argument("--hours", type=float, default=1)
    show.add_argument("--execution", help="the name of a watch's execution, for example default_123")
    listing = add(dead_letters, "list the messages of the dead-letter queue, and what to do with each")
    listing.add_argument("--delete", metavar="MESSAGE_ID", help="delete this one")
    add(redrive, "send the messages of the dead-letter queue back that may succeed now")
    offer = add(parameters, "print a stack's parameters, and those of a file, as an option of `sam deploy`")
    offer.add_argument("--file", type=Path, help="lines of Name=value")
    add(check_deployment, "check that the parameters of a deployed stack fit together")
    add(delete, "stop the running watches and delete the stack").add_argument(
        "--yes", action="store_true", help="do not ask"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
