"""`history.csv`: what Keras reported of each epoch, whole also where the run is killed."""

from __future__ import annotations

import contextlib
import csv
import errno
import os
from pathlib import Path
from typing import Any

import keras

from cbdsl.attach import Refused, Rules
from cbdsl.files import must_be_own, write_whole
from cbdsl.journal import NoJournal, read
from cbdsl.train import begun
from cbdsl.train.rundir import HISTORY, begin, said, shown, table

__all__ = ["HistoryFile"]


class HistoryFile(keras.callbacks.Callback):
    """Writes a row as an epoch ends. To be put last, so that it sees what others add to the logs.

    As it comes behind the rules, a training that they refuse leaves the folder as it was. It begins
    the folder once they have begun, and raises `Refused` where another process trains in it.

    The columns are `epoch`, counted from 1, and the names in the logs. A name that comes later,
    such as one of a validation every fifth epoch, becomes the last column: the file is then
    written anew. A run that goes on keeps its rows, and has all of them as it begins.

    Training goes on where a row cannot be written; that is said once, and the row is written as
    soon as it can be.

    Args:
        folder: where the file is put, if no callback that the rules use writes one of that name.
        host: the rules.
        options: what the run is begun with, to be written down where it does not go on.

    Attributes:
        began: whether training did.
    """

    def __init__(self, folder: Path, host: Rules, options: begun.Begun | None = None) -> None:
        super().__init__()
        self.host = host
        self.options = options
        self.began = False
        self.path = folder / HISTORY
        self.columns = ["epoch"]
        self.rows: list[dict[str, Any]] = []
        self._complete = False  # Whether the file holds all rows but the newest.
        self._said = False
        self._theirs = any(
            isinstance(one, keras.callbacks.CSVLogger)
            and Path(one.filename) == self.path.absolute()
            for one in host.members.callbacks
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        journal = self.host.journal
        if journal is not None and journal.file.is_anothers:
            folder = shown(self.path.parent)
            raise Refused(f"another process trains in {folder}: choose another --run-dir")
        self.began = True
        # A function that rules call may change the working directory.
        self.path = self.path.absolute()
        begin(self.path.parent, self.host.program)
        if self.host.trained:
            self._go_on(self.host.trained)
        elif self.options is not None:
            begun.write(self.path.parent, self.options)

    def _go_on(self, epochs: int) -> None:
        """The rows of epochs that are done stay, and those that are trained again go."""
        with contextlib.suppress(OSError, ValueError, csv.Error):
            self._take_up(epochs)
        with contextlib.suppress(OSError, NoJournal):
            self._fill_in(epochs)
        if self.rows:
            self._write(anew=True)

    def _take_up(self, epochs: int) -> None:
        must_be_own(self.path)
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
        row = {name: _number(value) for name, value in (logs or {}).items()} | {"epoch": epoch + 1}
        new = [name for name in row if name not in self.columns]
        self.columns += new
        self.rows.append(row)
        self._write(anew=bool(new))

    def _write(self, *, anew: bool) -> None:
        """Bring the file up to date; by the newest row alone, if it need not be written anew."""
        if self._theirs:
            return
        try:
            if self._complete and not anew:
                self._append(self._lines(self.rows[-1:]).encode())
            else:
                text = table([self.columns]) + self._lines(self.rows)
                write_whole(self.path, text.encode(), follow=False)
        except OSError as error:
            self.host.fault(HISTORY, error)
            if not self._said:
                said(self.path, error)
            self._complete, self._said = False, True
        else:
            self._complete, self._said = True, False

    def _lines(self, rows: list[dict[str, Any]]) -> str:
        return table([[row.get(name, "") for name in self.columns] for row in rows])

    def _append(self, line: bytes) -> None:
        """All of the line or nothing of it."""
        must_be_own(self.path)
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
