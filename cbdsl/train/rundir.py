"""The folder of a run: `runs/NAME-N`, a new one each time."""

from __future__ import annotations

from pathlib import Path

from cbdsl.train.errors import TrainError

__all__ = ["new_run_dir"]


def new_run_dir(name: str, parent: Path = Path("runs")) -> Path:
    """Makes the first `runs/NAME-N` that does not exist yet, counted from 1.

    Raises:
        TrainError: it cannot be made.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = parent / f"{name}-{number}"
            try:
                # Whoever makes it owns it, also when two runs begin at once.
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder
    except OSError as error:
        reason = error.strerror or error
        raise TrainError(f"cannot make {parent} ({reason}): choose another --run-dir") from error
