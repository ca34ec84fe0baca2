"""The folder of a run, by default `runs/NAME-N`: what ran, and what came of it.

    rules.cbr      the rules as they were read
    callbacks.py   the Python that they were compiled to
    history.csv    the logs of each epoch, a row an epoch, written as it ends
    journal.jsonl  each firing of a rule, with what it saw and did
    run.json       what the run was begun with, where the rules resume

and what rules save.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cbdsl.files import must_be_own, write_whole
from cbdsl.formatter.flat import flattened
from cbdsl.journal import NAME as JOURNAL
from cbdsl.program import Program
from cbdsl.runtime.saying import tell
from cbdsl.train.errors import TrainError

__all__ = [
    "BEGUN",
    "HISTORY",
    "begin",
    "check_free",
    "clear",
    "discard",
    "make",
    "new_run_dir",
    "said",
    "shown",
    "table",
]

HISTORY = "history.csv"
BEGUN = "run.json"
_RULES = "rules.cbr"
_PYTHON = "callbacks.py"


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


def check_free(folder: Path, program: Program) -> None:
    """Looks whether a run may write to a folder that the user names.

    Raises:
        TrainError: it holds another run, or other files of the names that a run writes.
    """
    grown = dict.fromkeys((HISTORY, JOURNAL, *([BEGUN] if program.plan.resume else [])), "")
    for name, text in {**_texts(program), **grown}.items():
        path = folder / name
        try:
            must_be_own(path)
            if path.exists() and path.read_bytes() not in (b"", text.encode()):
                raise TrainError(
                    f"{folder} holds {name} already, maybe of another run: choose another --run-dir"
                )
        except OSError as error:
            reason = error.strerror or error
            raise TrainError(f"cannot use {folder} ({reason}): choose another --run-dir") from error


def make(folder: Path) -> None:
    """Makes the folder, if it is not there; raises a TrainError if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise TrainError(f"cannot make {folder} ({reason}): choose another --run-dir") from error


def begin(folder: Path, program: Program) -> None:
    """Makes the folder and writes the rules and their Python; says so if they cannot be written.

    Raises:
        TrainError: the folder cannot be made.
    """
    make(folder)
    for name, text in _texts(program).items():
        _write(folder / name, text)


def discard(folder: Path) -> None:
    """Takes away the folder of a run that did not begin, if it is empty, and an empty `runs`."""
    with contextlib.suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def clear(folder: Path) -> None:
    """Takes away what an earlier run wrote of itself; what its rules saved stays.

    Raises:
        TrainError: it cannot be deleted.
    """
    try:
        for name in (HISTORY, JOURNAL, BEGUN):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise TrainError(f"cannot use {folder} ({reason}): choose another --run-dir") from error


def _texts(program: Program) -> dict[str, str]:
    return {_RULES: flattened(program.source), _PYTHON: program.python}


def said(path: Path, error: OSError) -> None:
    """Says on standard error that a file cannot be written; training does not end because of it."""
    tell(f"\n{path}: cannot be written: {error.strerror or error}")


def shown(path: Path) -> Path:
    """A path as seen from the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode(), follow=False)
    except OSError as error:
        said(path, error)


def table(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
