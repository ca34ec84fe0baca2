"""One run at a time holds a directory, and one writes a file; a process that is killed lets go."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Any

_held: dict[Path, IO[Any]] = {}
"""What this process holds. A second training of it may take a directory over from the first."""

_FAR = 1 << 40
"""Where Windows locks a byte, which nobody can read then: behind all that a file holds."""

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What a file system says that knows none, such as one on a network: nobody is kept out then."""


class InUse(OSError):
    """Another process holds it."""


def hold(path: Path) -> None:
    """Holds a file that stands for its directory; raises `InUse`, and `OSError`.

    The system lets go of it when the process ends, however it does. A file that holds anything but
    the number of a process is somebody else's, and left alone.
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
    file.seek(0)
    if (held := file.read(100).strip()) and not held.isdigit():
        file.close()
        raise OSError(f"{path.name} is there, and is no lock")
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    _held[path] = file


def hold_to_write(path: Path) -> None:
    """Keeps other processes from holding a file that this one writes; raises `InUse`, `OSError`.

    It is made if it is not there. Whoever opens it anew to write still writes the file that is
    held: where another has taken its place, that is held from then on.
    """
    path = path.resolve()
    if path in _held:
        if _is_at(_held[path], path):
            return
        let_go(path)
    file = path.open("ab")
    try:
        _lock(file)
    except OSError as error:
        file.close()
        raise InUse("another process writes it") from error
    _held[path] = file


def let_go(path: Path) -> None:
    """Lets go of the file, if this process holds it."""
    file = _held.pop(path.resolve(), None)
    if file is not None:
        file.close()


def _is_at(file: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _lock(file: IO[Any]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
