"""The state of a run in one file: plain data and arrays, replaced whole or not at all.

It is a zip of `facts.json` and one `.npy` for each array. No pickle is written, and none is read.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

FORMAT = 1
"""The number of this format; another one is not read."""

_FACTS = "facts.json"


# What `zipfile`, `json` and NumPy raise for bytes that are not those that were written. The last
# three: a method of packing that is not known, one that asks for a password, and a shape without
# end.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    RecursionError,
    MemoryError,
)


class Unusable(ValueError):
    """A file that holds no state, or one that this version cannot read; says why."""


@dataclass(frozen=True)
class Saved:
    """What is kept of a run.

    Attributes:
        facts: numbers, texts, lists and dicts, as JSON has them; nan and infinities too.
        arrays: by name; of any shape, and any type that NumPy or ml_dtypes has.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


def write(path: Path, saved: Saved) -> None:
    """Replaces the file; whoever reads it finds the old state or the new one. Raises `OSError`."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(unfinished, "wb") as file:
            with zipfile.ZipFile(file, "w") as box:
                types = {name: array.dtype.name for name, array in saved.arrays.items()}
                facts = {"format": FORMAT, "types": types, "facts": saved.facts}
                box.writestr(_FACTS, json.dumps(facts, default=_plain))
                for number, array in enumerate(saved.arrays.values()):
                    with box.open(f"{number}.npy", "w", force_zip64=True) as entry:
                        _write_array(entry, array)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read(path: Path) -> Saved:
    """The state in a file.

    Raises:
        FileNotFoundError: there is none.
        Unusable: it holds none, or not a whole one.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as box:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in box.infolist()):
                # None is written so, and a small file could unpack to one of any size.
                raise zipfile.BadZipFile
            held = json.loads(box.read(_FACTS))
            if held["format"] != FORMAT:
                raise Unusable(f"it has format {held['format']}, and this version reads {FORMAT}")
            arrays = {
                name: _read_array(box.read(f"{number}.npy"), kind)
                for number, (name, kind) in enumerate(held["types"].items())
            }
            if not isinstance(held["facts"], dict):
                raise Unusable("it is no state of a run")
            return Saved(held["facts"], arrays)
    except _DAMAGED as error:
        if isinstance(error, Unusable):
            raise
        raise Unusable("it is damaged, or no state of a run") from error


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's; raises `TypeError` for anything else."""
    if getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"no plain data: {type(value).__name__}")


def _write_array(entry: Any, array: np.ndarray) -> None:
    import numpy as np

    # NumPy's format knows the types of ml_dtypes, such as bfloat16, only as raw bytes.
    known = array.dtype.kind in "biufc"
    plain = array if known else array.view(f"u{array.dtype.itemsize}")
    np.lib.format.write_array(entry, np.asarray(plain, order="C"), allow_pickle=False)


def _read_array(data: bytes, kind: str) -> np.ndarray:
    import numpy as np

    array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    wanted = np.dtype(kind)
    return array if array.dtype == wanted else array.view(wanted)


def _sync_folder(folder: Path) -> None:
    """Lets the new name last through a loss of power, where the system can."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
