"""What the readers give: a table, of which one column may count the epochs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cbdsl.replaying.history import Unreadable, shown

__all__ = ["Table", "check_size", "count", "is_epoch", "names_metrics", "so_many"]

_MOST_VALUES = 20_000_000


@dataclass
class Table:
    """Columns under names, all of one length, as a reader found them.

    Attributes:
        names: the names of the columns, stripped.
        columns: their cells: text, or what JSON gives.
        lines: where each row stands in the file.
        unit: what `lines` counts.
        base: what the first epoch of a training is called there, None where the kind of file
            does not say it.
        short: the lines of rows that have fewer cells than there are names.
        notes: what was doubtful, a sentence each.
        left_out: what the reader itself left out, each with the reason.
    """

    names: list[str]
    columns: list[list[object]]
    lines: Sequence[int]
    unit: str = "line"
    base: int | None = None
    short: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """Where a row stands, in words."""
        return f"{self.unit} {self.lines[row]}"

    def keep(self, rows: list[int]) -> None:
        """Drops all other rows."""
        self.columns = [[column[row] for row in rows] for column in self.columns]
        self.lines = [self.lines[row] for row in rows]


_EPOCH = re.compile(r"epochs?(no|nr|num|number|index|id)?")
_STEP = frozenset(["step", "steps", "globalstep", "iteration", "iterations", "iter", "batch"])
_INDEX = frozenset(["", "unnamed", "index"])
_COUNTED = re.compile(r"(?:epoch)?\s*[#:]?\s*(\d{1,18})\s*(?:/\s*\d+)?", re.IGNORECASE)


def check_size(epochs: int, metrics: int) -> None:
    """Raises Unreadable where a file holds more values than memory should."""
    if epochs * metrics > _MOST_VALUES:
        raise Unreadable(
            f"it would be {epochs:,} epochs of {metrics:,} metrics, more than "
            f"{_MOST_VALUES:,} values: keep one row an epoch, and fewer columns"
        )


def is_epoch(name: str) -> bool:
    """Whether a column of this name counts epochs: `epoch`, `Epoch#`, `epochs` …"""
    return _EPOCH.fullmatch(_letters(name)) is not None


def names_metrics(names: Iterable[str]) -> bool:
    """Whether some of the names are those of a history, so that it surely is one."""
    return any(is_epoch(name) or "loss" in name.lower() for name in names)


def count(table: Table) -> list[int] | None:
    """The epoch of each row as the file counts it, None where no column says it.

    Takes the columns that count out of the table, and rows that are of no epoch or there twice.

    Raises:
        Unreadable: the rows are steps or parts of epochs, or no row is of an epoch.
    """
    index = _index(table)
    at = next((i for i, name in enumerate(table.names) if is_epoch(name)), index)
    steps = [i for i, name in enumerate(table.names) if _letters(name) in _STEP]
    by_step = at is None and bool(steps)
    if by_step:
        at = steps[0]
    if at is None:
        return None
    name = table.names[at] or "the first column"
    epochs = _whole(table, at, name)
    for taken in sorted({at, at if index is None else index}, reverse=True):
        del table.names[taken], table.columns[taken]
    epochs = _without_copies(table, epochs)
    if by_step and sum(b - a == 1 for a, b in pairwise(epochs)) * 2 < len(epochs) - 1:
        raise Unreadable(
            f"its rows are steps, not epochs: {shown(name)} goes from {epochs[0]} to {epochs[1]}. "
            "Keep one row an epoch and count them in a column `epoch`"
        )
    _check_rows(table, epochs)
    return epochs


def so_many(count: int) -> str:
    """So many rows, as the subject of a sentence."""
    return "1 row is" if count == 1 else f"{count} rows are"


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _index(table: Table) -> int | None:
    """The first column if it is pandas's index: unnamed, and whole numbers only."""
    if table.names and _letters(table.names[0]) in _INDEX:
        cells = table.columns[0]
        if all(isinstance(_epoch(cell), int) for cell in cells):
            return 0
    return None


def _epoch(cell: object) -> int | float | None:
    """The epoch that a cell names: a part of one as a float, None if it names none."""
    if isinstance(cell, str) and (counted := _COUNTED.fullmatch(cell.strip())):
        return int(counted[1])
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not 0 <= value < 1e18:  # Nor is nan.
        return None
    return int(value) if value.is_integer() else value


def _whole(table: Table, at: int, name: str) -> list[int]:
    """The epochs of the rows that are of one; the others are dropped, and that is noted."""
    epochs: list[int] = []
    kept: list[int] = []
    others: list[int] = []
    for row, cell in enumerate(table.columns[at]):
        epoch = _epoch(cell)
        if isinstance(epoch, int):
            epochs.append(epoch)
            kept.append(row)
        elif isinstance(epoch, float):
            raise Unreadable(
                f"{shown(name)} is {epoch:g} in {table.place(row)}: that is a part of an epoch. "
                "Keep one row an epoch, its last"
            )
        else:
            others.append(row)
    if not kept:
        raise Unreadable(
            f"{shown(name)} counts no epochs: it is {shown(table.columns[at][0])} in "
            f"{table.place(0)}. Number the rows there, or give that column another name"
        )
    if others:
        cell = shown(table.columns[at][others[0]])
        table.notes.append(
            f"{so_many(len(others))} left out, as no epoch is named there: "
            f"{table.place(others[0])} says {cell}"
        )
        table.keep(kept)
    return epochs


def _without_copies(table: Table, epochs: list[int]) -> list[int]:
    """Drops rows that say the same as the row before, of the same epoch."""
    copies = {
        row
        for row in range(1, len(epochs))
        if epochs[row] == epochs[row - 1]
        and all(column[row] == column[row - 1] for column in table.columns)
    }
    if copies:
        first = table.place(min(copies))
        table.notes.append(f"{so_many(len(copies))} there twice, the first in {first}: read once")
        kept = [row for row in range(len(epochs)) if row not in copies]
        table.keep(kept)
        epochs = [epochs[row] for row in kept]
    return epochs


def _check_rows(table: Table, epochs: list[int]) -> None:
    """One row an epoch. A single epoch that is there again is a restart, and no matter here."""
    again = [row for row in range(1, len(epochs)) if epochs[row] == epochs[row - 1]]
    if len(again) * 2 >= len(epochs) and len({epochs[row] for row in again}) > 1:
        raise Unreadable(
            f"it has several rows an epoch: {table.place(again[0])} is of epoch "
            f"{epochs[again[0]]} as the row before. Keep the last row of each epoch"
        )
