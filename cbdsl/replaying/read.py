"""Reads a history of any kind: a file, the folder of a run, or a folder of TensorBoard's logs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from cbdsl.replaying.csv_files import read_csv
from cbdsl.replaying.event_files import LOG_FOLDERS, logs_of, read_logs
from cbdsl.replaying.event_records import is_event_file
from cbdsl.replaying.history import Run, Unreadable
from cbdsl.replaying.json_files import is_json, read_json
from cbdsl.replaying.runs import runs
from cbdsl.replaying.tables import Table
from cbdsl.replaying.texts import text_of

__all__ = ["read", "read_each"]

_HISTORY = "history.csv"  # what a run of cbdsl leaves in its folder, and
_RULES = "rules.cbr"  # beside it
_START = 12  # bytes by which an event file is told


def read(path: str | os.PathLike[str]) -> list[Run]:
    """All runs of a file or folder, in its order.

    Args:
        path: a file of CSVLogger or the like, `History.history` as JSON, an event file of
            TensorBoard; or a folder that holds `history.csv` of runs or logs of TensorBoard.

    Raises:
        Unreadable: there is no history, or one that gives no run.
    """
    found: list[Run] = []
    for runs_or_reason in read_each(path):
        if isinstance(runs_or_reason, Unreadable):
            raise runs_or_reason
        found += runs_or_reason
    return found


def read_each(path: str | os.PathLike[str]) -> Iterator[list[Run] | Unreadable]:
    """What `read` gives, history by history: the runs of each, or the reason why there are none."""
    given = Path(path)
    found = False
    for history in _under(given) if os.path.isdir(given) else [given]:
        found = True
        try:
            yield runs(_tables(history), history, str(history))
        except Unreadable as error:
            yield Unreadable(error.reason, history)
        except RecursionError:
            yield Unreadable("it is nested deeper than any history: it is none", history)
        except OSError as error:
            yield Unreadable(f"it cannot be read: {error.strerror or error}", history)
    if not found:
        yield Unreadable(
            f"the folder holds neither {_HISTORY} of a run nor logs of TensorBoard: name a file",
            given,
        )


def _under(folder: Path) -> Iterator[Path]:
    """The histories in a folder and below: files `history.csv`, and folders of logs.

    Logs below the folder of a run are of that run, whose history says the same.
    """
    run_folders: set[Path] = set()
    for name, below, files in os.walk(folder):
        here = Path(name)
        below[:] = sorted((sub for sub in below if not sub.startswith(".")), key=_natural)
        if _HISTORY in files:
            run_folders.add(here)
            yield here / _HISTORY
        elif run_folders.isdisjoint(here.parents) and logs_of(here):
            below[:] = [sub for sub in below if sub not in LOG_FOLDERS]
            yield here


def _natural(name: str) -> str:
    """For an order in which run-2 stands before run-10."""
    return re.sub(r"\d+", lambda number: number[0].zfill(20), name)


def _tables(history: Path) -> list[Table]:
    if history.is_dir():
        return read_logs(logs_of(history))
    with history.open("rb") as file:
        if is_event_file(file.peek(_START)):
            return read_logs([history])
        text = text_of(file)
    tables = read_json(text) if is_json(text) else read_csv(text)
    if history.name == _HISTORY and (history.parent / _RULES).exists():
        tables[0].base = 1
    return tables
