"""A file that grows by whole lines, and goes on where a crash or a full disk tore it."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import BinaryIO

from cbdsl.files import must_be_own
from cbdsl.saving.lock import InUse, hold_to_write, let_go

MAX_WAITING = 4 * 1024 * 1024
"""How many bytes wait for a disk that takes none; then the journal is given up."""


class JournalFile:
    """Takes lines, and writes them together when it is asked to.

    It is open only while it writes: a folder that is taken away is noticed, and what holds it can
    be copied. From the first line to `let_go` no other process writes it; the file of a run that
    goes on is left to that.

    Args:
        path: where it is; a folder that is not there is made with the first line.

    Attributes:
        is_anothers: whether another process writes it.
        is_lost: whether so much could not be written that lines are missing from here on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_anothers = self.is_lost = False
        self._waiting: list[bytes] = []
        self._is_new = False

    def begin(self) -> None:
        """Have the first line replace whatever is there."""
        # A script may change the working directory while it trains.
        self.path = self.path.absolute()
        self._waiting, self._is_new = [], True
        self.is_anothers = self.is_lost = False

    def add(self, line: bytes) -> None:
        """Keep a line until it is written."""
        if not self.is_lost:
            self._waiting.append(line)

    def write(self, *, safely: bool = False) -> int:
        """Write what waits: all of it, or, with an `OSError`, nothing.

        Args:
            safely: return only when the disk has it.

        Returns:
            How long the file is, in bytes.
        """
        data = b"".join(self._waiting)
        try:
            size = self._append(data, safely)
        except InUse:
            self._waiting, self.is_anothers, self.is_lost = [], True, True
            raise
        except OSError:
            self._drop(len(data))
            raise
        self._waiting, self._is_new = [], False
        return size

    def cut_back(self, position: int) -> int:
        """Keep the lines before a position that `write` gave, and go on behind them.

        Where the file is shorter, it keeps what it has, but for half a line. Raises `OSError`.

        Returns:
            How many bytes it keeps.
        """
        self.begin()
        self._is_new = False
        must_be_own(self.path)
        if self.path.exists():
            hold_to_write(self.path)
        with self.path.open("r+b") as file:
            file.seek(max(position - 1, 0))
            is_whole = position > 0 and file.read(1) == b"\n"
            end = position if is_whole else self._last_line_end(file, position)
            file.truncate(end)
        return end

    def let_go(self) -> None:
        """Leave the file to others: all is written."""
        let_go(self.path)

    def _last_line_end(self, file: BinaryIO, position: int) -> int:
        file.seek(0)
        return file.read(position).rfind(b"\n") + 1

    def _append(self, data: bytes, safely: bool) -> int:
        if self._is_new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            must_be_own(self.path)
            hold_to_write(self.path)
        # Later on a file that is not there any more is not made again: its beginning is lost.
        with self.path.open("wb" if self._is_new else "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                if data and file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if safely:
                    os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise
            return end + len(data)

    def _drop(self, size: int) -> None:
        if size > MAX_WAITING:
            self._waiting, self.is_lost = [], True
