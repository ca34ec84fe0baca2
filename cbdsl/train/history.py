"""`history.csv`: what Keras reported of each epoch, whole also where the run is killed."""

from __future__ import annotations

import contextlib
import csv
import errno
import os
from pathlib import Path
from typing import Any

import keras

from cbdsl.files import write_whole
from cbdsl.journal import NoJournal, read
from cbdsl.program import Program
from cbdsl.train.rundir import HISTORY, begin, said, table

__all__ = ["HistoryFile"]


class HistoryFile(keras.callbacks.Callback):
    """Writes a row as an epoch ends. To be put last, so that it sees what others add to the logs.

    The columns are `epoch`, counted from 1, and the names in the logs. A name that comes later,
    such as one of a validation every fifth epoch, becomes the last column: the file is then
    written anew. A run that goes on keeps its rows.

    Training goes on where a row cannot be written; that is said once, and the row is written as
    soon as it can be.

    Args:
        folder: where the file is put, if no callback before this one writes one of that name.
        program: rules to begin the folder with as training begins, if it is not begun yet.

    Attributes:
        began: whether training did.
    """

    def __init__(self, folder: Path, program: Program | None = None) -> None:
        super().__init__()
        self.program = program
        self.began = False
        self.path = folder / HISTORY
        self.columns = ["epoch"]
        self.rows: list[dict[str, Any]] = []
        self._before = self.path.exists()
        self._complete = False  # Whether the file holds all rows but the newest.
        self._said = False
        self._theirs = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.began = True
        if self.program is not None:
            begin(self.path.parent, self.program)
        # Keras's CSVLogger, used by a rule, opens its file as training begins.
        self._theirs = self.path.exists() and not self._before

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch and not self.rows:
            # A run that goes on: its earlier epochs stay, and those that are trained again go.
            with contextlib.suppress(OSError, ValueError, csv.Error):
                self._take_up(epoch)
            with contextlib.suppress(OSError, NoJournal):
                self._fill_in(epoch)

    def _take_up(self, epochs: int) -> None:
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            kept = [row for row in rows if int(row["epoch"]) <= epochs]
            self.rows, self.columns = list(kept), list(rows.fieldnames or self.columns)

    def _fill_in(self, epochs: int) -> None:
        """An epoch whose row was not written when the run was killed is in the journal."""
        known = {int(row["epoch"]) for row in self.rows}
        for line in read(self.path.parent).epochs:
            if line.epoch <= epochs and line.epoch not in known:
                self.rows.append({**line.logs, "epoch": line.epoch})
                self.columns += [name for name in line.logs if name not in self.columns]
        self.rows.sort(key=lambda row: int(row["epoch"]))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._theirs:
            return
        row = {name: _number(value) for name, value in (logs or {}).items()} | {"epoch": epoch + 1}
        new = [name for name in row if name not in self.columns]
        self.columns += new
        self.rows.append(row)
        try:
            if self._complete and not new:
                self._append(self._lines(self.rows[-1:]).encode())
            else:
                text = table([self.columns]) + self._lines(self.rows)
                write_whole(self.path, text.encode())
        except OSError as error:
            if not self._said:
                said(self.path, error)
            self._complete, self._said = False, True
        else:
            self._complete, self._said = True, False

    def _lines(self, rows: list[dict[str, Any]]) -> str:
        return table([[row.get(name, "") for name in self.columns] for row in rows])

    def _append(self, line: bytes) -> None:
        """All of the line or nothing of it."""
        with self.path.open("ab", buffering=0) as file:
            end = file.tell()
            if file.write(line) != len(line):
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
