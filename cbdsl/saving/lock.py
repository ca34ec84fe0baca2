"""One run at a time holds a directory; a process that is killed lets go of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

_held: dict[Path, IO[str]] = {}
"""What this process holds. A second training of it may take a directory over from the first."""


class InUse(OSError):
    """Another process holds the directory."""


def hold(path: Path) -> None:
    """Holds a file that stands for its directory; raises `InUse`, and `OSError`.

    The system lets go of it when the process ends, however it does.
    """
    path = path.resolve()
    if path in _held:
        return
    file = path.open("a+")
    try:
        _lock(file)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        who = f"the process {holder}" if holder.isdigit() else "another process"
        raise InUse(f"{who} trains in {path.parent}") from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    _held[path] = file


def let_go(path: Path) -> None:
    """Lets go of the file, if this process holds it."""
    file = _held.pop(path.resolve(), None)
    if file is not None:
        file.close()


def _lock(file: IO[str]) -> None:
    if os.name == "nt":
        import msvcrt

        # A byte behind the number that stands in it, which must stay readable.
        file.seek(100)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
