"""Tables into runs: where one training ends and the next begins, and what is a metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from cbdsl.replaying.cells import floats
from cbdsl.replaying.history import Run, Series, Unreadable, shown
from cbdsl.replaying.tables import Table, check_size, count

__all__ = ["runs"]

_LAST = 1_000_000  # No training has more epochs.
_MOST_RUNS = 10_000  # in one file


def runs(tables: list[Table], path: Path, name: str) -> list[Run]:
    """The runs in the tables of one file, in its order.

    A run ends with its table, or where the epochs go back or stay.

    Raises:
        Unreadable: there is no run in them, or one that is too large.
    """
    tables = [table for table in tables if table.lines]
    counted = [count(table) for table in tables]
    base = _base(tables, counted)
    found: list[Run] = []
    total = 0
    for table, epochs in zip(tables, counted, strict=True):
        metrics, left_out = _metrics(table)
        known = list(range(base, base + len(table.lines))) if epochs is None else epochs
        notes = table.notes
        for start, end in _pieces(known):
            _check_short(table, start, end)
            _check_jump(table, known, start, end)
            numbers = known[start:end]
            total += numbers[-1] - numbers[0] + 1
            check_size(total, len(metrics))
            series = {of: _filled(values[start:end], numbers) for of, values in metrics.items()}
            first = numbers[0] - base + 1
            found.append(Run(name, path, series, first, left_out, (*notes, *_passed_over(numbers))))
            notes = []
            if len(found) > _MOST_RUNS:
                raise Unreadable(f"it holds more than {_MOST_RUNS:,} trainings: split it")
    if not found:
        raise Unreadable("it names metrics but holds no epoch of them: the training ended too soon")
    if len(found) > 1:
        return [replace(run, name=f"{name}#{number}") for number, run in enumerate(found, 1)]
    return found


def _base(tables: list[Table], counted: list[list[int] | None]) -> int:
    """What the file calls the first epoch of a training: 0, as Keras does, or 1."""
    lowest = min((min(epochs) for epochs in counted if epochs), default=0)
    base = tables[0].base if tables else None
    if base is None:
        return 1 if lowest == 1 else 0
    return min(base, lowest)


def _metrics(table: Table) -> tuple[dict[str, Series], dict[str, str]]:
    """The columns of numbers, and why each other column is none."""
    metrics: dict[str, Series] = {}
    left_out = dict(table.left_out)
    for at, (name, column) in enumerate(zip(table.names, table.columns, strict=True), 1):
        values, others = floats(column)
        numbers = sum(value is not None for value in values)
        first = f"{shown(column[others[0]])} in {table.place(others[0])}" if others else ""
        if not name:
            if numbers or others:
                left_out[f"column {at}"] = "it has no name"
        elif name in metrics:
            left_out[f"{name} (again)"] = "another column has this name"
        elif len(others) > numbers:
            left_out[name] = f"it holds no numbers: {first}"
        else:
            metrics[name] = values
            if others:
                times = "once" if len(others) == 1 else f"{len(others)} times, the first"
                table.notes.append(f"{shown(name)} is no number {times}: {first}, taken as missing")
    if not metrics:
        raise _no_metric(left_out)
    return metrics, left_out


def _no_metric(left_out: dict[str, str]) -> Unreadable:
    if not left_out:
        return Unreadable("it holds no metric, only a count of epochs")
    name, reason = next(iter(left_out.items()))
    return Unreadable(f"it holds no metric: of {shown(name)}, {reason}")


def _pieces(epochs: list[int]) -> Iterator[tuple[int, int]]:
    """The ranges of rows in which the epochs go up."""
    start = 0
    for row, (before, epoch) in enumerate(pairwise(epochs), 1):
        if epoch <= before:
            yield start, row
            start = row
    yield start, len(epochs)


def _check_short(table: Table, start: int, end: int) -> None:
    """Refuses a run that goes on under the names of the one before, with fewer cells."""
    if start and table.short.issuperset(table.lines[start:end]):
        raise Unreadable(
            f"from {table.place(start)} on the rows have fewer cells than there are names: "
            "a training with other metrics was appended. Give its rows a header of their own"
        )


def _check_jump(table: Table, epochs: list[int], start: int, end: int) -> None:
    """Refuses numbers that cannot be epochs but are of batches, or dates."""
    first, last = epochs[start], epochs[end - 1]
    if last > _LAST or last - first > 1000 + 100 * (end - start):
        rows = f"{end - start} rows from {table.place(start)} on go from epoch {first} to {last}"
        raise Unreadable(f"the {rows}: these cannot be epochs. Number the rows, one an epoch")


def _filled(values: Series, epochs: list[int]) -> Series:
    """A value an epoch, also for epochs that the file passes over."""
    first, last = epochs[0], epochs[-1]
    if last - first + 1 == len(values):
        return values
    filled: Series = [None] * (last - first + 1)
    for epoch, value in zip(epochs, values, strict=True):
        filled[epoch - first] = value
    return filled


def _passed_over(epochs: list[int]) -> list[str]:
    missing = epochs[-1] - epochs[0] + 1 - len(epochs)
    if not missing:
        return []
    first = next(a for a, b in pairwise(epochs) if b > a + 1) + 1
    if missing == 1:
        return [f"epoch {first} is not in the file: all its values are missing"]
    return [f"{missing} epochs are not in the file, the first {first}: their values are missing"]
