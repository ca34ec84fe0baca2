"""What a training command could not do, in a sentence for its user."""

from __future__ import annotations

__all__ = ["EXTRA", "TrainError"]

EXTRA = 'pip install "cbdsl[train]"'
"""What installs the packages that this room needs beyond the base install."""


class TrainError(Exception):
    """The command could not do its work.

    The message is a sentence for the user: what failed, why, and what to do.
    The command line shows it without a traceback and ends with status 2.
    """
