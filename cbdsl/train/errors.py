"""What a training command could not do, in a sentence for its user."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import TracebackType

__all__ = ["EXTRA", "NotBegun", "TrainError", "short", "user_trace"]

EXTRA = 'pip install "cbdsl[train]"'
"""What installs the packages that this room needs beyond the base install."""

_PACKAGE = Path(__file__).resolve().parent.parent


class TrainError(Exception):
    """The command could not do its work.

    The message is a sentence for the user: what failed, why, and what to do.
    The command line shows it without a traceback and ends with status 2.

    Attributes:
        trace: the traceback of an error in the user's own code, to be shown above the message;
            else an empty string.
    """

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class NotBegun(TrainError):
    """The rules cannot do in this training what they say, so it was not begun."""


def short(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def user_trace(error: BaseException) -> str:
    """The traceback of an error, from the first line that is not cbdsl's or Python's importing."""
    at: TracebackType | None = error.__traceback__
    while at is not None and _is_ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return "".join(traceback.format_exception(type(error), error, at))


def _is_ours(file: str) -> bool:
    return file.startswith((str(_PACKAGE), "<frozen importlib")) or file == importlib.__file__
