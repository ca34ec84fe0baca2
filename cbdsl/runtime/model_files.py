"""Files of models: written whole or not at all, and over files of their own kind only."""

from __future__ import annotations

import contextlib
import errno
import glob
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any

BEGINS = {".keras": b"PK", ".weights.h5": b"\x89HDF"}
"""What files of a kind begin with."""


def write_whole(model: Any, target: Path) -> None:
    """Save a model (`.keras`) or its weights (`.weights.h5`): whole, or not there at all.

    What is there already is replaced if it is of that kind; else a ValueError is raised.
    """
    must_be_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    weights = target.name.endswith(".weights.h5")
    ending = ".weights.h5" if weights else ".keras"
    # Keras looks at the ending, so the unfinished file needs it too.
    name = f".{target.name.removesuffix(ending)}"
    # One that nobody could have put there, with the process that it is of.
    unfinished = target.with_name(f"{name}.{os.getpid()}-{os.urandom(8).hex()}{ending}")
    try:
        if weights:
            must_have_room(unfinished, size_of_weights(model))
            model.save_weights(unfinished)
        else:
            model.save(unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    remove_unfinished(target.parent, name, ending)


def must_be_replaceable(target: Path) -> None:
    """Raise ValueError if what is at a place is no file of the kind that its ending says."""
    ending = next(ending for ending in BEGINS if target.name.endswith(ending))
    begin = beginning(target)
    if begin and not begin.startswith(BEGINS[ending]):
        raise ValueError(f"{target.name} is there, and is no {ending} file: it is left as it is")


def beginning(target: Path) -> bytes:
    """What a file begins with; nothing where there is none, and `?` where that is no file."""
    if not target.exists():
        return b""
    if not target.is_file():
        # A pipe would be waited for without end.
        return b"?"
    with target.open("rb") as file:
        return file.read(8)


def must_have_room(unfinished: Path, size: int) -> None:
    """Raise OSError where a file of so many bytes finds no room; the file is not there then.

    For what a library writes that ends the process where the disk is full, as HDF5 does
    (https://github.com/h5py/h5py/issues/914).
    """
    if hasattr(os, "posix_fallocate"):
        try:
            with open(unfinished, "xb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
        finally:
            unfinished.unlink(missing_ok=True)
    # Not every system can keep room for a file.
    if shutil.disk_usage(unfinished.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def size_of_weights(model: Any) -> int:
    """How large a file of the model's weights is at most, in bytes.

    What HDF5 adds for a layer and a variable is less than 16 KiB.
    """
    optimizer = getattr(getattr(model, "optimizer", None), "variables", ())
    variables = [*getattr(model, "variables", ()), *optimizer]
    sizes = [16 * 1024 + math.prod(v.shape) * _width(v) for v in variables]
    return 64 * 1024 + int(sum(sizes))


def _width(variable: Any) -> int:
    """How many bytes a number of it takes: `float32` and `bfloat16` have it in their names."""
    bits = re.search(r"\d+", str(variable.dtype))
    return max(int(bits[0]) // 8, 1) if bits else 1


def remove_unfinished(folder: Path, name: str, ending: str) -> None:
    """Take away what processes left that were killed as they saved a file of this name."""
    for left in folder.glob(f"{glob.escape(name)}.*-*{ending}"):
        process, _, rest = left.name[len(name) + 1 : -len(ending)].partition("-")
        if process.isdecimal() and len(rest) == 16 and not _lives(int(process)):
            # The new file is there: that this one stays is no reason to call it failed.
            with contextlib.suppress(OSError):
                left.unlink()


def _lives(process: int) -> bool:
    """Whether there is a process of this number, as far as the system tells without harm."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
