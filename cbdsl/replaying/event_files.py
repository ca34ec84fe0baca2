"""Logs of keras.callbacks.TensorBoard: folders of event files, and what is a metric in them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cbdsl.replaying.event_records import Scalar, scalars
from cbdsl.replaying.history import Unreadable
from cbdsl.replaying.tables import Table, check_size

__all__ = ["LOG_FOLDERS", "logs_of", "read_logs"]

_VALIDATION = "validation"
LOG_FOLDERS = ("train", _VALIDATION)
"""What Keras makes in a folder of logs, for the metrics of training and of validation."""

_EPOCH = "epoch_"  # before the names of what Keras logs as an epoch ends
_BATCH = ("batch_", "evaluation_")  # and of what it logs by batch


def logs_of(folder: Path) -> list[Path]:
    """The event files of a folder of logs, those of its training and validation too."""
    found: list[Path] = []
    for part in (folder, *(folder / name for name in LOG_FOLDERS)):
        with contextlib.suppress(OSError):  # Mostly it is not there.
            found += sorted(part / name for name in os.listdir(part) if "tfevents" in name)
    return found


def read_logs(paths: list[Path]) -> list[Table]:
    """One table, a row an epoch: of files that were written in one place, maybe by several runs.

    Raises:
        Unreadable: they hold no metrics, or one of them is too large.
        OSError: one cannot be read.
    """
    logged: list[tuple[str, Scalar]] = []
    others: set[str] = set()
    for path in paths:
        prefix = "val_" if path.absolute().parent.name == _VALIDATION else ""
        with path.open("rb") as file:
            for scalar in scalars(file):
                if scalar.tag.startswith(_BATCH):
                    others.add(scalar.tag)
                else:
                    logged.append((prefix, scalar))
    by_keras = any(scalar.tag.startswith(_EPOCH) for _, scalar in logged)
    if by_keras:
        others |= {scalar.tag for _, scalar in logged if not scalar.tag.startswith(_EPOCH)}
        logged = [each for each in logged if each[1].tag.startswith(_EPOCH)]
    if not logged:
        raise Unreadable(
            "its logs hold no metric of an epoch: does keras.callbacks.TensorBoard write there?"
        )
    table = _table(logged, "epoch" if by_keras else "step")
    table.left_out = dict.fromkeys(sorted(others), "it is not logged by epoch")
    return [table]


def _table(logged: list[tuple[str, Scalar]], counter: str) -> Table:
    """A row a step; a new one also where a metric comes again or steps go back: a restart."""
    # Training and validation are files of their own: the clock tells which run a value is of.
    logged.sort(key=lambda each: each[1].time)
    steps: list[int] = []
    rows: list[dict[str, float]] = []
    for prefix, scalar in logged:
        name = prefix + scalar.tag.removeprefix(_EPOCH).strip()
        if not rows or scalar.step != steps[-1] or name in rows[-1]:
            steps.append(scalar.step)
            rows.append({})
        rows[-1][name] = scalar.value
    names = list(dict.fromkeys(name for row in rows for name in row))
    check_size(len(rows), len(names))
    columns: list[list[object]] = [[float(step) for step in steps]]
    columns += [[row.get(name) for row in rows] for name in names]
    return Table([counter, *names], columns, steps, "step", base=0)
