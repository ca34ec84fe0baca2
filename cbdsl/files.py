"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def write_whole(path: str | os.PathLike[str], data: bytes, *, follow: bool = True) -> None:
    """Writes the new file or leaves the old one, never half of one; raises `OSError`.

    A file that is there keeps its permissions, and its owner as far as the system lets it. What is
    read-only or no regular file is refused.

    Args:
        path: where it is.
        data: all of it.
        follow: whether to write what a link points to, the link staying; else it is refused.
    """
    if not follow:
        must_be_own(path)
    old = _old(path)
    target = os.path.realpath(path)
    # A short name: the target's own may be as long as names can be.
    unfinished = Path(target).with_name(f".cbdsl-{os.urandom(8).hex()}")
    # Nobody may read in between what the old file did not let them read.
    mode = 0o666 if old is None else 0o600
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        if old is not None:
            if hasattr(os, "chown"):
                # Who may not give a file away keeps it.
                with contextlib.suppress(OSError):
                    os.chown(unfinished, old.st_uid, old.st_gid)
            os.chmod(unfinished, stat.S_IMODE(old.st_mode))
        os.replace(unfinished, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def must_be_own(path: str | os.PathLike[str]) -> None:
    """Raise OSError if a link, a pipe or the like is there: files of a run lie in its folder.

    That a folder is no file is left for the system to say.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        mode = os.lstat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise OSError("it is a link or no file, and files of a run lie in its folder")


def _old(path: str | os.PathLike[str]) -> os.stat_result | None:
    """What is there already; raises `OSError` if it is not to be replaced."""
    try:
        old = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(old.st_mode):
        raise OSError("it is no regular file")
    if not os.access(path, os.W_OK):
        # Its folder would let us replace it all the same.
        raise OSError("it is read-only")
    return old
