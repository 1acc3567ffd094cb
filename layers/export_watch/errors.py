"""All errors of the package.

    ExportWatchError
    ├── InvalidInputError           what came in cannot be processed, however often it comes again
    │   ├── InvalidEventError           an export-created event
    │   ├── InvalidSettingsError        the environment of a function
    │   ├── InvalidStateError           the state of a watch
    │   └── InvalidExecutionError       the event of a failed execution
    ├── NoReplyError                an HTTP call ended without a reply
    │   └── UnreadableReplyError        something came back, but it is no HTTP reply
    ├── CredentialsMissingError     an account has no usable credentials
    ├── TokenTableError             the table of access tokens cannot be read or written
    └── NoTokenError                there is no access token now

Each text says what was wrong, where, and what to do; none quotes a secret.
"""

from export_watch.watch import Obstacle


class ExportWatchError(Exception):
    """The base of them all."""


class InvalidInputError(ExportWatchError, ValueError):
    """What came in is wrong: the text says which part, what it holds and what it must hold."""


class InvalidEventError(InvalidInputError):
    """An export-created event that cannot be accepted."""


class InvalidSettingsError(InvalidInputError):
    """A setting that is missing, or two that do not fit together."""


class InvalidStateError(InvalidInputError):
    """A state that no known version of the code wrote."""


class InvalidExecutionError(InvalidInputError):
    """The event of a failed execution that does not say which watch failed."""


class NoReplyError(ExportWatchError):
    """An HTTP call that ended without a reply."""


class UnreadableReplyError(NoReplyError):
    """Something came back, but it is no HTTP reply."""


class CredentialsMissingError(ExportWatchError):
    """There are no usable credentials; `remedy` is the sentence that helps, `aws_unavailable` as in Obstacle."""

    def __init__(self, text: str, remedy: str = "", *, aws_unavailable: bool = False) -> None:
        super().__init__(text)
        self.remedy, self.aws_unavailable = remedy, aws_unavailable


class TokenTableError(ExportWatchError):
    """The table of access tokens cannot be read or written. `aws_unavailable` as in Obstacle."""

    def __init__(self, text: str, *, aws_unavailable: bool = False) -> None:
        super().__init__(text)
        self.aws_unavailable = aws_unavailable


class NoTokenError(ExportWatchError):
    """There is no access token now; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.detail)
        self.obstacle = obstacle
