"""The value of this room: one training as numbers, or the reason why a file gives none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Run", "Series", "Unreadable", "shown"]

Series = list[float | None]
"""A value an epoch, None where it is missing. A nan is a value: the metric was nan."""


@dataclass(frozen=True)
class Run:
    """What one training reported, epoch by epoch.

    Attributes:
        name: the file or folder as it was named to the reader; where it holds several runs, with
            `#1`, `#2` … behind.
        path: the file or folder.
        series: a value an epoch for each metric, under the file's own names. All are of one
            length, and there is at least one epoch.
        first_epoch: the number of the first epoch, counted from 1. More than 1 where the file
            begins in the midst of a training.
        left_out: columns that are no metric, each with the reason.
        notes: what was doubtful in the file and how it was taken, a sentence each.
    """

    name: str
    path: Path
    series: dict[str, Series]
    first_epoch: int = 1
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def epochs(self) -> int:
        """How many epochs it has, those included of which the file says nothing."""
        return len(next(iter(self.series.values())))


class Unreadable(ValueError):
    """A file that gives no run.

    Attributes:
        reason: a sentence for the user: what is wrong, where, and what would do. It does not name
            the file.
        path: the file or folder, once it is known.
    """

    def __init__(self, reason: str, path: Path | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


def shown(text: object) -> str:
    """A piece of a file as a message may show it: short, in one line, and harmless."""
    plain = "".join(c if c.isprintable() else "�" for c in str(text)[:41])
    return f"`{plain[:40]}…`" if len(plain) > 40 else f"`{plain}`"
