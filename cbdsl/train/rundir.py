"""The folder of a run, by default `runs/NAME-N`: what ran, and what came of it.

    rules.cbr      the rules as they were read
    callbacks.py   the Python that they were compiled to
    history.csv    the logs of each epoch, a row an epoch, written as it ends
    fired.csv      each firing of a rule, written at the end

and what rules save.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cbdsl.files import write_whole
from cbdsl.formatter.flat import flattened
from cbdsl.program import Program
from cbdsl.runtime.record import Firing
from cbdsl.train.errors import TrainError

__all__ = [
    "HISTORY",
    "begin",
    "check_free",
    "discard",
    "new_run_dir",
    "said",
    "table",
    "write_fired",
]

HISTORY = "history.csv"
_FIRED = "fired.csv"
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
    for name, text in {**_texts(program), HISTORY: "", _FIRED: ""}.items():
        path = folder / name
        try:
            if path.exists() and path.read_bytes() not in (b"", text.encode()):
                raise TrainError(
                    f"{folder} holds {name} already, maybe of another run: choose another --run-dir"
                )
        except OSError as error:
            reason = error.strerror or error
            raise TrainError(f"cannot use {folder} ({reason}): choose another --run-dir") from error


def begin(folder: Path, program: Program) -> None:
    """Makes the folder and writes the rules and their Python; says so if they cannot be written.

    Raises:
        TrainError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise TrainError(f"cannot make {folder} ({reason}): choose another --run-dir") from error
    for name, text in _texts(program).items():
        _write(folder / name, text)


def discard(folder: Path, program: Program) -> None:
    """Takes away what `begin` wrote, and the folder if nothing else is in it."""
    with contextlib.suppress(OSError):
        for name in _texts(program):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _texts(program: Program) -> dict[str, str]:
    return {_RULES: flattened(program.source), _PYTHON: program.python}


def said(path: Path, error: OSError) -> None:
    """Says on standard error that a file cannot be written; training does not end because of it."""
    sys.stderr.write(f"\n{path}: cannot be written: {error.strerror or error}\n")


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        said(path, error)


def write_fired(folder: Path, firings: Iterable[Firing]) -> None:
    """Writes `fired.csv`: a row a firing, with values and actions as JSON."""
    rows: list[list[Any]] = [["rule", "place", "epoch", "values", "actions"]]
    for firing in firings:
        actions = [
            {key: value for key, value in vars(action).items() if value is not None}
            for action in firing.actions
        ]
        texts = [_json(firing.values), _json(actions)]
        rows.append([firing.rule, firing.place, firing.epoch, *texts])
    _write(folder / _FIRED, table(rows))


def table(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A value as JSON has it, which knows neither nan nor infinity: those become text."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(number)
