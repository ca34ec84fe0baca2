"""`run.json`: what a run that can be resumed was begun with, to be compared as it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cbdsl.files import must_be_own, write_whole
from cbdsl.train.errors import TrainError
from cbdsl.train.rundir import BEGUN, said

__all__ = ["Begun", "differences", "read", "write"]

FORMAT = 1
"""The number of this format; another one is not read."""


@dataclass(frozen=True)
class Begun:
    """What a run was begun with, beside its rules.

    Attributes:
        options: numbers and texts, by what to call them.
        script: the script of `cbdsl run`; None under `cbdsl train`.
        ended: whether that script has.
    """

    options: Mapping[str, int | str]
    script: str | None = None
    ended: bool = False


def read(folder: Path) -> Begun | None:
    """What the run in a folder was begun with; None where nothing says so.

    Raises:
        TrainError: it cannot be read.
    """
    path = folder / BEGUN
    try:
        must_be_own(path)
        held = json.loads(path.read_bytes())
        if held["format"] != FORMAT:
            raise ValueError
        return Begun(held["options"], held["script"], held["ended"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise TrainError(
            f"{path} cannot be read: {reason or 'it does not say what the run was begun with'}; "
            "delete it or choose another --run-dir"
        ) from error


def write(folder: Path, begun: Begun) -> None:
    """Writes it into the folder of a run; says so if it cannot be written."""
    text = json.dumps({"format": FORMAT, **asdict(begun)}, indent=2) + "\n"
    try:
        write_whole(folder / BEGUN, text.encode(), follow=False)
    except OSError as error:
        said(folder / BEGUN, error)


def differences(before: Begun, now: Begun) -> str:
    """What a run was begun with and is not gone on with; empty if all is the same."""
    return ", ".join(
        f"{name} {before.options.get(name)} (now {value})"
        for name, value in now.options.items()
        if before.options.get(name) != value
    )
